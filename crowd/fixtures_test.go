package crowd_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// site is the simulated Crowd and Jira, written from the documents by somebody
// who has not read this package.
type site struct {
	net   *fixtures.Net
	crowd *fixtures.Crowd
	jira  *fixtures.Jira
	idp   int // its number in Jira
}

func newSite(t *testing.T) *site {
	s := &site{net: fixtures.NewNet(), crowd: fixtures.NewCrowd(base), jira: fixtures.NewJira("https://jira.example.com")}
	t.Cleanup(func() { s.net.Close() })
	s.net.Handle("crowd.example.com", s.crowd)
	s.net.Handle("jira.example.com", s.jira)
	s.idp = s.jira.TrustIdP(s.crowd.Metadata(), "Crowd")
	s.jira.AddUser(fixtures.JiraUser{Name: user})
	s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: password, Groups: []string{"jira-users"}})
	s.addApp(nil)
	s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress = true })
	return s
}

func (s *site) addApp(change func(*fixtures.CrowdApp)) {
	a := fixtures.CrowdApp{Name: appName, Password: appPassword, EntityID: s.jira.EntityID(), ACS: s.jira.ACS(), SSO: true}
	if change != nil {
		change(&a)
	}
	s.crowd.AddApplication(a)
}

func (s *site) transport() http.RoundTripper { return s.net.Client().Transport }

func (s *site) client() *crowd.Client {
	c := newClient(nil)
	c.Transport = s.transport()
	return c
}

// start asks Jira, as a browser with the jar would.
func (s *site) start(jar *cookiejar.Jar) saml.Start {
	return func(ctx context.Context) (*saml.Request, error) {
		u, err := url.Parse("https://jira.example.com/plugins/servlet/external-login/1")
		if err != nil {
			return nil, err
		}
		h := &httpclient.Client{Server: "jira", Transport: s.transport(), Jar: jar}
		a, err := h.Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: http.MethodGet, URL: u})
		if err != nil {
			return nil, err
		}
		return saml.ParseRequest(a.Location())
	}
}

// post hands the response over and returns Jira's verdict.
func (s *site) post(t *testing.T, jar *cookiejar.Jar, r *saml.Response) fixtures.AssertionResult {
	t.Helper()
	h := &httpclient.Client{Server: "jira", Transport: s.transport(), Jar: jar}
	_, err := h.Do(t.Context(), httpclient.Request{
		Step: autherr.StepExchange, Method: http.MethodPost, URL: r.Action, Body: []byte(r.Form().Encode()), Secret: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.jira.LastAssertionResult()
}

func TestSimulatedExchange(t *testing.T) {
	s := newSite(t)
	c := s.client()
	for n := range 2 {
		jar := cookiejar.New()
		r, err := c.SignIn(t.Context(), s.start(jar))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.post(t, jar, r); !got.Accepted || got.User != user {
			t.Fatalf("sign-in %d: Jira's verdict: %+v", n+1, got)
		}
	}
	if n := s.crowd.PasswordAttempts(user); n != 1 {
		t.Errorf("the password was tried %d times", n)
	}
	if n := s.crowd.Sessions(user); n != 1 {
		t.Errorf("%d sessions at Crowd", n)
	}
	s.confined(t, c)
	if err := c.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.crowd.Sessions(user); n != 0 {
		t.Errorf("%d sessions are left after signing out", n)
	}
}

// confined checks what was not sent.
func (s *site) confined(t *testing.T, c *crowd.Client) {
	t.Helper()
	var token string
	for _, k := range remembered(t, c) {
		if k.Name == "crowd.token_key" {
			token = k.Value
		}
	}
	if token == "" {
		t.Fatal("no token")
	}
	for _, r := range s.net.Requests() {
		all := r.Path + r.Query.Encode() + string(r.Body) + strings.Join(slices.Concat(r.Header["Cookie"], r.Header["Authorization"]), " ")
		if strings.HasPrefix(r.Host, "jira") && (strings.Contains(all, token) || strings.Contains(all, "Basic ")) {
			t.Errorf("%s %s%s was given Crowd's secrets", r.Method, r.Host, r.Path)
		}
		if strings.Contains(all, "pa&lt;ss") && !strings.HasSuffix(r.Path, "/session") {
			t.Errorf("%s %s%s was given the password", r.Method, r.Host, r.Path)
		}
	}
}

func TestSimulatedSessionEnds(t *testing.T) {
	for name, change := range map[string]func(*fixtures.CrowdConfig){
		"login page in place": func(c *fixtures.CrowdConfig) {},
		"redirect":            func(c *fixtures.CrowdConfig) { c.LoginRedirect = true },
		"drawn by a script":   func(c *fixtures.CrowdConfig) { c.LoginPage = fixtures.CrowdLoginScript },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.crowd.Configure(change)
			c := s.client()
			if _, err := c.SignIn(t.Context(), s.start(cookiejar.New())); err != nil {
				t.Fatal(err)
			}
			s.crowd.EndSessions(user)
			jar := cookiejar.New()
			r, err := c.SignIn(t.Context(), s.start(jar))
			if err != nil {
				t.Fatal(err)
			}
			if got := s.post(t, jar, r); !got.Accepted {
				t.Errorf("Jira's verdict: %+v", got)
			}
			if n := s.crowd.PasswordAttempts(user); n != 2 {
				t.Errorf("the password was tried %d times, want 2", n)
			}
			s.crowd.EndSessions(user)
			s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: "changed"})
			if _, err := c.SignIn(t.Context(), s.start(cookiejar.New())); !errors.Is(err, autherr.ErrCredentials) {
				t.Errorf("error %v, want ErrCredentials", err)
			}
			if n := s.crowd.PasswordAttempts(user); n != 3 {
				t.Errorf("the password was tried %d times, want 3: the refused one only once", n)
			}
		})
	}
}

func TestSimulatedAddressCheck(t *testing.T) {
	s := newSite(t)
	s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress = false })
	_, err := s.client().SignIn(t.Context(), s.start(cookiejar.New()))
	if !errors.Is(err, autherr.ErrConfig) || !strings.Contains(hintOf(err), "RemoteAddress") {
		t.Errorf("without RemoteAddress: error %v, hint %q", err, hintOf(err))
	}
	c := s.client()
	c.RemoteAddress = "192.0.2.1" // what the virtual internet gives this machine
	if _, err := c.SignIn(t.Context(), s.start(cookiejar.New())); err != nil {
		t.Errorf("with the right address: %v", err)
	}
}

func TestSimulatedRefusals(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*site)
		wantErr error
		words   string
	}{
		{"wrong password", func(s *site) { s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: "other"}) }, autherr.ErrCredentials, "INVALID_USER_AUTHENTICATION"},
		{"inactive", func(s *site) { s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: password, Inactive: true}) }, autherr.ErrCredentials, "INACTIVE_ACCOUNT"},
		{"expired", func(s *site) {
			s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: password, PasswordExpired: true})
		}, autherr.ErrCredentials, "EXPIRED_CREDENTIAL"},
		{"application's password", func(s *site) { s.addApp(func(a *fixtures.CrowdApp) { a.Password = "other" }) }, autherr.ErrCredentials, "401"},
		{"address", func(s *site) {
			s.addApp(func(a *fixtures.CrowdApp) { a.RemoteAddresses = []string{"198.51.100.0/24"} })
		}, autherr.ErrConfig, "403"},
		{"permission", func(s *site) { s.addApp(func(a *fixtures.CrowdApp) { a.PermissionDenied = true }) }, autherr.ErrConfig, "APPLICATION_PERMISSION_DENIED"},
		{"not in the application's groups", func(s *site) {
			s.addApp(func(a *fixtures.CrowdApp) { a.Groups = []string{"admins"} })
		}, autherr.ErrExchangeRefused, "APPLICATION_ACCESS_DENIED"},
		{"SSO switched off", func(s *site) { s.addApp(func(a *fixtures.CrowdApp) { a.SSO = false }) }, autherr.ErrExchangeRefused, "console"},
		{"second factor", func(s *site) { s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.SecondFactor = true }) }, autherr.ErrUnsupported, "second factor"},
		{"REST down", func(s *site) { s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.RESTStatus = 503 }) }, autherr.ErrUnreachable, "503"},
		{"console down", func(s *site) { s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.ConsoleStatus = 502 }) }, autherr.ErrUnreachable, "502"},
		{"not allowed into the console", func(s *site) {
			s.crowd.AddApplication(fixtures.CrowdApp{Name: "crowd", Password: "c", Groups: []string{"crowd-users"}})
		}, autherr.ErrConfig, "login page"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			test.change(s)
			_, err := s.client().SignIn(t.Context(), s.start(cookiejar.New()))
			if !errors.Is(err, test.wantErr) {
				t.Fatalf("error %v, want %v", err, test.wantErr)
			}
			if err != nil && !strings.Contains(err.Error(), test.words) {
				t.Errorf("error %v does not say %q", err, test.words)
			}
			if n := s.crowd.PasswordAttempts(user); n > 1 {
				t.Errorf("the password was tried %d times", n)
			}
		})
	}
}

func TestSimulatedUnsolicited(t *testing.T) {
	s := newSite(t)
	if _, err := s.client().SignIn(t.Context(), nil); !errors.Is(err, autherr.ErrConfig) || !strings.Contains(err.Error(), "service provider") {
		t.Errorf("error %v, want one that says where sign-ins begin", err)
	}
	s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.AnswerUnsolicited = appName })
	r, err := s.client().SignIn(t.Context(), nil)
	if err != nil || r.InResponseTo != "" {
		t.Errorf("a Crowd that answers all the same: %v, %v", r, err)
	}
}

func TestSimulatedCookieName(t *testing.T) {
	s := newSite(t)
	s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.CookieName, c.CookieDomain = "corp.sso", ".example.com" })
	c := s.client()
	if _, err := c.SignIn(t.Context(), s.start(cookiejar.New())); err != nil {
		t.Fatal(err)
	}
	for _, k := range remembered(t, c) {
		if k.Name == "corp.sso" && k.Domain == "example.com" && !k.HostOnly && k.HttpOnly {
			return
		}
	}
	t.Error("the token cookie is not what Crowd configured")
}
