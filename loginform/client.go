package loginform

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/saml"
)

// DefaultMFATimeout is how long a push or a person's code is waited for.
const DefaultMFATimeout = 5 * time.Minute

// Client signs one user in at one identity provider. Its exported fields are set before
// the first call and not changed afterwards. It may be used by several goroutines;
// sign-ins take turns.
//
// A Client remembers the identity provider's cookies, so that the password travels only
// when the provider asks for it again. See [Client.Snapshot] for taking that memory to
// another process.
type Client struct {
	Product  string   // one of Products; "": any other
	LoginURL *url.URL // required: an address of the identity provider; its origin sees the password
	ACS      *url.URL // required: the service provider's assertion consumer service

	User     string                                    // required
	Domain   string                                    // completes a User without one: CORP, or corp.example.com
	Password func(ctx context.Context) (string, error) // required: called only when the password is about to be sent

	// Hosts are further origins that may be visited, such as those of a second factor or of
	// the identity provider behind this one: "host", "host:port" or "https://host".
	// SecretHosts are those that may be visited and see the password.
	Hosts, SecretHosts []string

	// Choices answer pages on which there is something to choose; see [ParseChoices].
	Choices []Choice

	// Names for pages that are not understood otherwise: the id or name of the login form,
	// and the names of its fields and of the code's field. "": found out.
	Form, UserField, PasswordField, CodeField string

	Factor     mfa.Kind      // the second factor to choose; "": the one that Answerer has an answer for
	Answerer   mfa.Answerer  // nil: nobody can be asked for a code
	MFATimeout time.Duration // how long a code or a push is waited for; 0: DefaultMFATimeout

	Transport http.RoundTripper // nil: http.DefaultTransport, with a connection for each request
	UserAgent string            // "": "ssoexchange". One like a browser's makes AD FS ask for Kerberos
	Logger    *slog.Logger      // nil: silent

	// Checkpoint, if not nil, is called when something must survive a crash: a code is about
	// to be used. Its error ends the sign-in.
	Checkpoint func(ctx context.Context) error

	// Accepted, if not nil, is called when the password was taken, before the second factor.
	Accepted func(ctx context.Context)

	mu     sync.Mutex
	known  *state // behind a pointer, so that no verb of fmt prints it; nil: nothing yet
	turn   chan struct{}
	proved bool // the last sign-in rests on the password
}

// SignIn turns the service provider's request into the identity provider's response.
//
// start obtains the request; it is called at most once, before any secret is sent. Its
// address must be on an origin that may be visited. Without start LoginURL is opened as it
// is; the identity provider must then send its response unasked.
//
// The password is sent at most once to each origin that may see it, and not at all while the
// identity provider's session lasts. A one-time code is sent at most once. A sign-in that
// needs a code which nobody has ends with ErrPassCodeNeeded; the next one goes on there if
// it has a code, also in another process that was given [Client.Snapshot].
//
// Errors match the sentinels of package sso: ErrConfig (a field is missing, a host is not
// allowed, there is something to choose), ErrCredentials, ErrPassCodeNeeded (a code, or a
// person's consent), ErrMFARejected, ErrExchangeRefused, ErrUnsupported, ErrUnreachable,
// ErrRateLimited and ErrBadAnswer. An error of type [*Error] quotes the page.
func (c *Client) SignIn(ctx context.Context, start saml.Start) (*saml.Response, error) {
	leave, err := c.takeTurn(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepStart, err)
	}
	defer leave()
	w, err := c.newWalk(start)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	response, err := w.signIn(ctx)
	if err != nil {
		err = autherr.AtStep(w.step(), err)
		if (len(w.passwordAt) > 0 || w.codeSent) && !errors.Is(err, autherr.ErrCredentials) {
			err = &spentError{err, len(w.passwordAt) > 0 && !w.taken}
		}
		return nil, err
	}
	w.memory.change(func(m *state) { m.live, m.pending = true, nil })
	c.mu.Lock()
	c.proved = w.proved || len(w.passwordAt) > 0
	c.mu.Unlock()
	return response, nil
}

// takeTurn waits until no other sign-in is under way.
func (c *Client) takeTurn(ctx context.Context) (leave func(), err error) {
	c.mu.Lock()
	if c.turn == nil {
		c.turn = make(chan struct{}, 1)
	}
	turn := c.turn
	c.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// check finds what is missing before anything is sent.
func (c *Client) check() error {
	switch {
	case c.LoginURL == nil:
		return missing("SSOLoginURL", "an address of the identity provider; its origin is the one that sees the "+
			"password")
	case c.ACS == nil:
		return missing("SSOExchangeURL", "the service provider's assertion consumer service")
	case c.User == "":
		return missing("User", "the user's name at the identity provider")
	case c.Password == nil:
		return missing("Password", "the user's password at the identity provider")
	case c.Product != "" && !slices.Contains(Products(), c.Product):
		return autherr.New(autherr.ErrConfig, "loginform: unknown product", "one of "+strings.Join(Products(), ", "))
	}
	if err := httpclient.CheckURL(c.LoginURL); err != nil {
		return autherr.New(autherr.ErrConfig, "loginform: SSOLoginURL: "+err.Error(), "")
	}
	return sendable("User", c.User)
}

// sendable refuses what a form cannot carry.
func sendable(property, text string) error {
	if problem, hint := wiretext.Problem(text); problem != "" {
		return autherr.New(autherr.ErrConfig, "loginform: "+property+" "+problem, hint)
	}
	return nil
}

func missing(property, what string) error {
	return autherr.New(autherr.ErrConfig, "loginform: "+property+" is missing", property+" is "+what)
}

// userName returns the name that is filled in: User, with Domain if it has none of its own.
func (c *Client) userName() string {
	if c.Domain == "" || strings.ContainsAny(c.User, `@\`) {
		return c.User
	}
	if strings.Contains(c.Domain, ".") || productNamed(c.Product).domain == "" {
		return c.User + "@" + strings.TrimPrefix(c.Domain, "@")
	}
	return strings.TrimSuffix(c.Domain, `\`) + `\` + c.User
}
