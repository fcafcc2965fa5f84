package sso

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/network"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// Options holds what a connection string cannot carry. A nil *Options is the zero
// Options, and every field's zero value is a good default.
type Options struct {
	// Store keeps sessions and devices beyond the life of the Client. Nil keeps them
	// in memory. Clients of one identity that share a Store share its session.
	Store Store

	// Answerer is asked for codes after MFAPassCode, MFASecret, MFAMailbox and MFACommand, and
	// shown the progress of a push if it is an mfa.Watcher. Nil: nobody can be
	// asked, and a challenge ends in ErrPassCodeNeeded.
	Answerer mfa.Answerer

	// Password is called when a password is needed and the connection string holds
	// none. Nil: that is an ErrConfig.
	Password func(ctx context.Context) (string, error)

	// Mailbox returns what fetches the codes that Okta mails, when the connection string
	// names a mailbox (MFAMailbox). It is an mfa.Answerer, and should be an mfa.Preparer.
	// Package mailbox has one; it is not linked into this one because it brings IMAP:
	//
	//	Mailbox: func(c sso.MailboxConfig) (mfa.Answerer, error) { return mailbox.New(mailbox.Config(c)) }
	//
	// Nil: MFAMailbox is an ErrConfig.
	Mailbox func(MailboxConfig) (mfa.Answerer, error)

	// Authorize shows a person the authorization page of OAuth, and returns the answer that the person
	// gives: the redirected address, or its code. Where the page Listens, "" leaves it to come by
	// itself. Nil: nobody can be asked, and where consent is needed that is an ErrPassCodeNeeded.
	Authorize func(ctx context.Context, page AuthorizationPage) (answer string, err error)

	// Logger gets one line for each sign-in (info) and each HTTP hop (debug), never
	// a secret. Nil: silence.
	Logger *slog.Logger

	// Waiting is called when a sign-in, a check or a request of [Client.HTTP] has waited two
	// seconds for a server's answer, for another sign-in, or for what else Wait can name,
	// and every 30 seconds from then on, by goroutines of the Client's own. A person who is
	// asked is no wait. Nil: nobody is told.
	Waiting func(Wait)

	// Dial makes the TCP connections. Nil: a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Keyring is asked for PasswordKeyring and its like. Nil: using such a secret is an ErrConfig.
	Keyring Keyring

	// UserAgent is sent to every server unless the connection string has one.
	// "": "ssoexchange".
	UserAgent string

	// TrustExchange takes the SP's answer to the assertion for the proof of the new
	// session if that answer opens a session and names its user (Jira's X-AUSERNAME).
	// Otherwise, and always without it, the SP is asked once more who the session
	// belongs to, which costs one request. A plugin that wants a second factor of its
	// own after the sign-in is noticed only by asking.
	TrustExchange bool

	// Config describes the service provider to New. Open ignores it.
	Config *Config
}

// Client signs in when that is needed, and knows the session. It is safe for
// concurrent use; all its callers share one sign-in at a time.
type Client struct {
	cfg      *Config
	scheme   *scheme
	id       Identity
	opts     Options
	store    Store
	accounts Store // keeps the records of accounts
	source   credential.Source
	site     Site
	code     *passCode
	mailbox  mfa.Answerer // of MFAMailbox; nil: none
	net      *network.Network
	flight   singleflight

	userAgent string
	idp       *url.URL // where the provider goes first; nil: not known, or by a transport of its own
	counted   counter  // the transport of checks and sign-ins

	mu      sync.Mutex
	session *Session     // the last one known to work; nil: none yet
	signIn  *signInState // while a sign-in is under way
}

// Open returns a Client for a connection string; ParseConfig documents it. Open
// checks what can be checked without the network. The first request of the HTTP
// client, or Session, signs in.
func Open(ctx context.Context, conn string, opts *Options) (*Client, error) {
	settings, err := ParseSettings(conn)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	var keyring Keyring
	if opts != nil {
		keyring = opts.Keyring
	}
	cfg, err := NewConfig(settings, keyring)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	return OpenConfig(ctx, cfg, opts)
}

// OpenConfig is Open for a Config that was read or made by the caller.
func OpenConfig(ctx context.Context, cfg *Config, opts *Options) (*Client, error) {
	c, err := newClient(cfg, opts)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	given := &passCode{}
	c.code = given
	if c.mailbox, err = c.openMailbox(); err != nil {
		c.net.Close()
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	if c.scheme.site != nil {
		c.site = c.scheme.site(c)
	}
	if c.scheme.open == nil {
		c.net.Close()
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: AuthScheme "+cfg.Scheme+" has no sign-in", "there are "+strings.Join(grammar().Names(), ", ")))
	}
	c.source, err = c.scheme.open(c, providerDeps{
		transport: &c.counted, logger: c.opts.Logger, userAgent: c.userAgent,
		password: c.guarded, checkpoint: c.checkpoint, accepted: c.passwordAccepted,
		answerer: newAnswerer(cfg, c.ahead("MFASecret", cfg.MFASecret), given, &enrolledApp{c, c.idpAhead}, c.mailbox, c.opts.Answerer, c.idpAhead),
	})
	if err != nil {
		c.net.Close()
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	c.idp = firstStop(cfg)
	return c, nil
}

// New returns a Client that signs in with a provider of the caller's own.
// opts.Config describes the service provider: URL, SSOExchangeURL and, for the
// identity, Scheme, SSOLoginURL and User.
func New(provider Provider, opts *Options) (*Client, error) {
	if provider == nil || opts == nil || opts.Config == nil || opts.Config.SSOExchangeURL == nil || opts.Config.URL == nil {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig,
			"sso: New needs a provider and Options.Config with URL and SSOExchangeURL", ""))
	}
	c, err := newClient(opts.Config, opts)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	c.source, c.code = newWebSSO(c, provider), &passCode{}
	return c, nil
}

func newClient(cfg *Config, opts *Options) (*Client, error) {
	if opts == nil {
		opts = &Options{}
	}
	net, err := network.New(cfg, opts.Dial)
	if err != nil {
		return nil, err
	}
	scheme := schemeNamed(cfg.Scheme)
	cfg = cfg.WithScheme(&scheme.Scheme)
	c := &Client{cfg: cfg, scheme: scheme, id: cfg.Identity(), opts: *opts, store: opts.Store, net: net}
	c.site = jiraSite{c}
	c.counted.next = c.reported(true)
	if c.store == nil {
		c.store = &MemoryStore{}
	}
	c.accounts = accountStore(c.store, cfg, opts.Dial != nil)
	if c.opts.Logger == nil {
		c.opts.Logger = slog.New(slog.DiscardHandler)
	}
	c.counted.time.log = c.opts.Logger
	if c.userAgent = cfg.UserAgent; c.userAgent == "" {
		c.userAgent = opts.UserAgent
	}
	return c, nil
}

// Identity returns whom the Client signs in, and where.
func (c *Client) Identity() Identity { return c.id }

// PassCode hands in a one-time code for the next sign-in, as MFAPassCode does.
func (c *Client) PassCode(code string) { c.code.set(NewSecret(code).Reveal) }

// Close closes idle connections. Sessions stay alive and stored.
func (c *Client) Close() error {
	c.net.Close()
	return nil
}

// String names the identity and shows no secret.
func (c *Client) String() string { return fmt.Sprintf("sso.Client(%s, %s)", c.id.Scheme, c.id.SP) }

// Format prints String for every verb.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// Session returns a session that the SP has just confirmed: the stored one if it
// still works, else that of a new sign-in. Concurrent callers share one sign-in,
// and each may leave by its own ctx.
func (c *Client) Session(ctx context.Context) (*Session, error) {
	return c.sessionFrom(ctx, nil)
}

// Login signs in even if there is a live session.
func (c *Client) Login(ctx context.Context) (*Session, error) {
	return c.flight.do(ctx, "login", func(ctx context.Context) (*Session, error) {
		began := time.Now()
		lease, err := c.acquire(ctx)
		if err != nil {
			return nil, err
		}
		c.preconnect(ctx)
		return c.withLease(ctx, lease, began, func(ctx context.Context, r *record) (*Session, error) {
			return c.authenticate(ctx, r, time.Time{})
		})
	})
}

// Check asks the SP whether the stored session works. It never signs in:
// ErrNoSession if there is none or it does not.
func (c *Client) Check(ctx context.Context) (*Session, error) {
	ctx, cancel := deadline.WithBudget(ctx, c.timeout())
	defer cancel()
	r, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	cred, err := c.stored(r)
	if err != nil {
		return nil, err
	}
	if cred != nil && credential.Ended(cred, time.Now()) {
		return nil, &autherr.Error{Kind: ErrNoSession, Text: "sso: the stored access token has ended", Hint: "it is renewed when it is used"}
	}
	if _, stored := credential.As[credential.Decoder](c.source); !stored && !r.Obtained.IsZero() {
		// The credential is a secret of the configuration: to ask whose it is, is to try it.
		return c.signInOnce(ctx, r.seenState(time.Now()))
	}
	s, err := c.resumeStored(ctx, r, cred)
	if err == nil && s == nil {
		if !r.Obtained.IsZero() {
			c.markLost(ctx, r)
		}
		err = &autherr.Error{Kind: ErrNoSession, Text: "sso: no live session is stored for " + c.id.User + " at " + c.id.SP, Hint: "sign in with: ssoexchange login"}
	}
	return s, err
}

// Stored returns the stored session without asking anybody whether it works;
// ErrNoSession if there is none, or if the SP has said before that it does not know it.
func (c *Client) Stored(ctx context.Context) (*Session, error) {
	r, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	if r.Obtained.IsZero() || !r.Lost.IsZero() {
		return nil, &autherr.Error{Kind: ErrNoSession, Text: "sso: no session is stored for " + c.id.User + " at " + c.id.SP, Hint: "sign in with: ssoexchange login"}
	}
	cred, err := c.stored(r)
	if err != nil {
		return nil, err
	}
	return newSession(r, cred, true), nil
}

func (c *Client) setSignIn(s *signInState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signIn = s
}

func (c *Client) signInState() *signInState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.signIn
}

func (c *Client) setSession(s *Session) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = s
	return s
}

func (c *Client) timeout() time.Duration {
	if c.cfg.Timeout > 0 {
		return c.cfg.Timeout
	}
	return time.Minute
}

// ClearRefusal forgets that secrets were refused, so that they are sent once more,
// and everything else that keeps a Refresher from signing in. It is for a person who
// knows that the reason is gone. What was noted of an account is forgotten for all
// identities that use it.
func (c *Client) ClearRefusal(ctx context.Context) error {
	_, err := c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, r *record) (*Session, error) {
		for _, a := range accountsIn(c.cfg) {
			if err := c.changeAccount(ctx, a, func(r *accountRecord) bool {
				r.forgive()
				return true
			}); err != nil {
				return nil, err
			}
		}
		r.reset()
		if f, ok := credential.As[interface{ Forgive() }](c.source); ok {
			if err := c.restoreSource(r); err != nil {
				return nil, err
			}
			f.Forgive()
			if err := c.snapshot(c.signInState().guard); err != nil {
				return nil, err
			}
		}
		return nil, c.signInState().store(ctx)
	})
	return err
}

var _ http.RoundTripper = (*transport)(nil)
