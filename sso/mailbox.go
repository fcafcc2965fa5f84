package sso

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// MailboxConfig is what MFAMailbox and its companions say, for [Options.Mailbox]. Its
// fields are those of package mailbox's Config, which it can be converted to.
type MailboxConfig struct {
	URL      *url.URL                                  // imaps://user@host[:port]/FOLDER
	Password func(ctx context.Context) (string, error) // nil: Token. Does not let a refused one pass again
	Token    func(ctx context.Context) (string, error) // nil: Password
	From     string                                    // address of the sender

	// TLS says whom to trust: the system's authorities and SSLServerCert. Its roots are
	// shared, and complete once Dial has returned: clone it, and change only the clone.
	TLS    *tls.Config
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Logger *slog.Logger
}

// openMailbox returns what fetches mailed codes, nil if the connection names no mailbox.
func (c *Client) openMailbox() (mfa.Answerer, error) {
	u := c.cfg.MFAMailbox
	if u == nil || !c.scheme.UsesProperty("MFAMailbox") {
		return nil, nil
	}
	if c.cfg.MFAMailboxPassword.IsZero() && c.cfg.MFAMailboxToken.IsZero() {
		return lockedMailbox{autherr.AtStep(autherr.StepConfig,
			config.BadValue("required with MFAMailbox, or else MFAMailboxToken", "give MFAMailboxPasswordFile, say").WithProperty("MFAMailboxPassword", ""))}, nil
	}
	if c.opts.Mailbox == nil {
		return nil, autherr.New(ErrConfig, "sso: MFAMailbox is given, and this program cannot read a mailbox",
			"set Options.Mailbox by package github.com/ssoexchange/ssoexchange/mailbox; the command line does")
	}
	// The certificate of the client, its protocols and its sessions are not the mail
	// server's business.
	ours := c.net.TLSConfig()
	trust := &tls.Config{MinVersion: ours.MinVersion, RootCAs: ours.RootCAs}
	m := MailboxConfig{URL: u, From: c.cfg.MFAMailboxFrom, TLS: trust, Dial: c.net.Dial, Logger: c.opts.Logger}
	owner := mailboxOwner(u)
	if c.cfg.MFAMailboxToken.IsZero() {
		m.Password = c.guarded("MFAMailboxPassword", owner, c.cfg.MFAMailboxPassword)
	} else {
		m.Token = c.guarded(mailboxToken, owner, c.cfg.MFAMailboxToken)
	}
	box, err := c.opts.Mailbox(m)
	if box == nil || err != nil {
		return nil, err
	}
	return mailFetcher{box, c}, nil
}

// lockedMailbox is a mailbox without a secret. That is no error before a sign-in begins:
// a connection as it is stored has no secrets, and its session can be looked at.
type lockedMailbox struct{ missing error }

func (l lockedMailbox) Answer(_ context.Context, ch mfa.Challenge) (string, error) {
	if ch.Kind != mfa.Email {
		return "", mfa.ErrNotMine
	}
	return "", l.missing
}

// mailboxSecret says which secret of the mailbox is missing, if one is.
func (c *Client) mailboxSecret() error {
	if l, ok := c.mailbox.(lockedMailbox); ok {
		return l.missing
	}
	return nil
}

// mailFetcher is the mailbox. It notes in the sign-in whether a mail was waited for in
// vain, which the provider does not tell apart from a code that nobody fetches.
type mailFetcher struct {
	mfa.Answerer
	c *Client
}

func (f mailFetcher) Answer(ctx context.Context, ch mfa.Challenge) (string, error) {
	code, err := f.Answerer.Answer(ctx, ch)
	if state := f.c.signInState(); state != nil {
		state.mailLate.Store(err != nil && !errors.Is(err, mfa.ErrNotMine) && errors.Is(ctx.Err(), context.DeadlineExceeded))
	}
	return code, err
}

func (f mailFetcher) Awaits(ch mfa.Challenge) bool {
	p, ok := f.Answerer.(mfa.Preparer)
	return ok && p.Awaits(ch)
}

func (f mailFetcher) Prepare(ctx context.Context, ch mfa.Challenge) (string, error) {
	if p, ok := f.Answerer.(mfa.Preparer); ok {
		return p.Prepare(ctx, ch)
	}
	return "", mfa.ErrNotMine
}

func (f mailFetcher) Ready(ch mfa.Challenge) bool {
	r, ok := f.Answerer.(mfa.Ready)
	return ok && r.Ready(ch)
}

func (f mailFetcher) Watch(ch mfa.Challenge, done bool) {
	if w, ok := f.Answerer.(mfa.Watcher); ok {
		w.Watch(ch, done)
	}
}

// lateMailError is the end of a sign-in whose mail did not come within MFATimeout. It
// may still come: the next sign-in looks for it again.
type lateMailError struct{ error }

func (e *lateMailError) Unwrap() error { return e.error }

// lateMail says of the error of a sign-in that its mail was late, if it was.
func (s *signInState) lateMail(err error) error {
	if s.mailLate.Load() && errors.Is(err, ErrPassCodeNeeded) {
		return &lateMailError{err}
	}
	return err
}

// isLateMail reports whether err ended a sign-in whose mail may still come.
func isLateMail(err error) bool {
	var late *lateMailError
	return errors.As(err, &late)
}

// mailboxToken names the property of the mailbox's access token.
const mailboxToken = "MFAMailboxToken"

// mailboxOwner is whose secret it is that is sent to the mailbox u; "" if there is none.
func mailboxOwner(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.User.Username() + "@" + u.Host
}

// CheckMailbox signs in at the mailbox of MFAMailbox and says in one line what is there;
// "" if the connection names none. It sends the mailbox's password, unless that was
// refused before, and notes a refusal.
func (c *Client) CheckMailbox(ctx context.Context) (found string, err error) {
	if err := c.mailboxSecret(); err != nil {
		return "", err
	}
	fetcher, _ := c.mailbox.(mailFetcher)
	checker, ok := fetcher.Answerer.(interface {
		Check(ctx context.Context) (string, error)
	})
	if !ok {
		return "", nil
	}
	_, err = c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, _ *record) (*Session, error) {
		state := c.signInState()
		var err error
		found, err = checker.Check(ctx)
		err = autherr.AtStep(autherr.StepMFA, err)
		noteErr := state.guard.note(ctx, err, time.Now())
		return nil, errors.Join(err, noteErr, state.store(ctx))
	})
	return found, err
}
