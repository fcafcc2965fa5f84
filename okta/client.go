package okta

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/classic"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/idx"
	"github.com/ssoexchange/ssoexchange/passkey"
	"github.com/ssoexchange/ssoexchange/saml"
)

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

	state flow.State
}

// DefaultMFATimeout is how long a push or a person's code is waited for.
const DefaultMFATimeout = flow.DefaultMFATimeout

// inner is the client as the engines' packages see it.
func (c *Client) inner() *flow.Client {
	return &flow.Client{State: &c.state, Config: flow.Config{
		LoginURL: c.LoginURL, Domain: c.Domain, Engine: c.Engine, User: c.User, Password: c.Password, APIToken: c.APIToken,
		ForwardedFor: c.ForwardedFor, NewPassword: c.NewPassword, Factor: flow.FactorChoice(c.Factor), Answerer: c.Answerer,
		RememberDevice: c.RememberDevice, Passkeys: c.Passkeys, MFATimeout: c.MFATimeout, Transport: c.Transport,
		UserAgent: c.UserAgent, Logger: c.Logger, Checkpoint: c.Checkpoint, Accepted: c.Accepted,
	}}
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
	in := c.inner()
	leave, err := in.TakeTurn(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepStart, flow.WaitEnded(ctx, "waiting for another sign-in"))
	}
	defer leave()
	w, err := newSignIn(in, start)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}

	w.Enroll()
	began := time.Now()
	response, err := w.run(ctx)
	if err != nil && w.StaleState(err) {
		// What was remembered proved wrong: once, as if nothing had been.
		w.StartOver()
		response, err = w.run(ctx)
	}
	if err == nil {
		err = w.EnrolledAsAsked()
	}
	if err != nil {
		return nil, err
	}
	// Debug: whoever exchanges the response logs the sign-in.
	w.Logger().Debug("okta has signed in", slog.Bool("password", w.Passwords > 0),
		slog.Duration("elapsed", time.Since(began).Round(time.Millisecond)))
	in.SetProved(w.Proved || w.Passwords > 0)
	return response, nil
}

// signIn is one sign-in, on whichever engine it turns out to be.
type signIn struct{ *flow.Flow }

func newSignIn(c *flow.Client, start saml.Start) (*signIn, error) {
	f, err := c.NewFlow(start)
	if err != nil {
		return nil, err
	}
	w := &signIn{f}
	f.Continue = w.proceed
	return w, nil
}

// classic is the sign-in through the AuthN API.
func (w *signIn) classic() *classic.SignIn { return classic.New(w.Flow) }

// run goes by what waits, what is remembered, what must be proved.
func (w *signIn) run(ctx context.Context) (*saml.Response, error) {
	p := w.pendingNow(ctx)
	w.Proved = p != nil && p.Password
	if p != nil && p.Engine == flow.EngineIDX {
		return idx.Resume(ctx, w.Flow, p)
	} else if p != nil {
		classic := w.classic()
		t, err := classic.Resume(ctx, p)
		if err != nil {
			return nil, err
		}
		return classic.ExchangeSession(ctx, t)
	}
	if w.Engine() == flow.EngineClassic && !w.HasSession() {
		return w.classic().Run(ctx) // the app's link would only show a sign-in page
	}
	opened, err := w.Open(ctx)
	if err != nil {
		return nil, err
	}
	return w.proceed(ctx, opened)
}

// proceed goes on from the answer to the app's link.
func (w *signIn) proceed(ctx context.Context, p *flow.Page) (*saml.Response, error) {
	engine := ""
	switch p.Kind {
	case flow.PageAssertion:
		return p.Response, nil
	case flow.PageOrg2Org:
		return w.postToNext(ctx, p)
	case flow.PageLogin, flow.PageStepUp:
		engine = flow.EngineClassic
		w.signInAt(p)
	case flow.PageEngine:
		engine = flow.EngineIDX
	case flow.PageUnknown:
		if w.Redeemed {
			return nil, w.Refuse(p) // after a sign-in no other engine explains it
		}
		var err error
		if engine, err = w.AskOrganization(ctx, p); err != nil {
			return nil, err
		}
	default:
		return nil, w.Refuse(p)
	}
	w.SetEngine(engine)
	switch {
	case p.Kind == flow.PageStepUp:
		return w.classic().StepUp(ctx, p)
	case w.Redeemed || w.Engine() == flow.EngineIDX:
		return idx.Run(ctx, w.Flow, p)
	}
	return w.classic().Run(ctx)
}
