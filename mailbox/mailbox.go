package mailbox

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	clock "github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// DefaultFrom is the sender of Okta's mails, unless an organisation has set its own.
const DefaultFrom = "noreply@okta.com"

// Config says where mailed codes arrive. Exactly one of Password and Token is given.
type Config struct {
	// URL is imaps://user@host[:port]/FOLDER: port 993 and INBOX unless given, an @ in
	// the user's name as it is or as %40. imap:// is accepted for this machine only.
	URL *url.URL

	// Password returns the password; Token an OAuth access token. They are called
	// whenever a connection is made, at the moment of use.
	Password func(ctx context.Context) (string, error)
	Token    func(ctx context.Context) (string, error)

	From   string      // address of the sender; "": DefaultFrom
	TLS    *tls.Config // nil: the system's authorities. Names and protocols are set here
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Logger *slog.Logger // nil: silence
}

// Mailbox answers [mfa.Email] challenges with the code of the mail that they sent. It is
// safe for concurrent use.
type Mailbox struct {
	c                  Config
	addr, host, folder string
	user, from         string

	mu   sync.Mutex
	kept *session // the connection of the last Prepare, for the Answer that follows
	used place    // the last mail whose code was given
}

// place is a mail in the folder, by what stays the same between two connections (RFC
// 9051 section 2.3.1.1).
type place struct{ validity, uid uint32 }

var (
	_ mfa.Answerer = (*Mailbox)(nil)
	_ mfa.Preparer = (*Mailbox)(nil)
)

// New returns the Mailbox of c. Nothing is dialled. What is wrong with c is an error
// that matches sso.ErrConfig.
func New(c Config) (*Mailbox, error) {
	m := &Mailbox{c: c}
	if err := m.locate(); err != nil {
		return nil, err
	}
	if (c.Password == nil) == (c.Token == nil) {
		return nil, autherr.New(autherr.ErrConfig, "mailbox: exactly one of a password and a token is needed", "set MFAMailboxPassword or MFAMailboxToken")
	}
	m.from = c.From
	if m.from == "" {
		m.from = DefaultFrom
	}
	if a, err := mail.ParseAddress(m.from); err != nil || a.Address != m.from {
		return nil, autherr.New(autherr.ErrConfig, "mailbox: the sender is not a mail address", "MFAMailboxFrom is the bare address, such as "+DefaultFrom)
	}
	if m.c.Dial == nil {
		m.c.Dial = new(net.Dialer).DialContext
	}
	if m.c.Logger == nil {
		m.c.Logger = slog.New(slog.DiscardHandler)
	}
	return m, nil
}

// locate takes the URL apart.
func (m *Mailbox) locate() error {
	u := m.c.URL
	if u == nil || u.Hostname() == "" || u.User == nil || u.User.Username() == "" {
		return badURL("is not imaps://user@host/INBOX", "")
	}
	port := map[string]string{"imaps": "993", "imap": "143"}[u.Scheme]
	_, withPassword := u.User.Password()
	switch {
	case port == "":
		return badURL("is not an imaps address", "")
	case u.Scheme == "imap" && !httpclient.IsLoopback(u.Hostname()):
		return badURL("must be imaps", "imap without TLS is accepted for this machine only, and STARTTLS is not used: nearly every server has TLS at port 993")
	case withPassword:
		return badURL("must not carry a password", "use MFAMailboxPassword")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	m.host, m.user = u.Hostname(), u.User.Username()
	m.addr = net.JoinHostPort(m.host, port)
	if m.folder = strings.Trim(u.Path, "/"); m.folder == "" {
		m.folder = "INBOX"
	}
	return nil
}

func badURL(problem, hint string) error {
	return autherr.New(autherr.ErrConfig, "mailbox: the address "+problem, hint)
}

// Awaits implements [mfa.Preparer].
func (m *Mailbox) Awaits(c mfa.Challenge) bool { return c.Kind == mfa.Email }

// Prepare implements [mfa.Preparer]: it signs in, opens the folder and notes which mail
// would be the next one. The connection is kept for the [Mailbox.Answer] that follows,
// until ctx ends. A refused password or token matches sso.ErrCredentials, a folder that
// is not there sso.ErrConfig, a server that cannot be reached sso.ErrUnreachable.
func (m *Mailbox) Prepare(ctx context.Context, c mfa.Challenge) (string, error) {
	if !m.Awaits(c) {
		return "", mfa.ErrNotMine
	}
	defer clock.Waiting(ctx, m.host+" to show the mailbox")()
	s := m.take()
	if s != nil && s.examine(ctx, m.folder) != nil {
		s.close() // it was closed meanwhile
		s = nil
	}
	if s == nil {
		var err error
		if s, err = m.open(ctx); err != nil {
			return "", err
		}
	}
	m.keep(ctx, s)
	return m.markOf(s), nil
}

// Check signs in, opens the folder and describes in one line what is there, for people
// who set it up.
func (m *Mailbox) Check(ctx context.Context) (string, error) {
	defer clock.Waiting(ctx, m.host+" to show the mailbox")()
	s, err := m.open(ctx)
	if err != nil {
		return "", err
	}
	defer s.leave()
	heads, err := s.heads(ctx, s.newest(maxHeads))
	if err != nil {
		return "", err
	}
	for _, h := range heads {
		if sender(h.from) == strings.ToLower(m.from) {
			return fmt.Sprintf("%s can be read; the newest mail from %s is of %s", m, m.from, h.at.UTC().Format("2006-01-02 15:04:05Z")), nil
		}
	}
	return fmt.Sprintf("%s can be read; among the newest mails there is none from %s", m, m.from), nil
}

// Close closes a connection that is kept.
func (m *Mailbox) Close() error {
	if s := m.take(); s != nil {
		s.leave()
	}
	return nil
}

// keep holds s until it is taken or ctx ends.
func (m *Mailbox) keep(ctx context.Context, s *session) {
	m.mu.Lock()
	before := m.kept
	m.kept = s
	m.mu.Unlock()
	if before != nil {
		before.close()
	}
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		mine := m.kept == s
		if mine {
			m.kept = nil
		}
		m.mu.Unlock()
		if mine {
			s.leave()
		}
	})
}

func (m *Mailbox) take() *session {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.kept
	m.kept = nil
	return s
}

// The mark is "imap1:" and, separated by colons, a hash of whose folder it is, the
// folder's UIDVALIDITY, and the lowest UID that the next mail can have.

func (m *Mailbox) markOf(s *session) string {
	return fmt.Sprintf("imap1:%s:%d:%d", m.tag(), s.validity, s.next)
}

// since reads a mark. It reports false for one of another folder, or of nobody here.
func (m *Mailbox) since(mark string) (place, bool) {
	p := strings.Split(mark, ":")
	if len(p) != 4 || p[0] != "imap1" || p[1] != m.tag() {
		return place{}, false
	}
	validity, err1 := strconv.ParseUint(p[2], 10, 32)
	next, err2 := strconv.ParseUint(p[3], 10, 32)
	return place{uint32(validity), uint32(next)}, err1 == nil && err2 == nil && next > 0
}

func (m *Mailbox) tag() string {
	h := sha256.Sum256([]byte(m.user + "\x00" + m.addr + "\x00" + m.folder))
	return hex.EncodeToString(h[:6])
}

// String names folder, user and host.
func (m *Mailbox) String() string { return fmt.Sprintf("%s of %s at %s", m.folder, m.user, m.host) }

// Format prints String, whatever the verb.
func (m *Mailbox) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue returns String.
func (m *Mailbox) LogValue() slog.Value { return slog.StringValue(m.String()) }
