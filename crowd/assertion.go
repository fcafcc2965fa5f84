package crowd

import (
	"context"
	"net/http"
	"net/url"
	"path"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
)

// present shows the SP's request and the token cookie to Crowd's console and
// looks at the page that comes back.
//
// Redirects are followed within Crowd's origin, except to its login page: that is
// the answer. The token never leaves the origin. It is not used up either: a
// request whose answer is lost may be repeated.
func (s *signIn) present(ctx context.Context) (finding, error) {
	at := s.LoginURL
	if s.request != nil {
		at = s.request.URL
	}
	a, err := s.console.Follow(ctx, hop.Request{
		Step: autherr.StepAssertion, Method: http.MethodGet, URL: at,
		Header: http.Header{"Accept": {"text/html,application/xhtml+xml"}},
	}, func(next *url.URL) bool {
		return hop.SameOrigin(next, s.LoginURL) && !isLogin(next)
	})
	if err != nil {
		return finding{}, err
	}
	s.memory.observe(s.LoginURL)
	f, err := look(a)
	if err != nil {
		return finding{}, autherr.AtStep(autherr.StepAssertion, err)
	}
	if f.sight != sawResponse && s.forced() {
		// A request with ForceAuthn ends the session it meets.
		s.memory.endToken()
	}
	return f, nil
}

// isLogin reports whether u is the login page of Crowd's console.
func isLogin(u *url.URL) bool { return path.Base(u.Path) == "login.action" }

// explain turns a page without a response into an error that says what can be
// done about it.
func (s *signIn) explain(f finding) error {
	switch f.sight {
	case sawLogin:
		if s.forced() {
			return autherr.New(autherr.ErrUnsupported,
				"crowd: the service provider demands a new login (ForceAuthn), and Crowd then ignores every token",
				"the service provider demands it when its own session has begun already: end that session there, then sign in again")
		}
		s.memory.endToken()
		return autherr.New(autherr.ErrConfig, "crowd: made a token, but the console ignores it and shows the login page",
			"three things to look at: RemoteAddress (the address that Crowd sees this machine at; set it if Crowd checks addresses, "+
				"leave it out if not), the user's access to the Crowd application itself, and the Remote Addresses of the application SSOAppName")
	case sawSecondFactor:
		return autherr.New(autherr.ErrUnsupported, "crowd: the console asks for a second factor"+f.quoted(),
			"an add-on of Crowd asks for it, in a form that only a browser can answer: exempt this user or this machine's address from it")
	case sawForeign:
		return autherr.New(autherr.ErrBadAnswer, "crowd: the console sends the user to "+f.host,
			"only Crowd's own host is trusted with the token: name the host that answers in SSOLoginURL")
	}
	if e := s.byStatus(f); e != nil {
		return e
	}
	if s.request == nil {
		return autherr.New(autherr.ErrConfig, "crowd: no response without a request: Crowd answers only sign-ins that began at the service provider",
			"set SSOFlow=SPInitiated, or leave SSOFlow out")
	}
	return autherr.New(autherr.ErrExchangeRefused, "crowd: signed in, but the console does not let the user through to the application"+f.quoted(),
		"check in Crowd that the user has access to the application, that SSO is enabled for it, and that its audience and consumer URL are those of the service provider")
}

// byStatus explains pages whose HTTP status says more than their text; nil: none.
func (s *signIn) byStatus(f finding) error {
	switch {
	case f.status == http.StatusTooManyRequests:
		return &autherr.Error{Kind: autherr.ErrRateLimited, Text: "crowd: 429 from the console", Wait: f.wait, Hint: "wait before the next sign-in"}
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
