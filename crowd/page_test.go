package crowd_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

const (
	serverLogin = `<html><head><title>Atlassian Crowd - Login</title></head><body><form id="form-container" name="login" action="/crowd/console/j_security_check" method="post">` +
		`<input type="text" name="j_username"><input type="password" name="j_password"><input type="hidden" name="atl_token" value="x"><input type="submit"></form></body></html>`
	scriptLogin = `<!DOCTYPE html><html><head><title>Atlassian Crowd - Login</title><script src="/crowd/s/login.js"></script></head><body><div id="app"></div></body></html>`
	factorPage  = `<html><head><title>Two-factor authentication</title></head><body><form action="/crowd/plugins/servlet/2fa" method="post"><input type="text" name="otp"><input type="hidden" name="atl_token" value="x"></form></body></html>`
	deniedPage  = `<html><head><title>Access denied</title></head><body><form action="/crowd/console/logoff.action" method="post"><input type="hidden" name="atl_token" value="x"><button>Log out</button></form></body></html>`
	foreignPage = `<html><body><form action="https://idp.example.net/sso" method="post"><input type="hidden" name="SAMLRequest" value="eA=="></form></body></html>`
)

func page(status int, body string) http.HandlerFunc {
	return answer(status, "text/html;charset=UTF-8", body)
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestPagesWithoutResponse(t *testing.T) {
	tests := []struct {
		name    string
		console http.HandlerFunc
		wantErr error
		words   []string // in the error or the hint
	}{
		{"redirect to the login page", redirect(base + "/console/login.action?next=%2Fx"), autherr.ErrConfig,
			[]string{"RemoteAddress", "access to the Crowd application", "Remote Addresses"}},
		{"relative redirect to the login page", redirect("/crowd/console/login.action"), autherr.ErrConfig, []string{"RemoteAddress"}},
		{"login form made by the server", page(200, serverLogin), autherr.ErrConfig, []string{"RemoteAddress"}},
		{"login form drawn by a script", page(200, scriptLogin), autherr.ErrConfig, []string{"RemoteAddress"}},
		{"login form with status 401", page(401, serverLogin), autherr.ErrConfig, []string{"RemoteAddress"}},
		{"second factor", page(200, factorPage), autherr.ErrUnsupported, []string{"second factor", "Two-factor authentication"}},
		{"access denied", page(403, deniedPage), autherr.ErrExchangeRefused, []string{"403", "Access denied"}},
		{"access denied with status 200", page(200, deniedPage), autherr.ErrExchangeRefused, []string{"Access denied"}},
		{"handed on to another provider", page(200, foreignPage), autherr.ErrUnsupported, []string{"idp.example.net"}},
		{"redirect to another host", redirect("https://gateway.example.net/login?x=" + token), autherr.ErrBadAnswer, []string{"gateway.example.net"}},
		{"redirect to http", redirect("http://crowd.example.com/crowd/"), autherr.ErrBadAnswer, []string{"crowd.example.com"}},
		{"redirect without an address", answer(302, "", ""), autherr.ErrBadAnswer, []string{"redirect"}},
		{"no console", page(404, "<title>Not Found</title>"), autherr.ErrConfig, []string{"SSOLoginURL"}},
		{"overloaded", page(503, "<title>Maintenance</title>"), autherr.ErrUnreachable, []string{"503"}},
		{"too many", page(429, ""), autherr.ErrRateLimited, nil},
		{"empty", page(200, ""), autherr.ErrExchangeRefused, nil},
		{"response that is none", page(200, `<form method="post" action="https://jira.example.com/x"><input name="SAMLResponse" value="AAAA"></form>`), autherr.ErrBadAnswer, nil},
		{"too large", page(200, strings.Repeat("x", 5<<20)), autherr.ErrBadAnswer, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer()
			s.console = test.console
			_, err := newClient(s).SignIn(t.Context(), startHere())
			if !errors.Is(err, test.wantErr) {
				t.Fatalf("error %v, want %v", err, test.wantErr)
			}
			text := err.Error() + hintOf(err)
			for _, w := range test.words {
				if !strings.Contains(text, w) {
					t.Errorf("the error does not say %q: %s", w, text)
				}
			}
			if strings.Contains(text, token) {
				t.Error("the error shows the token")
			}
			var step *autherr.StepError
			if !errors.As(err, &step) || step.Step != autherr.StepAssertion {
				t.Errorf("step is not named: %v", err)
			}
			if n := s.count("POST", "/session"); n != 1 {
				t.Errorf("%d session calls, want 1", n)
			}
			s.checkConfined(t)
		})
	}
}

func hintOf(err error) string {
	var h interface{ HintText() string }
	if errors.As(err, &h) {
		return h.HintText()
	}
	return ""
}

func TestRedirectsWithinCrowdAreFollowed(t *testing.T) {
	s := newServer()
	s.console = func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "again.action") {
			redirect("/crowd/console/again.action?RelayState=rs-2")(w, r)
			return
		}
		s.honest(w, r)
	}
	r, err := newClient(s).SignIn(t.Context(), startHere())
	if err != nil || r.RelayState != "rs-2" {
		t.Fatalf("response %v, error %v", r, err)
	}
}

func TestWithoutRequest(t *testing.T) {
	for name, test := range map[string]struct {
		console http.HandlerFunc
		wantErr error
		words   string
	}{
		"page without a response": {page(200, "<title>Crowd Console</title><p>hello</p>"), autherr.ErrConfig, "began at the service provider"},
		"bad request":             {page(400, "<title>Error</title>"), autherr.ErrConfig, "began at the service provider"},
		"a Crowd that can":        {page(200, responsePage("")), nil, ""},
	} {
		s := newServer()
		s.console = test.console
		_, err := newClient(s).SignIn(t.Context(), nil)
		if !errors.Is(err, test.wantErr) || err != nil && !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: error %v", name, err)
		}
		if k := s.last(crowd.Suffix); k.query != "" {
			t.Errorf("%s: asked with the query %q", name, k.query)
		}
	}
}

func TestForceAuthn(t *testing.T) {
	force := func(r *saml.Request) { r.ForceAuthn = true }
	s := newServer()
	c := newClient(s)
	if _, err := c.SignIn(t.Context(), startAt(base+crowd.Suffix, force)); err != nil {
		t.Fatalf("a Crowd that accepts it: %v", err)
	}
	s.console = page(200, serverLogin)
	_, err := c.SignIn(t.Context(), startAt(base+crowd.Suffix, force))
	if !errors.Is(err, autherr.ErrUnsupported) || !strings.Contains(err.Error(), "ForceAuthn") {
		t.Errorf("error %v, want one that explains ForceAuthn", err)
	}
	if n := s.count("POST", "/session"); n != 1 {
		t.Errorf("%d session calls: a new token does not help against ForceAuthn", n)
	}
	// The forced login ended the token; the next sign-in must not rely on it.
	s.console = s.honest
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if n := s.count("POST", "/session"); n != 2 {
		t.Errorf("%d session calls, want a new one", n)
	}
}

func TestConsoleRetryAfter(t *testing.T) {
	s := newServer()
	s.console = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
	}
	_, err := newClient(s).SignIn(t.Context(), startHere())
	var w interface{ RetryAfter() time.Duration }
	if !errors.As(err, &w) || w.RetryAfter() != 7*time.Second {
		t.Errorf("wait is lost: %v", err)
	}
}
