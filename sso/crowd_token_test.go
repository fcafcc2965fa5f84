package sso_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// rewriting lets Crowd answer the session call and changes what it says.
func rewriting(w *fixtures.World, change func(body string) string) {
	w.Net.Rewrite(func(a *fixtures.Answer) {
		if a.Host == "crowd.example.com" && a.Request.Method == "POST" && strings.HasSuffix(a.Request.URL.Path, "/session") {
			a.Body = change(a.Body)
		}
	})
}

// TestUnreadableCrowdSession: Crowd writes what its directory holds. The token is used.
func TestUnreadableCrowdSession(t *testing.T) {
	for name, junk := range map[string]string{
		"control character": "\x0b", "reference": "&#11;", "Latin-1": "J\xfcrgen", "bare &": "R & D", "bare <": "<3", "NUL": "\x00", "surrogate": "&#xD83D;",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			rewriting(w, func(body string) string {
				return strings.Replace(body, "<user ", "<display-name>"+junk+"</display-name><user ", 1)
			})
			if _, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := w.Net.Count("crowd.example.com", "POST", crowdSession); n != 1 || w.Crowd.Sessions(w.User) != 1 {
				t.Errorf("%d passwords posted, %d sessions", n, w.Crowd.Sessions(w.User))
			}
		})
	}
}

// TestNoTokenIsLeftAlone: a sign-in that cannot use its token leaves no session at Crowd.
func TestNoTokenIsLeftAlone(t *testing.T) {
	for name, change := range map[string]func(*fixtures.World){
		"the console ignores it": func(w *fixtures.World) { w.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress = false }) },
		"the same, by a redirect": func(w *fixtures.World) {
			w.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress, c.LoginRedirect = false, true })
		},
		"in an answer that is no session": func(w *fixtures.World) {
			rewriting(w, func(body string) string {
				_, rest, _ := strings.Cut(body, "<token>")
				token, _, _ := strings.Cut(rest, "</token>")
				return `{"token":"` + token + `"}`
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			change(w)
			if _, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context()); err == nil || errors.Is(err, sso.ErrCredentials) {
				t.Fatalf("error %v", err)
			}
			if n := w.Crowd.Sessions(w.User); n != 0 {
				t.Errorf("%d sessions are left at Crowd", n)
			}
		})
	}
}
