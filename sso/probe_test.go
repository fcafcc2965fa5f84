package sso_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

// answering returns a handler with a status and a page.
func answering(status int, page string, header ...string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		for i := 0; i+1 < len(header); i += 2 {
			rw.Header().Set(header[i], header[i+1])
		}
		rw.WriteHeader(status)
		fmt.Fprint(rw, page)
	})
}

var hanging = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

// probeOutages are what an IdP or a gateway before it answers while it is not well.
var probeOutages = map[string]http.Handler{
	"hangs":                  hanging,
	"503":                    answering(503, "<h1>Service Unavailable</h1>", "Retry-After", "120"),
	"502":                    answering(502, "<h1>Bad Gateway</h1>"),
	"maintenance with 200":   answering(200, "<h1>We will be back soon</h1>"),
	"empty with 200":         answering(200, ""),
	"JSON of somebody else":  answering(200, `{"status":"down"}`, "Content-Type", "application/json"),
	"404":                    answering(404, "<h1>Not Found</h1>"),
	"403":                    answering(403, "<h1>Forbidden</h1>"),
	"429":                    answering(429, "", "Retry-After", "30"),
	"redirect":               answering(302, "", "Location", "https://status.example.com/"),
	"redirect to own ground": answering(302, "", "Location", "/maintenance"),
}

// secretsInDoubt are the secrets whose fate can be unknown, with the request that carries
// them and the one that is harmless.
var secretsInDoubt = map[string]struct {
	scheme, engine string
	props          []string
	carrier        string // path of the request with the secret
	harmless       string // path of the request without
}{
	"Okta, Classic":         {"Okta", "Classic", nil, "/api/v1/authn", "/.well-known/okta-organization"},
	"Okta, IDX":             {"Okta", "IDX", nil, "/idp/idx/identify", "/.well-known/okta-organization"},
	"Okta, API token":       {"Okta", "Classic", []string{"APIToken=token"}, "/api/v1/authn", "/.well-known/okta-organization"},
	"Okta, Domain":          {"Okta", "Classic", []string{"Domain=acme.okta.com"}, "/api/v1/authn", "/.well-known/okta-organization"},
	"Okta, started at SP":   {"Okta", "Classic", []string{"SSOFlow=SPInitiated"}, "/api/v1/authn", "/.well-known/okta-organization"},
	"Crowd, REST":           {"Crowd", "", nil, "/crowd/rest/usermanagement/1/session", "/crowd/rest/usermanagement/1/config/cookie"},
	"Crowd, RemoteAddress":  {"Crowd", "", []string{"RemoteAddress=192.0.2.1"}, "/crowd/rest/usermanagement/1/session", "/crowd/rest/usermanagement/1/config/cookie"},
	"Crowd, its login form": {"Crowd", "", []string{"SSOAppName=", "SSOAppPassword="}, "/crowd/console/j_security_check", "/crowd/console/login.action"},
}

// TestSecretInDoubt: a server does not say what it thinks of a right secret. Nothing goes
// out as long as it does not answer something harmless as it should, and soon after it
// is well the sign-in works: an hour at the most, and without a person.
func TestSecretInDoubt(t *testing.T) {
	t.Parallel()
	for name, tt := range secretsInDoubt {
		for outage, broken := range probeOutages {
			if all := name == "Okta, Classic" || name == "Crowd, REST"; !all && outage != "hangs" && outage != "maintenance with 200" {
				continue
			}
			t.Run(name+"/"+outage, func(t *testing.T) {
				testscale.Row(t)
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w, opts, ca := world(t)
					defer w.Close()
					if tt.engine != "" {
						w.Okta.SetEngine(tt.engine)
					}
					conn := jiraOf(w, tt.scheme, append(tt.props, "Timeout=5", ca)...)
					if tt.props != nil && strings.HasPrefix(tt.props[0], "APIToken") {
						conn = jiraOf(w, tt.scheme, "APIToken="+w.Okta.AddAPIToken(), "Timeout=5", ca)
					}
					var answer sync.Map // of paths to handlers
					w.Net.Intercept(func(host string, r *http.Request) http.Handler {
						if !strings.HasPrefix(host, "jira") && !(strings.HasSuffix(r.URL.Path, "/cookie") && r.Header.Get("Authorization") != "") {
							if h, ok := answer.Load(r.URL.Path); ok {
								return h.(http.Handler)
							}
						}
						return nil
					})
					sent := func() int { return w.Net.Count("", "POST", tt.carrier) }
					answer.Store(tt.carrier, hanging)
					for range 4 { // each when it may
						_, err := open(t, conn, opts).Session(t.Context())
						if wait, _ := sso.RetryAfter(err); wait > time.Hour {
							t.Fatalf("kept back for %v: %v", wait, err)
						}
						time.Sleep(time.Hour)
					}
					before := sent()
					if before != 4 {
						t.Fatalf("%d were sent in four hours, want 4", before)
					}
					// Now nothing works there.
					answer.Delete(tt.carrier)
					answer.Store(tt.harmless, broken)
					if tt.harmless == "/crowd/console/login.action" {
						answer.Store("/crowd/console/secure/saml/sso.action", broken) // the form is part of the same way
					}
					for range 5 {
						_, err := open(t, conn, opts).Session(t.Context())
						if code := sso.Code(err); err == nil || sent() != before {
							t.Fatalf("while the server is not well: %v (%s), and %d were sent", err, code, sent()-before)
						}
						time.Sleep(10 * time.Minute)
					}
					answer.Clear()
					if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
						t.Fatalf("when it is well again: %v", err)
					}
					if n := sent() - before; n != 1 {
						t.Errorf("%d were sent then, want 1", n)
					}
					// The normal way costs no request more.
					w.Jira.EndSessions(w.User)
					w.Jira.EndSessions("passwordonly@example.com")
					w.Okta.EndSessions("passwordonly@example.com")
					w.Crowd.EndSessions(w.User)
					w.Net.Reset()
					if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
						t.Fatal(err)
					}
					if n := w.Net.Count("", "GET", "/.well-known/okta-organization"); n != 0 {
						t.Errorf("%d harmless requests although nothing is in doubt", n)
					}
				})
			})
		}
	}
}

// jiraOf is the connection to the world's own Jira.
func jiraOf(w *fixtures.World, scheme string, props ...string) string {
	if scheme == "Crowd" {
		return w.CrowdConnection(props...)
	}
	return w.OktaConnection(append([]string{"User=passwordonly@example.com"}, props...)...)
}
