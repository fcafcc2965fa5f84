package crowd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// requestAssertion shows the SP's request and the token cookie to Crowd's console and
// looks at the page that comes back. A redirect to the login page is not followed:
// it is the answer. The token is not used up: a request whose answer is lost may be
// repeated.
func (s *signIn) requestAssertion(ctx context.Context) (page, error) {
	at := s.LoginURL
	if s.request != nil {
		at = s.request.URL
	}
	a, err := s.browse(ctx, autherr.StepAssertion, at, func(next *url.URL) bool { return !isLogin(next) })
	if err != nil {
		return page{}, err
	}
	f, err := classify(a)
	if err != nil {
		return page{}, autherr.AtStep(autherr.StepAssertion, err)
	}
	if f.kind != pageAssertion && s.forced() {
		// A request with ForceAuthn ends the session it meets.
		s.memory.endToken()
	}
	return f, nil
}

// accept is what the console is asked for.
const accept = "text/html,application/xhtml+xml"

// browse gets a page of the console as a browser would. Redirects are followed
// within Crowd's origin if follow agrees; the answer of the last request is
// returned. The token never leaves the origin.
func (s *signIn) browse(ctx context.Context, step string, at *url.URL, follow func(*url.URL) bool) (
	*httpclient.Response, error,
) {
	for range httpclient.MaxRedirects + 1 {
		a, err := s.console.Do(ctx, httpclient.Request{
			Step: step, Method: http.MethodGet, URL: at, Path: printablePath(at),
			Header: http.Header{"Accept": {accept}}, Secret: s.posted,
		})
		if err != nil {
			return nil, err
		}
		s.memory.syncToken(s.LoginURL)
		next := a.Location()
		if next == nil || !s.isCrowd(next) || !follow(next) {
			return a, nil
		}
		at = next
	}
	return nil, autherr.AtStep(step, autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("crowd: the console redirects more than %d times", httpclient.MaxRedirects),
		"the token cookie may get lost on the way: use the address at which Crowd itself answers as SSOLoginURL"))
}

// isCrowd reports whether u may be asked with the console's cookies.
func (s *signIn) isCrowd(u *url.URL) bool {
	return httpclient.CheckURL(u) == nil && httpclient.SameOrigin(u, s.LoginURL)
}

// isLogin reports whether u is the login page of Crowd's console.
func isLogin(u *url.URL) bool { return path.Base(pathOf(u)) == "login.action" }

// pathOf is the path of u without its parameters: a servlet container that has not
// seen a cookie yet writes ";jsessionid=…" there.
func pathOf(u *url.URL) string {
	p, _, _ := strings.Cut(u.Path, ";")
	return p
}

// printablePath is how the path of u appears in errors and logs.
func printablePath(u *url.URL) string { return (&url.URL{Path: pathOf(u)}).EscapedPath() }

// explain turns a page without a response into an error that says what can be
// done about it.
func (s *signIn) explain(f page) error {
	switch f.kind {
	case pageLogin:
		return s.ignored()
	case pageSecondFactor:
		return autherr.New(autherr.ErrUnsupported,
			"crowd: the console asks for more than the password, a second factor most likely"+f.quoted(),
			"an add-on of Crowd asks for it, in a form that only a browser can answer: exempt this user or this machine's "+
				"address from it")
	case pageForeign:
		return autherr.New(autherr.ErrBadAnswer, "crowd: the console sends the user to "+f.host,
			"only Crowd's own host is trusted with the token: name the host that answers in SSOLoginURL")
	}
	if e := s.byStatus(f); e != nil {
		return e
	}
	if s.request == nil {
		return autherr.New(autherr.ErrConfig,
			"crowd: no response without a request: Crowd answers only sign-ins that began at the service provider",
			"set SSOFlow=SPInitiated, or leave SSOFlow out")
	}
	return autherr.New(autherr.ErrExchangeRefused,
		"crowd: signed in, but the console does not let the user through to the application"+f.quoted(),
		"check in Crowd that the user has access to the application, that SSO is enabled for it, and that its audience and "+
			"consumer URL are those of the service provider")
}

// ignored explains a login page that is shown although there is a token.
func (s *signIn) ignored() error {
	if s.AppName == "" {
		return autherr.New(autherr.ErrConfig, "crowd: took the password, but the console shows the login page again",
			"check the user's access to the Crowd application itself; behind a load balancer, check that Crowd's nodes share "+
				"their sessions; "+
				"SSOAppName and SSOAppPassword lead around the login form")
	}
	if s.forced() {
		return autherr.New(autherr.ErrUnsupported,
			"crowd: the service provider demands a new login (ForceAuthn), and Crowd then ignores every token",
			"the service provider demands it when its own session has begun already: end that session there, then sign in "+
				"again; "+
				"without SSOAppName and SSOAppPassword the login form is used, which satisfies the demand")
	}
	address := "RemoteAddress (not set; if Crowd checks addresses, set it to the one at which Crowd sees this machine, " +
		"or the last proxy before it)"
	if s.RemoteAddress != "" {
		address = "RemoteAddress (" + s.RemoteAddress + "; Crowd may see this machine at another address; leave it out if " +
			"Crowd does not check addresses)"
	}
	return autherr.New(autherr.ErrConfig, "crowd: made a token, but the console ignores it and shows the login page",
		"three things to look at: "+address+", the user's access to the Crowd application itself, and the Remote Addresses "+
			"of the application SSOAppName")
}

// byStatus explains pages whose HTTP status says more than their text; nil: none.
func (s *signIn) byStatus(f page) error {
	switch {
	case f.status == http.StatusTooManyRequests:
		return &autherr.Error{Kind: autherr.ErrRateLimited, Text: "crowd: 429 from the console", Wait: f.wait,
			Hint: "wait before the next sign-in"}
	case f.status >= 300 && f.status < 400:
		return autherr.New(autherr.ErrBadAnswer, "crowd: the console's redirect leads nowhere"+f.quoted(), "")
	case f.status >= 500:
		return &autherr.Error{Kind: autherr.ErrUnreachable, Text: "crowd: the console failed" + f.quoted(), Wait: f.wait,
			Hint: "try again; see Crowd's log if it stays"}
	case f.status == http.StatusNotFound:
		return autherr.New(autherr.ErrConfig, "crowd: there is no SAML console at this address (404)",
			"check SSOLoginURL, and that this Crowd is a Data Center of 3.4 or later")
	}
	return nil
}
