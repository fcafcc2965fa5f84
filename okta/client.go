package okta

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/passkey"
	"github.com/ssoexchange/ssoexchange/saml"
)

// DefaultMFATimeout is how long a push or a person's code is waited for.
const DefaultMFATimeout = 5 * time.Minute

// Client signs one user in at one app of one Okta organisation. Its fields are set
// before the first call and not changed afterwards. It may be used by several
// goroutines; sign-ins take turns.
type Client struct {
	LoginURL *url.URL // the app's embed link: https, required
	Domain   string   // host[:port] of the organisation when it is not LoginURL's; its API is called there
	Engine   string   // "Classic" or "IDX" when known for certain; "" or "Auto" finds out

	User     string
	Password func(ctx context.Context) (string, error) // called when a password is asked for
	APIToken func(ctx context.Context) (string, error) // makes the client a trusted application; nil: none

	// ForwardedFor is the IP address of whom the sign-in is for, as a trusted application
	// tells it (X-Forwarded-For): Okta heeds it if the organisation lists this machine as
	// a proxy. It is sent with the APIToken and never without.
	ForwardedFor string

	// NewPassword returns the password to be set in place of one that has expired; nil:
	// an expired password is an error. The caller sees to it that Password returns the
	// new one from then on.
	NewPassword func(ctx context.Context) (string, error)

	Factor         FactorChoice
	Answerer       mfa.Answerer // nil: nobody can be asked; a Sent factor still sends its message. See also mfa.Preparer
	RememberDevice bool         // where the policy allows it

	// Passkeys returns the passkeys that may answer for User, of whichever organisation; nil: there
	// are none. It is called once in a sign-in, if a key is asked for.
	Passkeys func(ctx context.Context) ([]*passkey.Credential, error)

	MFATimeout time.Duration

	Transport http.RoundTripper // nil: http.DefaultTransport, with a connection for each request
	UserAgent string
	Logger    *slog.Logger // nil: silent

	// Checkpoint, if not nil, is called when something must survive a crash: a
	// message was sent, a code is about to be used, a device was received. It
	// would store what Snapshot returns; its error ends the sign-in.
	Checkpoint func(ctx context.Context) error

	// Accepted, if not nil, is called when Okta has taken the password, before the second
	// factor and all else.
	Accepted func(ctx context.Context)

	mu   sync.Mutex // guards the pointers below and memory's fields; never held across the network
	mem  *memory
	turn chan struct{}

	proved bool // the last sign-in rests on the password; guarded by mu
}

// SignIn returns a SAML response for the app, signing in as far as what is
// remembered does not suffice.
//
// start obtains the service provider's request; nil starts at the identity
// provider. The request's address takes the place of LoginURL, with its query
// verbatim, and must be on one of this organisation's hosts.
//
// A factor that needs a code which nobody can give ends with an error that Is
// ErrPassCodeNeeded. If a message was sent, the next SignIn goes on in the same
// transaction, also in another process that was given [Client.Snapshot]: with a
// code it finishes, without one it sends no message and ends the same way, unless
// the link of a mail was opened meanwhile.
//
// Errors are *autherr.StepError around an [*Error], or errors that Is one of
// the sentinels of package sso.
func (c *Client) SignIn(ctx context.Context, start saml.Start) (*saml.Response, error) {
	leave, err := c.takeTurn(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepStart, ended(ctx, "waiting for another sign-in"))
	}
	defer leave()
	w, err := c.newWalk(start)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}

	began := time.Now()
	response, err := w.signIn(ctx)
	if err != nil && w.staleState(err) {
		// What was remembered proved wrong: once, as if nothing had been.
		w.startOver()
		response, err = w.signIn(ctx)
	}
	if err != nil {
		return nil, err
	}
	// Debug: whoever exchanges the response logs the sign-in.
	w.logger().Debug("okta has signed in", slog.Bool("password", w.passwords > 0), slog.Duration("elapsed", time.Since(began).Round(time.Millisecond)))
	c.mu.Lock()
	c.proved = w.proved || w.passwords > 0
	c.mu.Unlock()
	return response, nil
}

// signIn is the walk: what waits, what is remembered, what must be proved.
func (w *flow) signIn(ctx context.Context) (*saml.Response, error) {
	p := w.pendingNow(ctx)
	w.proved = p != nil && p.Password
	if p != nil && p.Engine == engineIDX {
		return w.resumeIdentityEngine(ctx, p)
	} else if p != nil {
		t, err := w.resume(ctx, p)
		if err != nil {
			return nil, err
		}
		return w.exchangeSession(ctx, t)
	}
	if w.engine() == engineClassic && !w.hasSession() {
		return w.classic(ctx) // the app's link would only show a sign-in page
	}
	opened, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	return w.proceed(ctx, opened)
}

// proceed goes on from the answer to the app's link.
func (w *flow) proceed(ctx context.Context, p *page) (*saml.Response, error) {
	engine := ""
	switch p.kind {
	case pageAssertion:
		return p.response, nil
	case pageHop:
		return w.hopOn(ctx, p)
	case pageLogin, pageStepUp:
		engine = engineClassic
		w.signInWhere(p)
	case pageEngine:
		engine = engineIDX
	case pageUnknown:
		if w.redeemed {
			return nil, w.refuse(p) // after a sign-in no other engine explains it
		}
		var err error
		if engine, err = w.askOrganization(ctx, p); err != nil {
			return nil, err
		}
	default:
		return nil, w.refuse(p)
	}
	w.learn(engine)
	switch {
	case p.kind == pageStepUp:
		return w.stepUp(ctx, p)
	case w.redeemed || w.engine() == engineIDX:
		return w.identityEngine(ctx, p)
	}
	return w.classic(ctx)
}

// classic signs in through the AuthN API.
func (w *flow) classic(ctx context.Context) (*saml.Response, error) {
	t, err := w.primary(ctx)
	if err != nil {
		return nil, err
	}
	if t, err = w.advance(ctx, t); err != nil {
		return nil, err
	}
	return w.exchangeSession(ctx, t)
}
