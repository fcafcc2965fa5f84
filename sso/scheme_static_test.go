package sso_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// basicAndPAT are connections of the static schemes to the world's Jira, each with the right secret.
func basicAndPAT(w *fixtures.World, ca string) map[string]string {
	w.Jira.SetPassword(w.User, "jira's own password")
	base := "URL=" + w.Jira.BaseURL() + ";SSLServerCert=" + ca + ";"
	return map[string]string{
		"Basic": base + "AuthScheme=Basic;User=" + w.User + ";Password=jira's own password",
		"PAT":   base + "AuthScheme=PAT;APIToken=" + w.Jira.AddToken(w.User),
	}
}

func staticWorld(t *testing.T) (*fixtures.World, *sso.Options, map[string]string) {
	w, opts, ca := world(t)
	return w, opts, basicAndPAT(w, strings.TrimPrefix(ca, "SSLServerCert="))
}

// One request proves the credential, each request carries it, and no cookie comes back.
func TestStaticSchemes(t *testing.T) {
	w, opts, connections := staticWorld(t)
	for name, conn := range connections {
		t.Run(name, func(t *testing.T) {
			w.Net.Reset()
			c := open(t, conn, opts)
			s, err := c.Session(t.Context())
			if err != nil || !strings.EqualFold(s.User, w.User) || s.HasCookies() {
				t.Fatalf("%v, %v", s, err)
			}
			resp, err := c.HTTP().Post(w.Jira.BaseURL()+"/rest/api/2/issue/HELP-1/comment", "application/json", strings.NewReader(`{"body":"hello"}`))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusCreated {
				t.Errorf("a comment was answered %d", resp.StatusCode)
			}
			for _, r := range w.Net.Requests() {
				if r.Header.Get("Authorization") == "" || r.Header.Get("Cookie") != "" || !strings.HasPrefix(r.Host, "jira.") {
					t.Errorf("%s %s%s: Authorization %v, Cookie %q", r.Method, r.Host, r.Path, r.Header.Get("Authorization") != "", r.Header.Get("Cookie"))
				}
			}
			if n := len(w.Net.Requests()); n != 2 {
				t.Errorf("%d requests, want the proof and the comment", n)
			}
			if again, err := c.Check(t.Context()); err != nil || !strings.EqualFold(again.User, w.User) {
				t.Errorf("Check: %v, %v", again, err)
			}
			if _, err := c.EndSessions(t.Context()); err != nil {
				t.Errorf("EndSessions: %v", err)
			}
		})
	}
}

// A refused secret is sent once, and not again by another Client on the same store.
func TestStaticSecretsAreRefusedOnce(t *testing.T) {
	for _, name := range []string{"Basic", "PAT"} {
		t.Run(name, func(t *testing.T) {
			w, opts, connections := staticWorld(t)
			conn := strings.NewReplacer("jira's own password", "of last year", "APIToken=", "APIToken=x").Replace(connections[name])
			opts.Store = &sso.MemoryStore{}
			for try := range 3 {
				c := open(t, conn, opts)
				if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) {
					t.Errorf("try %d: %v", try, err)
				}
				if _, err := c.HTTP().Get(w.Jira.BaseURL() + "/rest/api/2/myself"); !errors.Is(err, sso.ErrCredentials) {
					t.Errorf("try %d, a request: %v", try, err)
				}
			}
			if n := len(w.Net.Requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			right := open(t, connections[name], opts)
			if _, err := right.Session(t.Context()); err != nil {
				t.Errorf("the right one: %v", err)
			}
		})
	}
}

func TestBasicRefusals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(w *fixtures.World)
		want   error
		text   string
	}{
		{"Basic is off", func(w *fixtures.World) { w.Jira.Configure(func(c *fixtures.JiraConfig) { c.BasicOff = true }) }, sso.ErrConfig, "switched off"},
		{"captcha", func(w *fixtures.World) {
			for range 3 {
				r, _ := http.NewRequest("GET", w.Jira.BaseURL()+"/rest/api/2/myself", nil)
				r.SetBasicAuth(w.User, "wrong")
				if resp, err := w.Net.Client().Do(r); err == nil {
					resp.Body.Close()
				}
			}
			w.Net.Reset()
		}, sso.ErrCredentials, "captcha"},
		{"maintenance", func(w *fixtures.World) {
			w.Net.Intercept(func(string, *http.Request) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
			})
		}, sso.ErrUnreachable, "503"},
		{"a gateway's login page", func(w *fixtures.World) {
			w.Net.Intercept(func(string, *http.Request) http.Handler {
				return http.RedirectHandler("https://login.microsoftonline.com/common/oauth2/authorize?client_id=x", http.StatusFound)
			})
		}, sso.ErrUnsupported, "gateway"},
		{"something that is not known", func(w *fixtures.World) {
			w.Net.Intercept(func(string, *http.Request) http.Handler {
				return http.RedirectHandler("https://login.example.com/", http.StatusFound)
			})
		}, sso.ErrUnreachable, "something else answers in place of Jira"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, opts, connections := staticWorld(t)
			tt.change(w)
			c := open(t, connections["Basic"], opts)
			_, err := c.Session(t.Context())
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, want %v with %q", err, tt.want, tt.text)
			}
			if n := w.Net.Count("jira.example.com", "GET", "/rest/api/2/myself"); n > 1 {
				t.Errorf("the password was sent %d times", n)
			}
		})
	}
}
