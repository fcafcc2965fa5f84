package sso_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestTrustExchange: the SP's own word on the answer to the assertion saves the check;
// an answer that does not say enough does not.
func TestTrustExchange(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(http.Header)
		asked  bool
	}{
		"named":              {func(http.Header) {}, false},
		"not named":          {func(h http.Header) { h.Del("X-Ausername") }, true},
		"anonymous":          {func(h http.Header) { h.Set("X-Ausername", "anonymous") }, true},
		"login failed":       {func(h http.Header) { h.Set("X-Seraph-Loginreason", "AUTHENTICATED_FAILED") }, true},
		"refused":            {func(h http.Header) { h.Set("Test-Status", "403") }, true},
		"no session of ours": {func(h http.Header) { without(h, "JSESSIONID") }, true},
		"a session removed": {func(h http.Header) {
			without(h, "JSESSIONID")
			h.Add("Set-Cookie", "JSESSIONID=x; Path=/; Max-Age=0")
		}, true},
		"an empty session": {func(h http.Header) {
			without(h, "JSESSIONID")
			h.Add("Set-Cookie", `JSESSIONID=""; Path=/`)
		}, true},
		"a session of another path": {func(h http.Header) {
			without(h, "JSESSIONID")
			h.Add("Set-Cookie", "JSESSIONID=x; Path=/elsewhere")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w, opts, ca := world(t)
			w.Jira.SetRememberMe(false) // it would make up for a lost cookie
			opts.TrustExchange = true
			w.Net.Rewrite(func(a *fixtures.Answer) {
				if !strings.HasSuffix(a.Request.URL.Path, "/samlconsumer") {
					return
				}
				tt.change(a.Header)
				if _, err := fmt.Sscan(a.Header.Get("Test-Status"), &a.Status); err == nil {
					a.Header.Del("Location")
				}
			})
			c := open(t, w.OktaConnection("User=passwordonly@example.com", ca), opts)
			s, err := c.Session(t.Context())
			if strings.Contains(name, "session") {
				// The session was opened and its cookie lost: the check finds that out.
				if err == nil {
					t.Fatal("a session without its cookie was believed")
				}
			} else if err != nil || s.User != "passwordonly@example.com" {
				t.Fatalf("session %v, error %v", s, err)
			}
			if asked := w.Net.Count("jira.example.com", http.MethodGet, "/rest/api/2/myself") > 0; asked != tt.asked {
				t.Errorf("asked who it is: %t, want %t", asked, tt.asked)
			}
			if n := w.Net.Count("jira.example.com", http.MethodPost, "/plugins/servlet/samlconsumer"); n != 1 {
				t.Errorf("%d assertions", n)
			}
		})
	}
}

// without removes a cookie from those that h sets.
func without(h http.Header, cookie string) {
	var keep []string
	for _, line := range h.Values("Set-Cookie") {
		if !strings.HasPrefix(line, cookie+"=") {
			keep = append(keep, line)
		}
	}
	h["Set-Cookie"] = keep
}
