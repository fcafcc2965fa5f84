package sso_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	pathMyself  = "/rest/api/2/myself"
	pathSession = "/rest/auth/1/session"
)

// says answers with a status, a type, a body and headers ("Name: value").
func says(status int, contentType, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Add(name, value)
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

const (
	jsonType  = "application/json;charset=UTF-8"
	htmlType  = "text/html;charset=UTF-8"
	loginPage = `<html><head><title>Log in - Jira</title></head><body><form><input name="os_username"><input type="password" name="os_password"></form></body></html>`
	noAuth    = `{"errorMessages":["You are not authenticated. Authentication required to perform this operation."],"errors":{}}`
)

// TestProof holds what servers answer to the session check against what is believed.
// The stored session has JSESSIONID and the _lin marker all the time: they are no
// proof.
func TestProof(t *testing.T) {
	ana := says(200, jsonType, `{"self":"x","key":"JIRAUSER1","name":"ana"}`, "X-AUSERNAME: ana")
	nobody := says(401, jsonType, noAuth, "X-AUSERNAME: anonymous")
	blocked := says(403, htmlType, "<h1>Forbidden</h1>")
	absent := says(404, "application/xml", `<status><status-code>404</status-code></status>`)
	for _, tt := range []struct {
		name            string
		myself, session http.HandlerFunc // nil session: must not be asked
		user            string           // "": the session is over, if err is nil
		err             error
	}{
		{"a name", ana, nil, "ana", nil},
		{"a key only", says(200, jsonType, `{"key":"JIRAUSER1"}`), nil, "JIRAUSER1", nil},
		{"a name, and _lout beside it", says(200, jsonType, `{"name":"ana"}`, "Set-Cookie: atlassian.xsrf.token=A_b_lout; Path=/"), nil, "ana", nil},

		{"401", nobody, nil, "", nil},
		{"401 of an invalid cookie", says(401, htmlType, "<h1>HTTP Status 401</h1>os_authType was 'any' and an invalid cookie was sent."), nil, "", nil},
		{"401 that names a user in the header", says(401, jsonType, noAuth, "X-AUSERNAME: ana"), nil, "", nil},
		{"200 for anonymous", says(200, jsonType, `{"name":"ana"}`, "X-AUSERNAME: anonymous"), nil, "", nil},
		{"200 with a failed login", says(200, jsonType, `{"name":"ana"}`, "X-Seraph-LoginReason: AUTHENTICATED_FAILED"), nil, "", nil},
		{"200 with a denied login", says(200, jsonType, `{"name":"ana"}`, "X-Seraph-Loginreason: OK", "X-Seraph-LoginReason: AUTHENTICATION_DENIED"), nil, "", nil},
		{"200 and empty", says(200, jsonType, ""), nil, "", nil},
		{"200, empty object", says(200, jsonType, "{}"), nil, "", nil},
		{"200, an array", says(200, jsonType, `["ana"]`), nil, "", nil},
		{"200, name anonymous", says(200, jsonType, `{"name":"Anonymous"}`), nil, "", nil},
		{"200, name with an escape sequence", says(200, jsonType, `{"name":"ana\u001b[2J"}`), nil, "", nil},
		{"200, name of 300 letters", says(200, jsonType, `{"name":"`+strings.Repeat("a", 300)+`"}`), nil, "", nil},
		{"200 login page", says(200, htmlType, loginPage, "X-AUSERNAME: anonymous"), nil, "", nil},
		{"200 login page of a gateway", says(200, htmlType, loginPage), nil, "", nil},
		{"200 login page that calls itself JSON", says(200, jsonType, loginPage), nil, "", nil},
		{"JSON that calls itself HTML", says(200, htmlType, `{"name":"ana"}`), nil, "", nil},
		{"JSON without a type", says(200, "", `{"name":"ana"}`), nil, "ana", nil},
		{"302 to a foreign host", says(302, htmlType, "", "Location: https://gateway.example.net/oauth2/start", "X-AUSERNAME: ana"), nil, "", nil},
		{"302 to the login page", says(302, htmlType, "", "Location: /login.jsp?permissionViolation=true"), nil, "", nil},
		{"204", says(204, jsonType, ""), nobody, "", nil},

		{"blocked, session names", blocked, says(200, jsonType, `{"self":"x","name":"ana","loginInfo":{}}`), "ana", nil},
		{"blocked, session says nobody", blocked, nobody, "", nil},
		{"blocked, session is a login page", blocked, says(200, htmlType, loginPage), "", nil},
		{"both absent, header names", says(404, "application/xml", "", "X-AUSERNAME: ana%40example.com"), absent, "ana@example.com", nil},
		{"both absent, header of the second", absent, says(404, "application/xml", "", "X-AUSERNAME: ana"), "ana", nil},
		{"both absent, header anonymous", says(403, htmlType, "", "X-AUSERNAME: anonymous"), absent, "", nil},
		{"both absent, header of a failed login", says(403, htmlType, "", "X-AUSERNAME: ana", "X-Seraph-LoginReason: AUTHENTICATED_FAILED"), absent, "", nil},
		{"both absent, header with a line break", says(403, htmlType, "", "X-AUSERNAME: ana%0d%0ax"), absent, "", nil},
		{"both absent, nothing said", blocked, absent, "", nil},

		{"trouble", says(503, htmlType, "", "X-AUSERNAME: ana"), nil, "", sso.ErrUnreachable},
		{"wait", says(429, jsonType, "{}", "Retry-After: 5"), nil, "", sso.ErrRateLimited},
		{"blocked, then trouble", blocked, says(500, htmlType, ""), "", sso.ErrUnreachable},
		{"blocked, then wait", blocked, says(429, htmlType, ""), "", sso.ErrRateLimited},
		{"more than a name", says(200, jsonType, `{"name":"`+strings.Repeat("a", 2<<20)+`"}`), nil, "", sso.ErrBadAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "", nil, "Okta")
			c := open(t, w.OktaConnection(ca), opts)
			s, err := c.Session(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !hasCookie(s, "JSESSIONID", "") || !hasCookie(s, "atlassian.xsrf.token", "_lin") {
				t.Fatalf("the session lacks what must not be a proof: %v", s.Cookies)
			}
			w.Jira.Configure(func(c *fixtures.JiraConfig) { c.RememberMe = false })
			asked := 0
			w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
				switch r.URL.Path {
				case pathMyself:
					return tt.myself
				case pathSession:
					asked++
					if tt.session != nil {
						return tt.session
					}
				}
				return nil
			})
			w.Net.Reset()
			got, err := c.Check(t.Context())
			switch {
			case tt.err != nil:
				if !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
			case tt.user == "":
				if !errors.Is(err, sso.ErrNoSession) {
					t.Errorf("session %v, error %v, want ErrNoSession", got, err)
				}
			case err != nil || got.User != tt.user:
				t.Errorf("session %v, error %v, want %s", got, err, tt.user)
			}
			if (tt.session != nil) != (asked > 0) {
				t.Errorf("%s was asked %d times", pathSession, asked)
			}
			if n := w.Net.Count("gateway.example.net", "", ""); n != 0 {
				t.Errorf("%d requests to a gateway", n)
			}
		})
	}
}

func hasCookie(s *sso.Session, name, suffix string) bool {
	for _, c := range s.Cookies {
		if c.Name == name && strings.HasSuffix(c.Value, suffix) {
			return true
		}
	}
	return false
}

func valueOf(s *sso.Session, name string) string {
	for _, c := range s.Cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// TestBlockedProof signs in where a site blocks the resources that would tell.
func TestBlockedProof(t *testing.T) {
	for _, tt := range []struct {
		myself, auth int
	}{{404, 0}, {403, 0}, {403, 404}, {404, 403}, {0, 403}} {
		t.Run(fmt.Sprintf("myself %d, auth %d", tt.myself, tt.auth), func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "", func(c *fixtures.JiraConfig) { c.BlockMyself, c.BlockAuthResource = tt.myself, tt.auth }, "Okta", "Crowd")
			for _, idp := range []string{"Okta", "Crowd"} {
				s, err := open(t, connection(w, idp, ca), opts).Session(t.Context())
				if err != nil || s.User != w.User {
					t.Errorf("%s: session %v, error %v", idp, s, err)
				}
			}
			w.Jira.EndSessions(w.User)
			w.Jira.Configure(func(c *fixtures.JiraConfig) { c.RememberMe = false })
			if _, err := open(t, w.OktaConnection(ca), opts).Check(t.Context()); !errors.Is(err, sso.ErrNoSession) {
				t.Errorf("after the end: %v, want ErrNoSession", err)
			}
		})
	}
}

// TestRememberMe: when JSESSIONID has died, the remembered login makes a new one
// without a sign-in, whichever of the two the SP looks at first, and the new one is
// kept and stored.
func TestRememberMe(t *testing.T) {
	for _, stale := range []bool{false, true} {
		t.Run(fmt.Sprintf("stale first %v", stale), func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "/jira", func(c *fixtures.JiraConfig) { c.RememberMe, c.StaleBeatsRememberMe = true, stale }, "Okta")
			c := open(t, w.OktaConnection(ca), opts)
			first, err := c.Session(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			noSignIn := func(what string) {
				t.Helper()
				if n := w.Net.Count("acme.okta.com", "", ""); n != 0 {
					t.Errorf("%s: %d requests to Okta, want none", what, n)
				}
				w.Net.Reset()
			}
			w.Net.Reset()

			w.Jira.ExpireSessions(w.User)
			second, err := c.Session(t.Context())
			if err != nil || !second.Reused || valueOf(second, "JSESSIONID") == valueOf(first, "JSESSIONID") {
				t.Fatalf("session %v (reused %v), error %v: want the old one with a new JSESSIONID", second, second.Reused, err)
			}
			noSignIn("Session")

			// Another process finds the new one stored and needs one request.
			other := open(t, w.OktaConnection(ca), opts)
			third, err := other.Check(t.Context())
			if err != nil || valueOf(third, "JSESSIONID") != valueOf(second, "JSESSIONID") {
				t.Errorf("another process: session %v, error %v: want the renewed JSESSIONID", third, err)
			}
			if n := w.Net.Count("jira.example.com", "", ""); n != 1 {
				t.Errorf("another process needed %d requests, want 1", n)
			}
			noSignIn("another process")

			// The HTTP client's caller sees nothing of it, and neither does a write.
			for _, request := range []func() (*http.Response, error){
				func() (*http.Response, error) { return c.HTTP().Get(w.Jira.BaseURL() + "/rest/api/2/issue/HELP-1") },
				func() (*http.Response, error) {
					return c.HTTP().Post(w.Jira.BaseURL()+"/rest/api/2/issue/HELP-1/comment", "application/json", strings.NewReader(`{"body":"hello"}`))
				},
			} {
				w.Jira.ExpireSessions(w.User)
				resp, err := request()
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 200 && resp.StatusCode != 201 {
					t.Errorf("status %d after the session expired", resp.StatusCode)
				}
				noSignIn("HTTP client")
				live, err := c.Session(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if stored, err := c.Stored(t.Context()); err != nil || valueOf(stored, "JSESSIONID") != valueOf(live, "JSESSIONID") {
					t.Errorf("what is stored is not the renewed session (%v)", err)
				}
				w.Net.Reset()
			}
			if got := w.Jira.Comments(); len(got) != 1 {
				t.Errorf("%d comments were written, want 1", len(got))
			}

			// Both dead: now somebody has to sign in.
			w.Jira.EndSessions(w.User)
			last, err := c.Session(t.Context())
			if err != nil || last.Reused || w.Net.Count("acme.okta.com", "", "") == 0 {
				t.Errorf("session %v, error %v, %d requests to Okta: want a new sign-in", last, err, w.Net.Count("acme.okta.com", "", ""))
			}
		})
	}
}

// TestLoggedOutMarker: the XSRF cookie's suffix makes the client ask, and decides
// nothing. A proxy that strips Jira's own headers leaves no other sign of an answer
// for strangers.
func TestLoggedOutMarker(t *testing.T) {
	for _, tt := range []struct {
		marker string
		ended  bool
		body   string
		signIn int
	}{
		{"A-B_c_lout", true, "hello", 2},
		{`"A-B|c|lout"`, true, "hello", 2},
		{"A-B_c_lout", false, "less", 1},
		{"A-B_c_lin", true, "less", 1}, // nothing to be suspicious of
	} {
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		if tt.ended {
			sp.end()
		}
		first := true
		net.Intercept(func(_ string, r *http.Request) http.Handler {
			if r.URL.Path != "/rest/echo" || !first {
				return nil
			}
			first = false
			return says(200, jsonType, "less", "Set-Cookie: atlassian.xsrf.token="+tt.marker+"; Path=/")
		})
		resp, err := c.HTTP().Get("https://" + stubHost + "/rest/echo")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != tt.body || p.count() != tt.signIn {
			t.Errorf("%s, session over %v: %q after %d sign-ins, want %q after %d", tt.marker, tt.ended, body, p.count(), tt.body, tt.signIn)
		}
	}
}

// TestRenewedSessionWaitsForNobody: storing the renewed session gives up soon if
// another process holds the lease, and the session is handed out all the same.
func TestRenewedSessionWaitsForNobody(t *testing.T) {
	w, opts, ca := jiraWorld(t, "", func(c *fixtures.JiraConfig) { c.RememberMe = true }, "Okta")
	c := open(t, w.OktaConnection(ca), opts)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	lease, err := opts.Store.Acquire(t.Context(), c.Identity().Key())
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	w.Jira.ExpireSessions(w.User)
	began := time.Now()
	if _, err := c.Check(t.Context()); err != nil || time.Since(began) > 20*time.Second {
		t.Errorf("error %v after %v", err, time.Since(began))
	}
}
