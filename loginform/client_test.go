package loginform_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/saml"
)

var cookie = http.Header{"Set-Cookie": {"sid=secretcookie; Path=/; Secure; HttpOnly"}}

// liveSite asks for the password once; afterwards its session answers.
func liveSite() *site {
	page := handOver(acs)
	page.header = cookie
	return newSite(map[string][]answer{idp + "/sso": one(html(plainForm), handOver(acs)), idp + "/login": one(page)})
}

// A live session at the identity provider needs no password, in another process either.
func TestLiveSessionNeedsNoPassword(t *testing.T) {
	s := liveSite()
	first := client(s)
	if _, err := first.SignIn(t.Context(), start(idp+"/sso")); err != nil {
		t.Fatal(err)
	}
	memory, err := first.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	second := client(s)
	second.Password = func(context.Context) (string, error) { t.Error("the password was read"); return "", nil }
	if err := second.Restore(memory); err != nil {
		t.Fatal(err)
	}
	if !second.Resumable() {
		t.Error("the session is not resumable")
	}
	if _, err := second.SignIn(t.Context(), start(idp+"/sso")); err != nil {
		t.Fatal(err)
	}
	if got := s.seen[len(s.seen)-1].header.Get("Cookie"); got != "sid=secretcookie" {
		t.Errorf("cookie %q", got)
	}
	if second.PasswordTried() {
		t.Error("the second sign-in is said to rest on the password")
	}
	wantPasswords(t, s, idpHost)
}

func TestSessionSetAside(t *testing.T) {
	s := liveSite()
	c := client(s)
	if _, err := c.SignIn(t.Context(), start(idp+"/sso")); err != nil {
		t.Fatal(err)
	}
	takeBack := c.SetSessionAside()
	if c.HasSession() || c.Resumable() {
		t.Error("the session is not set aside")
	}
	takeBack()
	if !c.HasSession() || !c.Resumable() {
		t.Error("the session did not come back")
	}
}

// What is about another user or identity provider, or damaged, is not used.
func TestForeignMemory(t *testing.T) {
	c := client(liveSite())
	memory, _ := c.Snapshot()
	other, elsewhere := client(nil), client(nil)
	other.User, elsewhere.LoginURL = "somebody", address("https://other.example.com/")
	for name, restore := range map[string]error{"user": other.Restore(memory), "place": elsewhere.Restore(memory),
		"damaged": c.Restore([]byte("{")), "version": c.Restore([]byte(`{"v":9}`))} {
		if !errors.Is(restore, autherr.ErrConfig) {
			t.Errorf("%s: %v", name, restore)
		}
	}
}

// A refusal names the password; an end that tells nothing about it leaves it unsettled.
func TestWhatIsKnownOfThePassword(t *testing.T) {
	for _, c := range []struct {
		name, page         string
		refused, unsettled string
	}{
		{"refused", plainForm, "Password", ""},
		{"unknown page", "<h1>Hm</h1>", "", "Password"},
		{"a response that says it failed", `<form method="post" action="` + acs + `"><input type="hidden" name="SAMLResponse" value="` +
			encoded("Responder") + `"></form>`, "", "Password"},
		{"accepted, and a choice", twoFactors, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(html(c.page))})
			_, err := client(s).SignIn(t.Context(), start(idp+"/sso"))
			var refused interface{ RefusedSecret() string }
			var unsettled interface{ UnsettledSecret() string }
			got, open := "", ""
			if errors.As(err, &refused) {
				got = refused.RefusedSecret()
			}
			if errors.As(err, &unsettled) {
				open = unsettled.UnsettledSecret()
			}
			if got != c.refused || open != c.unsettled {
				t.Errorf("refused %q, unsettled %q: %v", got, open, err)
			}
		})
	}
}

// Once the password has left, no failure is safe to try again; before that one is.
func TestLostAnswerIsNotRepeated(t *testing.T) {
	for _, c := range []struct {
		name        string
		breaks      string // method and address of the request that fails
		written     bool   // after it was written
		safe, taken bool
	}{
		{"no connection for the password", "POST " + idp + "/login", false, true, false},
		{"the password's answer is lost", "POST " + idp + "/login", true, false, true},
		{"no connection afterwards", "GET " + idp + "/next", false, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
				"/login": one(answer{to: "/next"})})
			cl := client(roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method+" "+r.URL.String() != c.breaks {
					return s.RoundTrip(r)
				}
				if c.written {
					s.RoundTrip(r)
					httptrace.ContextClientTrace(r.Context()).WroteHeaders()
				}
				return nil, errors.New("connection reset")
			}))
			_, err := cl.SignIn(t.Context(), start(idp+"/sso"))
			var retry interface{ SafeToRetry() bool }
			if !errors.Is(err, autherr.ErrUnreachable) || !errors.As(err, &retry) || retry.SafeToRetry() != c.safe {
				t.Errorf("error %v", err)
			}
			if got := len(s.passwords()); got != map[bool]int{true: 1}[c.taken] {
				t.Errorf("the password left %d times", got)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The headers that applications check are those of the page's origin; its query stays here.
func TestHeaders(t *testing.T) {
	s := newSite(signsIn[0].pages)
	if _, err := client(s).SignIn(t.Context(), start(idp+"/sso")); err != nil {
		t.Fatal(err)
	}
	h := s.posted(idp + "/loginuserpass.php")[0].header
	for name, want := range map[string]string{"Origin": idp, "Referer": idp + "/", "Accept-Language": "en",
		"User-Agent": "ssoexchange"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Nothing is sent while something is missing, or the request is somebody else's.
func TestConfiguration(t *testing.T) {
	for name, change := range map[string]func(*loginform.Client){
		"LoginURL": func(c *loginform.Client) { c.LoginURL = nil }, "ACS": func(c *loginform.Client) { c.ACS = nil },
		"User": func(c *loginform.Client) { c.User = "" }, "Password": func(c *loginform.Client) { c.Password = nil },
		"http":    func(c *loginform.Client) { c.LoginURL = address("http://idp.example.com/") },
		"Product": func(c *loginform.Client) { c.Product = "Other" },
		"Hosts":   func(c *loginform.Client) { c.Hosts = []string{"https://x.example.com/path"} },
		"request": func(c *loginform.Client) { c.LoginURL = address("https://other.example.com/") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(nil)
			c := client(s)
			change(c)
			if _, err := c.SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrConfig) {
				t.Errorf("error %v", err)
			}
			if len(s.seen) > 0 {
				t.Errorf("asked %s", s.seen[0].at)
			}
		})
	}
}

func TestDomain(t *testing.T) {
	for _, c := range []struct{ product, user, domain, want string }{
		{"ADFS", "jdoe", "CORP", `CORP\jdoe`}, {"ADFS", "jdoe", "corp.example.com", "jdoe@corp.example.com"},
		{"ADFS", `X\jdoe`, "CORP", `X\jdoe`}, {"SAML", "jdoe", "example", "jdoe@example"}, {"CAS", "jdoe@a.b",
			"c.d", "jdoe@a.b"},
	} {
		s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(handOver(acs))})
		cl := client(s)
		cl.Product, cl.User, cl.Domain = c.product, c.user, c.domain
		if _, err := cl.SignIn(t.Context(), start(idp+"/sso")); err != nil {
			t.Fatal(err)
		}
		if got := s.posted(idp + "/login")[0].body.Get("username"); got != c.want {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// The identity provider may begin, if nothing starts at the service provider.
func TestIdPInitiated(t *testing.T) {
	s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(handOver(acs))})
	if _, err := client(s).SignIn(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func TestStartFails(t *testing.T) {
	s := newSite(nil)
	_, err := client(s).SignIn(t.Context(), func(context.Context) (*saml.Request, error) {
		return nil,
			autherr.New(autherr.ErrUnreachable, "x", "")
	})
	if !errors.Is(err, autherr.ErrUnreachable) || len(s.seen) > 0 {
		t.Errorf("error %v, asked %v", err, s.seen)
	}
}

func TestSignOut(t *testing.T) {
	for product, want := range map[string]string{"CAS": "/prefix/cas/logout", "LemonLDAP": "/", "Keycloak": ""} {
		s := liveSite()
		c := client(s)
		c.Product = product
		if product == "CAS" {
			c.LoginURL = address(idp + "/prefix/cas/login")
		}
		if _, err := c.SignIn(t.Context(), start(idp+"/sso")); err != nil {
			t.Fatal(err)
		}
		before := len(s.seen)
		if err := c.SignOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(s.seen) > before {
			got = strings.TrimPrefix(s.seen[before].at, idp)
		}
		if got != want || c.HasSession() {
			t.Errorf("%s: asked %q, session %t", product, got, c.HasSession())
		}
	}
}

// Look stops before the first secret, and describes the form without values.
func TestLook(t *testing.T) {
	s := newSite(signsIn[2].pages)
	c := client(s)
	c.Password = nil
	c.Password = func(context.Context) (string, error) { t.Error("the password was read"); return "", nil }
	f, err := c.Look(t.Context(), start(idp+"/sso"))
	if err != nil {
		t.Fatal(err)
	}
	text := f.String()
	for _, want := range []string{"page https://idp.example.com/sso\n",
		"form POST https://idp.example.com/realms/r/login-actions/authenticate", `"username"  <- user`,
		`"password"  <- password`, `"login"  <- pressed`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "session_code") || len(s.seen) != 1 {
		t.Errorf("%d requests, %s", len(s.seen), text)
	}
}

func TestPrintsNoSecret(t *testing.T) {
	c := client(liveSite())
	if _, err := c.SignIn(t.Context(), start(idp+"/sso")); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, "secretcookie") || !strings.Contains(text,
			"idp.example.com") {
			t.Errorf("%s: %s", verb, text)
		}
	}
}

func TestParseChoices(t *testing.T) {
	got, err := loginform.ParseChoices("sf=totp; _eventId_proceed= ;social-corp;")
	want := []loginform.Choice{{Name: "sf", Value: "totp"}, {Name: "_eventId_proceed"}, {Name: "id",
		Value: "social-corp"}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := loginform.ParseChoices("=x"); !errors.Is(err, autherr.ErrConfig) {
		t.Errorf("error %v", err)
	}
}
