package mailbox

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

const xoauth2 = "XOAUTH2"

// bearer presents a token. A server that refuses it explains why in a challenge, which
// the client has to answer before the refusal itself comes (RFC 7628 section 3.2.3).
type bearer struct {
	mech, first string
	refused     bool
}

func (b *bearer) Start() (string, []byte, error) { return b.mech, []byte(b.first), nil }

// Next answers the explanation. An empty answer is what XOAUTH2 wants, but the library
// writes that in a form that Dovecot does not read; one byte is taken by everybody.
func (b *bearer) Next([]byte) ([]byte, error) {
	if b.refused {
		return nil, errors.New("a second challenge")
	}
	b.refused = true
	return []byte{1}, nil
}

// newBearer picks OAUTHBEARER, or else XOAUTH2, which is not standardised but all that
// some large providers have.
func newBearer(mechs []string, user, token, host, port string) *bearer {
	offers := func(name string) bool {
		return slices.ContainsFunc(mechs, func(m string) bool { return strings.EqualFold(m, name) })
	}
	switch {
	case offers(sasl.OAuthBearer):
		n, _ := strconv.Atoi(port)
		_, first, _ := sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: saslName.Replace(user), Token: token, Host: host, Port: n}).Start()
		return &bearer{mech: sasl.OAuthBearer, first: string(first)}
	case offers(xoauth2):
		return &bearer{mech: xoauth2, first: "user=" + user + "\x01auth=Bearer " + token + "\x01\x01"}
	}
	return nil
}

// saslName writes a name as GS2 headers have it (RFC 5801 section 4).
var saslName = strings.NewReplacer("=", "=3D", ",", "=2C")

var errNoCapabilities = errors.New("no capabilities")

// login signs in. The secret is read when the server has said that it takes it.
func (m *Mailbox) login(ctx context.Context, s *session) error {
	if s.client.State() != imap.ConnStateNotAuthenticated {
		return nil // it knows who we are by the connection
	}
	var caps imap.CapSet
	if err := s.do(ctx, lineBytes, func() error {
		if caps = s.client.Caps(); caps == nil {
			return errNoCapabilities
		}
		return nil
	}); err != nil {
		return err
	}
	if m.c.Token != nil {
		return m.loginToken(ctx, s, caps)
	}
	plain := caps.Has(imap.AuthCap(sasl.Plain))
	if !plain && caps.Has(imap.CapLoginDisabled) {
		return autherr.New(autherr.ErrConfig, "mailbox: "+m.host+" takes no password", "use an OAuth access token: MFAMailboxTokenCommand")
	}
	password, err := m.c.Password(ctx)
	if err != nil {
		return err
	}
	if password == "" {
		return autherr.New(autherr.ErrConfig, "mailbox: the password is empty", "check MFAMailboxPassword")
	}
	if problem, hint := wiretext.Problem(password); problem != "" {
		return autherr.New(autherr.ErrConfig, "mailbox: the password "+problem, "check MFAMailboxPassword: "+hint)
	}
	return m.verdict(passwordProperty, false, s.do(ctx, lineBytes, func() error {
		if plain {
			return s.client.Authenticate(sasl.NewPlainClient("", m.user, password))
		}
		return s.client.Login(m.user, password).Wait()
	}))
}

func (m *Mailbox) loginToken(ctx context.Context, s *session, caps imap.CapSet) error {
	_, port, _ := net.SplitHostPort(m.addr)
	if newBearer(caps.AuthMechanisms(), "", "", "", "") == nil {
		return autherr.New(autherr.ErrConfig, "mailbox: "+m.host+" takes no access token: it offers neither OAUTHBEARER nor XOAUTH2", "use MFAMailboxPassword")
	}
	token, err := m.c.Token(ctx)
	if err != nil {
		return err
	}
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return autherr.New(autherr.ErrConfig, "mailbox: the access token is empty or contains what no token does", "check MFAMailboxToken, or what its command prints")
	}
	b := newBearer(caps.AuthMechanisms(), m.user, token, m.host, port)
	err = s.do(ctx, lineBytes, func() error { return s.client.Authenticate(b) })
	return m.verdict(tokenProperty, b.refused, err)
}

// verdict says what the answer to a secret means. explained: the server has said in a
// challenge that it refuses; whatever it calls the error that follows.
func (m *Mailbox) verdict(property string, explained bool, err error) error {
	if err == nil {
		return nil
	}
	f := &failure{property: property}
	var said *imap.Error
	switch {
	case errors.As(err, &said) && passing(said):
		f.reason = reason{Kind: autherr.ErrUnreachable, Text: "mailbox: " + m.host + " cannot sign anybody in now: " + code(said), Hint: "try again later"}
	case said != nil && (explained || said.Type == imap.StatusResponseTypeNo):
		f.reason = reason{Kind: autherr.ErrCredentials, Text: "mailbox: " + m.host + " refuses the sign-in of " + m.user + ": " + code(said),
			Hint: "check the user in MFAMailbox and " + property + "; many providers want a password made for the program, or IMAP switched on"}
	case explained:
		f.reason = reason{Kind: autherr.ErrCredentials, Text: "mailbox: " + m.host + " refuses the access token of " + m.user,
			Hint: "the token may have expired or lack the right to read mail by IMAP; " + property + "Command can fetch a fresh one each time"}
	case said != nil:
		f.reason = reason{Kind: autherr.ErrBadAnswer, Text: "mailbox: " + m.host + " does not understand the sign-in: " + code(said)}
	default:
		kind := autherr.ErrUnreachable
		if errors.Is(err, autherr.ErrBadAnswer) {
			kind = autherr.ErrBadAnswer
		}
		f.reason = reason{Kind: kind, Text: "mailbox: no answer to the sign-in", Cause: err}
	}
	return f
}
