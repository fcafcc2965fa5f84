package mailbox_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"

	"github.com/ssoexchange/ssoexchange/mailbox"
	"github.com/ssoexchange/ssoexchange/mfa"
)

const (
	ana      = "ana@example.com"
	password = "s3cret ünd mehr"
	token    = "ya29.token"
	okta     = "noreply@okta.com"
)

// office is a mail server in memory, reached without a network.
type office struct {
	t      *testing.T
	user   *imapmemserver.User
	server *imapserver.Server
	edit   func(net.Conn) net.Conn // the server's side of a connection; nil: as it is
	mechs  []string                // nil: PLAIN and LOGIN
	tls    *tls.Config

	mu     sync.Mutex
	logins []string
	conns  []net.Conn
	log    bytes.Buffer
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, user: imapmemserver.NewUser(ana, password)}
	if err := o.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	o.server = imapserver.New(&imapserver.Options{InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			s := &desk{o: o}
			if o.mechs != nil {
				return bearerDesk{s}, nil, nil
			}
			return s, nil, nil
		}})
	t.Cleanup(func() { o.server.Close() })
	return o
}

// desk is the session of one caller.
type desk struct {
	*imapmemserver.UserSession
	o *office
}

func (d *desk) Close() error { return d.UserSession.Close() }

func (d *desk) Login(user, pass string) error {
	d.o.mu.Lock()
	d.o.logins = append(d.o.logins, "password")
	d.o.mu.Unlock()
	if err := d.o.user.Login(user, pass); err != nil {
		return err
	}
	d.UserSession = imapmemserver.NewUserSession(d.o.user)
	return nil
}

// bearerDesk takes tokens.
type bearerDesk struct{ *desk }

func (d bearerDesk) AuthenticateMechanisms() []string { return d.o.mechs }

func (d bearerDesk) Authenticate(mech string) (sasl.Server, error) {
	d.o.mu.Lock()
	defer d.o.mu.Unlock()
	d.o.logins = append(d.o.logins, mech)
	return &tokenServer{desk: d.desk, mech: mech}, nil
}

// tokenServer refuses as RFC 7628 has it: an explanation, an answer, and then NO.
type tokenServer struct {
	*desk
	mech    string
	refused bool
}

func (s *tokenServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if s.refused {
		if len(response) == 0 {
			return nil, false, &imap.Error{Type: imap.StatusResponseTypeBad, Text: "Invalid base64 data in continued response"}
		}
		return nil, false, imapserver.ErrAuthFailed
	}
	want := "user=" + ana + "\x01auth=Bearer " + token + "\x01\x01"
	if s.mech == "OAUTHBEARER" {
		want = "n,a=" + ana + ",\x01host=localhost\x01port=143\x01auth=Bearer " + token + "\x01\x01"
	}
	if string(response) != want {
		s.refused = true
		return []byte(`{"status":"401"}`), false, nil
	}
	s.UserSession = imapmemserver.NewUserSession(s.o.user)
	return nil, true, nil
}

// dial connects to the office.
func (o *office) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	var side net.Conn = theirs
	if o.tls != nil {
		side = tls.Server(side, o.tls)
	}
	if o.edit != nil {
		side = o.edit(side)
	}
	o.mu.Lock()
	o.conns = append(o.conns, theirs)
	o.mu.Unlock()
	go o.server.Serve(&once{conn: side})
	return ours, nil
}

func (o *office) signIns() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.logins
}

// cut ends all connections, as a network does.
func (o *office) cut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.conns {
		c.Close()
	}
	o.conns = nil
}

// once is a listener with one caller.
type once struct {
	conn net.Conn
}

func (l *once) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l *once) Close() error   { return nil }
func (l *once) Addr() net.Addr { return &net.TCPAddr{} }

// deliver puts a mail into the folder.
func (o *office) deliver(mail string, at ...time.Time) {
	o.t.Helper()
	options := &imap.AppendOptions{}
	if len(at) > 0 {
		options.Time = at[0]
	}
	mail = strings.ReplaceAll(mail, "\n", "\r\n")
	if _, err := o.user.Append("INBOX", bytes.NewReader([]byte(mail)), options); err != nil {
		o.t.Fatal(err)
	}
}

// letter is a mail as Okta writes it.
func letter(from, code string) string {
	return fmt.Sprintf("From: Okta <%s>\nTo: %s\nSubject: One-time verification code\n\nHi Ana,\n\nEnter this code to sign in: %s\n\nIt expires in 5 minutes.\n", from, ana, code)
}

// open returns the mailbox; change may change how it is configured.
func (o *office) open(change ...func(*mailbox.Config)) *mailbox.Mailbox {
	o.t.Helper()
	u, err := url.Parse("imap://ana%40example.com@localhost/INBOX")
	if err != nil {
		o.t.Fatal(err)
	}
	c := mailbox.Config{URL: u, Dial: o.dial, Password: func(context.Context) (string, error) { return password, nil },
		Logger: slog.New(slog.NewTextHandler(&o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range change {
		f(&c)
	}
	m, err := mailbox.New(c)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { m.Close() })
	return m
}

func byToken(value string) func(*mailbox.Config) {
	return func(c *mailbox.Config) {
		c.Password, c.Token = nil, func(context.Context) (string, error) { return value, nil }
	}
}

// challenge is what okta would ask, after it has let m prepare.
func challenge(t *testing.T, m *mailbox.Mailbox) mfa.Challenge {
	t.Helper()
	c := mfa.Challenge{Kind: mfa.Email, Factor: "mail", Attempt: 1}
	mark, err := m.Prepare(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	c.Mark, c.Sent = mark, time.Now()
	return c
}

// refusedSecret is what sso looks for in an error.
func refusedSecret(err error) string {
	var r interface{ RefusedSecret() string }
	if errors.As(err, &r) {
		return r.RefusedSecret()
	}
	return ""
}
