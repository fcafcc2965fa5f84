package crowd_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// withoutApp makes a client that has to use the login form.
func withoutApp(c *crowd.Client) *crowd.Client {
	c.AppName, c.AppPassword = "", nil
	return c
}

// forcedRequest is the SP's request for a new login.
func forcedRequest(t *testing.T) *saml.Request {
	t.Helper()
	message := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_forced" Version="2.0" ForceAuthn="true" IssueInstant="` +
		time.Now().UTC().Format(time.RFC3339) + `"><saml:Issuer>https://jira.example.com</saml:Issuer></samlp:AuthnRequest>`
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression)
	io.WriteString(w, message)
	w.Close()
	u, err := url.Parse(base + crowd.Suffix + "?" + url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(packed.Bytes())}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	r, err := saml.ParseRequest(u)
	if err != nil || !r.ForceAuthn {
		t.Fatalf("request %v, error %v", r, err)
	}
	return r
}

func debugLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// checkForm fails if the password went anywhere but, at most once, into the body of
// the form, or if anything was sent to the REST API.
func (s *site) checkForm(t *testing.T, posts int) {
	t.Helper()
	n := 0
	for _, r := range s.net.Requests() {
		if strings.HasPrefix(r.Path, "/crowd/rest/") {
			t.Errorf("%s %s: the REST API was asked", r.Method, r.Path)
		}
		body, _ := url.ParseQuery(string(r.Body))
		if strings.HasSuffix(r.Path, "/j_security_check") && body.Get("j_username") == user && body.Get("j_password") == password {
			n++
			continue
		}
		if strings.Contains(r.Query.Encode()+string(r.Body), url.QueryEscape(password)) {
			t.Errorf("%s %s%s was given the password", r.Method, r.Host, r.Path)
		}
	}
	if n != posts {
		t.Errorf("the password was posted %d times, want %d", n, posts)
	}
}

func TestFormSignIn(t *testing.T) {
	for name, change := range map[string]func(*fixtures.CrowdConfig){
		"login page in place":     func(c *fixtures.CrowdConfig) {},
		"redirect":                func(c *fixtures.CrowdConfig) { c.LoginRedirect = true },
		"hidden token is wanted":  func(c *fixtures.CrowdConfig) { c.LoginToken = true },
		"addresses are checked":   func(c *fixtures.CrowdConfig) { c.IgnoreAddress = false },
		"cookie of its own":       func(c *fixtures.CrowdConfig) { c.CookieName, c.CookieDomain = "corp.sso", ".example.com" },
		"cookie for the domain":   func(c *fixtures.CrowdConfig) { c.CookieDomain = "example.com" },
		"both, and it remembered": func(c *fixtures.CrowdConfig) { c.LoginRedirect, c.LoginToken = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.crowd.Configure(change)
			c := withoutApp(s.client())
			saved := 0
			c.Checkpoint = func(context.Context) error { saved++; return nil }
			for n := range 2 {
				jar := cookiejar.New()
				r, err := c.SignIn(t.Context(), s.start(jar))
				if err != nil {
					t.Fatal(err)
				}
				if got := s.post(t, jar, r); !got.Accepted || got.User != user {
					t.Fatalf("sign-in %d: Jira's verdict: %+v", n+1, got)
				}
				if n == 0 {
					// Another process goes on with what this one knows.
					data, err := c.Snapshot()
					c = withoutApp(s.client())
					if err := errors.Join(err, c.Restore(data)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if saved != 1 {
				t.Errorf("checkpoint called %d times, want once, when the form had been taken", saved)
			}
			s.checkForm(t, 1)
			for _, r := range s.net.Requests() {
				if strings.HasPrefix(r.Host, "jira") && strings.Contains(strings.Join(r.Header["Cookie"], ";"), "token_key") {
					t.Error("Jira was given Crowd's token")
				}
			}
			if err := c.SignOut(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := s.crowd.Sessions(user); n != 0 || len(remembered(t, c)) != 0 {
				t.Errorf("%d sessions and %d cookies are left after signing out", n, len(remembered(t, c)))
			}
			s.net.Reset()
			if err := c.SignOut(t.Context()); err != nil || len(s.net.Requests()) != 0 {
				t.Errorf("signing out again: %v, %d requests", err, len(s.net.Requests()))
			}
		})
	}
}

func TestFormAfterTheSessionEnded(t *testing.T) {
	s := newSite(t)
	c := withoutApp(s.client())
	for range 2 {
		if _, err := c.SignIn(t.Context(), s.start(cookiejar.New())); err != nil {
			t.Fatal(err)
		}
		s.crowd.EndSessions(user)
	}
	s.checkForm(t, 2)
}

func TestFormSatisfiesForceAuthn(t *testing.T) {
	s := newSite(t)
	c := withoutApp(s.client())
	if _, err := c.SignIn(t.Context(), s.start(cookiejar.New())); err != nil {
		t.Fatal(err)
	}
	r, err := c.SignIn(t.Context(), func(context.Context) (*saml.Request, error) { return forcedRequest(t), nil })
	if err != nil || r.NameID != user {
		t.Fatalf("response %v, error %v", r, err)
	}
	s.checkForm(t, 2)
}

func TestFormRefusals(t *testing.T) {
	script := func(c *fixtures.CrowdConfig) { c.LoginPage = fixtures.CrowdLoginScript }
	tests := []struct {
		name    string
		change  func(*site)
		wantErr error
		words   string // in the error or the hint
		posts   int
	}{
		{"wrong password", func(s *site) { s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: "other"}) }, autherr.ErrCredentials, "not successful", 1},
		{"wrong password, redirect", func(s *site) {
			s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: "other"})
			s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.LoginRedirect = true })
		}, autherr.ErrCredentials, "not successful", 1},
		{"not allowed into the console", func(s *site) {
			s.crowd.AddApplication(fixtures.CrowdApp{Name: "crowd", Password: "c", Groups: []string{"crowd-users"}})
		}, autherr.ErrCredentials, "Crowd application itself", 1},
		{"drawn by a script", func(s *site) { s.crowd.Configure(script) }, autherr.ErrUnsupported, "SSOAppName and SSOAppPassword", 0},
		{"drawn by a script, redirect", func(s *site) {
			s.crowd.Configure(func(c *fixtures.CrowdConfig) { script(c); c.LoginRedirect = true })
		}, autherr.ErrUnsupported, "SSOAppName and SSOAppPassword", 0},
		{"second factor", func(s *site) { s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.SecondFactor = true }) }, autherr.ErrUnsupported, "second factor", 1},
		{"not in the application's groups", func(s *site) {
			s.addApp(func(a *fixtures.CrowdApp) { a.Groups = []string{"admins"} })
		}, autherr.ErrExchangeRefused, "Access denied", 1},
		{"console down", func(s *site) { s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.ConsoleStatus = 502 }) }, autherr.ErrUnreachable, "502", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			test.change(s)
			_, err := withoutApp(s.client()).SignIn(t.Context(), s.start(cookiejar.New()))
			if !errors.Is(err, test.wantErr) {
				t.Fatalf("error %v, want %v", err, test.wantErr)
			}
			if text := err.Error() + hintOf(err); !strings.Contains(text, test.words) || strings.Contains(text, password) {
				t.Errorf("the error does not say %q: %s", test.words, text)
			}
			s.checkForm(t, test.posts)
		})
	}
}

func TestFormUnsolicited(t *testing.T) {
	s := newSite(t)
	_, err := withoutApp(s.client()).SignIn(t.Context(), nil)
	if !errors.Is(err, autherr.ErrConfig) || !strings.Contains(err.Error(), "service provider") {
		t.Errorf("error %v, want one that says where sign-ins begin", err)
	}
	s.checkForm(t, 1)
}

// formServer shows the login page until the form is posted, and takes it with ok.
func formServer(loginPage string, ok http.HandlerFunc) *server {
	s := newServer()
	s.console = func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("crowd.token_key"); err == nil && c.Value == token && strings.HasSuffix(r.URL.Path, "sso.action") {
			page(200, responsePage("rs-1"))(w, r)
			return
		}
		page(200, loginPage)(w, r)
	}
	s.login = ok
	return s
}

func setToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "crowd.token_key", Value: token, Path: "/"})
		next(w, r)
	}
}

// TestFormAfterPost is about what Crowd may say to a posted form: it has no words
// that are documented.
func TestFormAfterPost(t *testing.T) {
	tests := []struct {
		name    string
		login   http.HandlerFunc
		wantErr error
		words   string
	}{
		{"sent home", setToken(redirect("/crowd/console/secure/console.action")), nil, ""},
		{"sent nowhere", setToken(page(200, "<title>Crowd Console</title>")), nil, ""},
		{"response at once", page(200, responsePage("rs-1")), nil, ""},
		{"home without a token", redirect("/crowd/console/secure/console.action"), autherr.ErrCredentials, "login form"},
		{"login page again", page(200, serverLogin), autherr.ErrCredentials, "login form"},
		{"login page with 401", page(401, serverLogin), autherr.ErrCredentials, "401"},
		{"forbidden", page(403, "<title>Forbidden</title>"), autherr.ErrCredentials, "403"},
		{"password is quoted", page(200, `<p class="error">no user has pa&lt;ss&gt;&amp;"word'</p>`+serverLogin), autherr.ErrCredentials, "no user has [redacted]"},
		{"taken, yet the login page", setToken(page(200, serverLogin)), nil, ""},
		{"taken, and ignored", func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "crowd.token_key", Value: "other00", Path: "/"})
			redirect("/crowd/console/secure/console.action")(w, r)
		}, autherr.ErrConfig, "access to the Crowd application"},
		{"no such address", page(404, "<title>Not Found</title>"), autherr.ErrUnsupported, "404"},
		{"too many", page(429, ""), autherr.ErrRateLimited, "429"},
		{"overloaded", page(503, ""), autherr.ErrUnreachable, "503"},
		{"second factor", page(200, factorPage), autherr.ErrUnsupported, "second factor"},
		{"another host", redirect("https://idp.example.net/"), autherr.ErrBadAnswer, "idp.example.net"},
		{"around and around", redirect("/crowd/console/loop.action"), autherr.ErrBadAnswer, "redirects"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := formServer(serverLogin, test.login)
			shown := s.console
			s.console = func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/loop.action") {
					redirect("/crowd/console/loop.action")(w, r)
					return
				}
				shown(w, r)
			}
			_, err := withoutApp(newClient(s)).SignIn(t.Context(), startHere())
			if !errors.Is(err, test.wantErr) {
				t.Fatalf("error %v, want %v", err, test.wantErr)
			}
			if err != nil && (!strings.Contains(err.Error()+hintOf(err), test.words) || strings.Contains(err.Error(), password)) {
				t.Errorf("the error does not say %q: %v (%s)", test.words, err, hintOf(err))
			}
			if n := s.count("POST", ""); n != 1 {
				t.Errorf("%d posts, want 1", n)
			}
			if errors.Is(err, autherr.ErrCredentials) {
				var e *crowd.Error
				if !errors.As(err, &e) || e.RefusedSecret() != "Password" {
					t.Errorf("%v is not about the password", err)
				}
			}
			for _, k := range s.seen {
				if k.host != "crowd.example.com" || k.method != "POST" && strings.Contains(k.query+k.body, "pa%3Css") {
					t.Errorf("%s %s%s got the password", k.method, k.host, k.path)
				}
			}
		})
	}
}

// TestFormIsPostedAsItStands: hidden fields and the first button as the page has
// them, to the form's own address, with the servlet session in the path.
func TestFormIsPostedAsItStands(t *testing.T) {
	s := formServer(`<title>Sign in</title><form action="j_security_check;jsessionid=SECRETID" method="post"><input name="j_username" value="last user">
		<input type="password" name="j_password"><input type="checkbox" name="_spring_remember"><input type="hidden" name="atl_token" value="a&amp;b">
		<input type="hidden" name="x" value="1"><input type="hidden" name="x" value="2"><button name="login" value="Log in">Log in</button><button name="other">x</button></form>`,
		setToken(redirect(base+crowd.Suffix+"?SAMLRequest=fZJ&RelayState=rs-1")))
	var log strings.Builder
	c := withoutApp(newClient(s))
	c.Logger = debugLogger(&log)
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	post := s.last("/j_security_check;jsessionid=SECRETID")
	got, _ := url.ParseQuery(post.body)
	want := url.Values{"j_username": {user}, "j_password": {password}, "atl_token": {"a&b"}, "x": {"1", "2"}, "login": {"Log in"}}
	if got.Encode() != want.Encode() || post.path != "/crowd/console/secure/saml/j_security_check;jsessionid=SECRETID" {
		t.Errorf("posted %s to %s", got.Encode(), post.path)
	}
	if strings.Contains(log.String(), "SECRETID") || !strings.Contains(log.String(), "j_security_check") {
		t.Error("the log has the session in the path, or lacks the request")
	}
}

func TestFormThatMustNotBeFilledIn(t *testing.T) {
	form := func(attributes string) string {
		return `<title>Atlassian Crowd - Login</title><form ` + attributes + `><input name="j_username"><input type="password" name="j_password"></form>`
	}
	for name, test := range map[string]struct {
		page    string
		wantErr error
	}{
		"another host":       {form(`method="post" action="https://evil.example.net/crowd/console/j_security_check"`), autherr.ErrBadAnswer},
		"host with its name": {form(`method="post" action="https://crowd.example.com.evil.example.net/crowd/console/j_security_check"`), autherr.ErrBadAnswer},
		"another port":       {form(`method="post" action="https://crowd.example.com:8443/crowd/console/j_security_check"`), autherr.ErrBadAnswer},
		"not https":          {form(`method="post" action="http://crowd.example.com/crowd/console/j_security_check"`), autherr.ErrBadAnswer},
		"user info":          {form(`method="post" action="https://a:b@crowd.example.com/crowd/console/j_security_check"`), autherr.ErrBadAnswer},
		"another place":      {form(`method="post" action="/wiki/dologin.action"`), autherr.ErrBadAnswer},
		"another, disguised": {form(`method="post" action="/crowd/%2e%2e/wiki/j_security_check"`), autherr.ErrBadAnswer},
		"script":             {form(`method="post" action="javascript:login()"`), autherr.ErrBadAnswer},
		"in the address":     {form(`action="/crowd/console/j_security_check"`), autherr.ErrBadAnswer},
		"no password field":  {`<title>Atlassian Crowd - Login</title><form action="/crowd/console/j_security_check" method="post"><input name="j_username"></form>`, autherr.ErrUnsupported},
		"drawn by a script":  {scriptLogin, autherr.ErrUnsupported},
	} {
		s := formServer(test.page, setToken(redirect("/crowd/")))
		c := withoutApp(newClient(s))
		c.Password = func(context.Context) (string, error) {
			t.Errorf("%s: the password was asked for", name)
			return password, nil
		}
		if _, err := c.SignIn(t.Context(), startHere()); !errors.Is(err, test.wantErr) {
			t.Errorf("%s: error %v, want %v", name, err, test.wantErr)
		}
		if n := s.count("POST", ""); n != 0 {
			t.Errorf("%s: %d posts", name, n)
		}
	}
}

// TestFormAnswerLost: whatever is lost from the post on may have been the verdict.
func TestFormAnswerLost(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, test := range map[string]struct {
		suffix string
		want   bool
	}{"before the post": {"/console/login.action", true}, "of the post": {"/j_security_check", false}, "after the post": {"/home.action", false}} {
		s := newSite(t)
		s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.LoginRedirect = true })
		s.net.Intercept(func(host string, r *http.Request) http.Handler {
			switch {
			case strings.HasSuffix(r.URL.Path, test.suffix):
				return http.HandlerFunc(hangUp)
			case strings.HasSuffix(r.URL.Path, "/j_security_check"):
				return http.HandlerFunc(redirect("/crowd/console/home.action"))
			}
			return nil
		})
		_, err := withoutApp(s.client()).SignIn(t.Context(), s.start(cookiejar.New()))
		var h *httpclient.Error
		if !errors.As(err, &h) || h.SafeToRetry() != test.want {
			t.Errorf("%s: %v: safe to retry %v, want %v", name, err, !test.want, test.want)
		}
	}
}

// TestFormVerdictIsNotLost: a redirect to the login page is a refusal, whatever
// becomes of that page.
func TestFormVerdictIsNotLost(t *testing.T) {
	s := newSite(t)
	s.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: "other"})
	s.crowd.Configure(func(c *fixtures.CrowdConfig) { c.LoginRedirect = true })
	s.net.Intercept(func(_ string, r *http.Request) http.Handler {
		if r.URL.Query().Has("error") {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		}
		return nil
	})
	if _, err := withoutApp(s.client()).SignIn(t.Context(), s.start(cookiejar.New())); !errors.Is(err, autherr.ErrCredentials) {
		t.Errorf("error %v, want ErrCredentials", err)
	}
}

func TestFormNeedsAPassword(t *testing.T) {
	s := formServer(serverLogin, redirect("/crowd/"))
	c := withoutApp(newClient(s))
	c.Password = given("")
	if _, err := c.SignIn(t.Context(), startHere()); !errors.Is(err, autherr.ErrConfig) || s.count("POST", "") != 0 {
		t.Errorf("with an empty password: %v, %d posts", err, s.count("POST", ""))
	}
	c = withoutApp(newClient(s))
	c.AppPassword = given(appPassword)
	_, err := c.SignIn(t.Context(), startHere())
	if !errors.Is(err, autherr.ErrConfig) || !strings.Contains(err.Error(), "SSOAppName is missing") || s.count("POST", "") != 0 {
		t.Errorf("with half of the application: %v", err)
	}
}

func TestFormSignOutThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		console http.HandlerFunc
		wantErr error
	}{
		"still signed in": {page(200, "<title>Crowd Console</title><a href='/crowd/console/logoff.action'>Log out</a>"), autherr.ErrBadAnswer},
		"down":            {page(503, ""), autherr.ErrUnreachable},
		"elsewhere":       {redirect("https://gateway.example.net/"), autherr.ErrUnreachable},
		"maintenance":     {page(200, "<title>Maintenance</title>"), autherr.ErrUnreachable},
		"not found":       {page(404, "<title>Not found</title>"), autherr.ErrUnreachable},
	} {
		s := formServer(serverLogin, setToken(redirect("/crowd/")))
		c := withoutApp(newClient(s))
		if _, err := c.SignIn(t.Context(), startHere()); err != nil {
			t.Fatal(err)
		}
		s.console = test.console
		if err := c.SignOut(t.Context()); !errors.Is(err, test.wantErr) {
			t.Errorf("%s: error %v, want %v", name, err, test.wantErr)
		}
		if len(remembered(t, c)) == 0 {
			t.Errorf("%s: the token is forgotten, and alive", name)
		}
	}
}
