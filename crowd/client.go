// Package crowd signs in at Atlassian Crowd Data Center, the SAML identity
// provider ("SSO 2.0", Crowd 3.4 and later), without a browser.
//
// Crowd has no request that turns a password into a SAML response. What it has is
// a REST call that turns a password into an SSO token, and a console that takes
// that token as a cookie. So a sign-in is
//
//	POST rest/usermanagement/1/session        application and user → token
//	GET  console/secure/saml/sso.action?…     the SP's request, with the token → page with the response
//
// The application's name and password are those of a Crowd application with SSO
// enabled. Without them ([Client.AppName]) the user signs in at the console's login
// form, as in a browser:
//
//	GET  console/secure/saml/sso.action?…     the SP's request → login page
//	POST console/j_security_check             the page's form, with user name and password
//	GET  console/secure/saml/sso.action?…     the request again → page with the response
//
// That works where the server makes the form. Newer Crowds have a script draw it;
// such a page is recognised and reported. Either way the user needs access to
// Crowd's own application too, because the SSO address is part of its console.
//
// Crowd answers requests that a service provider made, and nothing else: a
// sign-in needs a [saml.Start].
//
// # The token
//
// The token is reused until Crowd no longer takes it. The console checks it against
// its validation factors with every request, so showing it is the validation.
//
// It is sent to Crowd's origin only, although Crowd may configure a domain for its
// cookie that covers the service provider too, and a browser would then send it
// there. SAML does not need it; what it would do there is let the service provider,
// and any other host of the domain, act as the user at Crowd. A Jira that does take
// it (with SSOSeraphAuthenticator) is not a SAML service provider.
package crowd

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
	"github.com/ssoexchange/ssoexchange/saml"
)

// Suffix is what follows Crowd's base URL in the address of its SAML console.
const Suffix = "/console/secure/saml/sso.action"

// Client signs one user in at one Crowd. Its exported fields are set before the
// first call and not changed afterwards; it is then safe for concurrent use.
//
// A Client remembers the token and uses it for the next sign-in, so that the
// password travels only when Crowd no longer knows the token. See
// [Client.Snapshot] for taking that memory to another process.
type Client struct {
	LoginURL *url.URL                                  // required: Crowd's base URL + Suffix
	User     string                                    // required: user name in a Crowd directory
	Password func(ctx context.Context) (string, error) // required: called only when the password is about to be sent

	// AppName and AppPassword are a Crowd application's (SSOAppName, SSOAppPassword),
	// for the REST API. Without both the console's login form is used; one without
	// the other is an error.
	AppName     string
	AppPassword func(ctx context.Context) (string, error)

	// RemoteAddress is the remote_address validation factor of the token: the
	// address that this machine has in Crowd's eyes. Empty: no factor is sent. The
	// login form has no use for it: there Crowd goes by what it sees.
	RemoteAddress string

	Transport http.RoundTripper // nil: http.DefaultTransport, with a connection for each request
	UserAgent string            // "": "ssoexchange"
	Logger    *slog.Logger      // nil: silent

	// Checkpoint, if not nil, is called when a password has bought a token that should
	// survive a crash.
	Checkpoint func(ctx context.Context) error

	mu  sync.Mutex
	mem *memory // behind a pointer, so that no verb of fmt prints it; nil: nothing yet
}

// SignIn turns the SP's request into Crowd's response.
//
// start obtains the request; it is called once, before any secret is sent. The request
// must be addressed to the host of LoginURL. Without start LoginURL is fetched as it is,
// which no known Crowd answers with a response; the error then says so.
//
// The password is sent at most once, and not at all while Crowd accepts the token
// of an earlier sign-in. When several things fail at once, the refusal of a
// password is what is reported. A token that the password bought is kept for the next
// sign-in, or ended at Crowd if the console ignores it or no cookie can carry it.
//
// A request with ForceAuthn, by which the SP wants the user to sign in anew, is
// answered by way of the login form only: it ends whatever token it meets.
//
// Errors are of type [*Error] where Crowd refused the REST call or the login form,
// and match the sentinels of package sso: ErrConfig (a field is missing, this
// address may not call, the token was ignored), ErrCredentials, ErrExchangeRefused,
// ErrUnsupported (a second-factor page, a login page that a script draws,
// ForceAuthn), ErrUnreachable, ErrRateLimited and ErrBadAnswer.
func (c *Client) SignIn(ctx context.Context, start saml.Start) (*saml.Response, error) {
	if err := c.check(); err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	s := c.newSignIn(start)
	way := s.viaREST
	if c.AppName == "" {
		way = s.viaForm
	}
	found, err := way(ctx)
	if err != nil {
		return nil, err
	}
	if found.kind != pageAssertion {
		return nil, autherr.AtStep(autherr.StepAssertion, s.explain(found))
	}
	s.memory.extendExpiry(time.Now())
	return found.response, nil
}

// viaREST is the way over the REST API: token first, then the console.
func (s *signIn) viaREST(ctx context.Context) (page, error) {
	reused := s.memory.hasToken(s.LoginURL, time.Now())
	if err := s.prepare(ctx, !reused); err != nil {
		return page{}, err
	}
	found, err := s.requestAssertion(ctx)
	if err == nil && found.kind == pageLogin && reused && !s.forced() {
		// The token of the last sign-in has ended. The SP's request has not been
		// answered and stays good; the password has not been sent yet.
		if err := s.renew(ctx); err != nil {
			return page{}, err
		}
		found, err = s.requestAssertion(ctx)
	}
	if err == nil && found.kind == pageLogin {
		s.discard(ctx) // the console ignores it
	}
	return found, err
}

// signIn is one run of SignIn: what it needs and what it has gathered.
type signIn struct {
	*Client
	memory  *memory
	console *httpclient.Client // with the jar: what a browser would do
	start   saml.Start
	request *saml.Request // nil without start
	posted  bool          // the login form was: a lost answer may have been Crowd's verdict

	made, app string // the token that this sign-in made over the REST API, and with whose password
}

func (c *Client) newSignIn(start saml.Start) *signIn {
	m := c.memory()
	return &signIn{Client: c, memory: m, console: c.httpClient(m.jar), start: start}
}

// httpClient returns a client for one server's requests. REST calls are made without a
// jar: each carries its own credentials, and a session of the application must
// not mix with the user's.
func (c *Client) httpClient(jar httpclient.Jar) *httpclient.Client {
	return &httpclient.Client{Server: "crowd", Transport: c.Transport, Jar: jar, UserAgent: c.UserAgent, Logger: c.Logger}
}

// forced reports whether the SP wants the user to sign in anew whatever Crowd knows.
func (s *signIn) forced() bool { return s.request != nil && s.request.ForceAuthn }

// prepare gathers what the console is asked with: the SP's request, the name of
// the token cookie and, if there is no token yet, the token.
//
// The request comes first: until it is understood, no secret leaves, for an SP that
// starts no sign-in would have the password spent on nothing. The other two come at the
// same time; the first failure stops the other, except that a password on its way is
// waited for: whether it was refused must be known, or somebody would try it again.
func (s *signIn) prepare(ctx context.Context, needToken bool) error {
	if s.start != nil {
		if err := s.obtainRequest(ctx); err != nil {
			return err
		}
	}
	needName := !s.memory.named()
	if !needToken && !needName {
		return nil
	}
	g := newGroup(ctx)
	defer g.stop(nil)

	var name cookieConfig
	g.Go(func() error {
		app, err := s.appPassword(g.ctx)
		if err != nil {
			return err
		}
		if needName {
			g.Go(func() (err error) {
				name, err = s.cookieConfig(g.ctx, app)
				return err
			})
		}
		if needToken {
			return s.session(ctx, g.ctx, app)
		}
		return nil
	})
	err := g.Wait()
	if name.known {
		s.memory.setCookie(s.LoginURL, name)
	}
	return err
}

// renew makes a new session after Crowd ignored the token of an earlier one.
func (s *signIn) renew(ctx context.Context) error {
	s.memory.endToken()
	app, err := s.appPassword(ctx)
	if err != nil {
		return err
	}
	return s.session(ctx, ctx, app)
}

func (c *Client) appPassword(ctx context.Context) (string, error) {
	app, err := c.AppPassword(ctx)
	if err == nil && app == "" {
		err = missing("SSOAppPassword", "the password of the Crowd application")
	}
	if err == nil {
		err = sendable("SSOAppPassword", app)
	}
	return app, autherr.AtStep(autherr.StepLogin, err)
}

// obtainRequest obtains the SP's request and makes sure that it is meant for this Crowd.
func (s *signIn) obtainRequest(ctx context.Context) error {
	r, err := s.start(ctx)
	if err != nil {
		return autherr.AtStep(autherr.StepStart, err)
	}
	if r == nil || r.URL == nil {
		return autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrBadAnswer,
			"crowd: the service provider's request has no address", ""))
	}
	if httpclient.CheckURL(r.URL) != nil || !httpclient.SameOrigin(r.URL, s.LoginURL) {
		return autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrBadAnswer,
			"crowd: the service provider sends its users to "+r.URL.Scheme+"://"+r.URL.Host+", not to "+
				httpclient.Origin(s.LoginURL),
			"name that Crowd in SSOLoginURL, or choose this one among the service provider's identity providers"))
	}
	s.request = r
	return nil
}

// base is Crowd's base URL: LoginURL without Suffix.
func (c *Client) base() *url.URL {
	u := *c.LoginURL
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, Suffix), ""
	u.RawQuery, u.Fragment = "", ""
	return &u
}

// check finds what is missing before anything is sent.
func (c *Client) check() error {
	switch {
	case c.LoginURL == nil:
		return missing("SSOLoginURL", "Crowd's base URL + "+Suffix)
	case httpclient.CheckURL(c.LoginURL) != nil:
		return autherr.New(autherr.ErrConfig, "crowd: SSOLoginURL: "+httpclient.CheckURL(c.LoginURL).Error(), "")
	case !strings.HasSuffix(c.LoginURL.Path, Suffix):
		return autherr.New(autherr.ErrConfig, "crowd: the path of SSOLoginURL does not end in "+Suffix,
			"the value is Crowd's base URL followed by "+Suffix)
	case c.AppName == "" && c.AppPassword != nil:
		return missing("SSOAppName",
			"the name of the Crowd application that SSOAppPassword belongs to; without both the console's login form is used")
	case strings.Contains(c.AppName, ":"):
		return autherr.New(autherr.ErrConfig,
			"crowd: SSOAppName contains a colon, which HTTP Basic authentication cannot carry (RFC 7617)", "")
	case c.AppName != "" && c.AppPassword == nil:
		return missing("SSOAppPassword",
			"the password of the Crowd application SSOAppName; without both the console's login form is used")
	case c.User == "":
		return missing("User", "the user's name in Crowd")
	case c.Password == nil:
		return missing("Password", "the user's password in Crowd")
	}
	if err := sendable("SSOAppName", c.AppName); err != nil {
		return err
	}
	return sendable("User", c.User)
}

// sendable refuses what XML, a form or a header cannot carry: the encoders would send
// something else.
func sendable(property, text string) error {
	problem, hint := wiretext.Problem(text)
	if problem == "" && strings.HasPrefix(property, "SSOApp") && strings.Contains(text, "\t") {
		problem = "contains a tab, which HTTP Basic authentication cannot carry (RFC 7617)"
	}
	if problem == "" {
		return nil
	}
	return autherr.New(autherr.ErrConfig, "crowd: "+property+" "+problem, hint)
}

func missing(property, what string) error {
	return autherr.New(autherr.ErrConfig, "crowd: "+property+" is missing", property+" is "+what)
}
