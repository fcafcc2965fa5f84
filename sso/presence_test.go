package sso_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	maintenancePage = `<html><head><title>Maintenance</title></head><body><h1>We'll be back soon</h1><p>Planned work until 06:00.</p></body></html>`
	startupPage     = `<html><head><title>Jira startup</title></head><body><div id="startup">Jira is starting up</div></body></html>`
	errorsPage      = `<html><head><title>JIRA Access Constraints</title></head><body><h2>Database: cannot connect</h2></body></html>`
	neutralPage     = `<html><head><title>Example Inc.</title></head><body><p>Please call again.</p></body></html>`
)

// redirects answers every path but those of pages with a redirect to target.
func redirects(target string, pages map[string]http.HandlerFunc, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if page := pages[r.URL.Path]; page != nil {
			page(w, r)
			return
		}
		says(http.StatusFound, htmlType, "", append(headers, "Location: "+target)...)(w, r)
	}
}

// outages are what answers at Jira's address when Jira does not.
var outages = []struct {
	name   string
	answer http.HandlerFunc
}{
	{"starting: 302 to startup.jsp", redirects("/startup.jsp", map[string]http.HandlerFunc{"/startup.jsp": says(200, htmlType, startupPage)})},
	{"starting: startup.jsp with a destination", redirects("/startup.jsp?returnTo=%2Frest%2Fapi%2F2%2Fmyself", nil)},
	{"starting: with Jira's headers", redirects("/startup.jsp", nil, "X-AREQUESTID: 1x2x3", "X-AUSERNAME: anonymous")},
	{"starting: 303, with a session id in the path", func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusSeeOther, htmlType, "", "Location: /startup.jsp;jsessionid=0A1B")(w, r)
	}},
	{"starting: 302 to a page that is 503", redirects("/wait", map[string]http.HandlerFunc{"/wait": says(503, htmlType, startupPage)})},
	{"starting: 302 to a login page that is 503", redirects("/login.jsp", map[string]http.HandlerFunc{"/login.jsp": says(503, htmlType, startupPage)})},
	{"starting: 302 to a login page that is a maintenance page", redirects("/login", map[string]http.HandlerFunc{"/login": says(404, htmlType, neutralPage)})},
	{"broken: johnson", redirects("/johnson", map[string]http.HandlerFunc{"/johnson": says(200, htmlType, errorsPage)})},
	{"broken: johnson's page", redirects("/secure/errors.jsp", map[string]http.HandlerFunc{"/secure/errors.jsp": says(200, htmlType, errorsPage)})},
	{"broken: setup", redirects("/secure/SetupMode!default.jspa", nil)},
	{"302 to a maintenance page", redirects("/maintenance", map[string]http.HandlerFunc{"/maintenance": says(200, htmlType, maintenancePage)})},
	{"302 to a maintenance page elsewhere", redirects("https://static.example.net/jira/maintenance.html", nil)},
	{"302 to a maintenance host", redirects("https://maintenance.example.net/", nil)},
	{"302 to a page without a word", redirects("/home", map[string]http.HandlerFunc{"/home": says(200, htmlType, neutralPage)})},
	{"maintenance page, 200", says(200, htmlType, maintenancePage)},
	{"page without a word, 200", says(200, htmlType, neutralPage)},
	{"maintenance page, 403", says(403, htmlType, maintenancePage)},
	{"maintenance page, 404", says(404, htmlType, maintenancePage)},
	{"maintenance page, 410", says(410, htmlType, maintenancePage)},
	{"maintenance page, 502", says(502, htmlType, maintenancePage)},
	{"maintenance page, 503", says(503, htmlType, maintenancePage, "Retry-After: 600")},
	{"maintenance page, 504", says(504, htmlType, neutralPage)},
	{"maintenance in JSON, 200", says(200, jsonType, `{"message":"Jira is down for maintenance"}`)},
	{"maintenance in JSON, 404", says(404, jsonType, `{"status":"maintenance"}`)},
	{"Jira's own state, 503", says(503, jsonType, `{"state":"STARTING"}`)},
	{"text, 200", says(200, "text/plain", "back soon")},
	{"nothing, 200", says(200, "", "")},
	{"nginx, 404", says(404, htmlType, "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr><center>nginx</center></body></html>", "Server: nginx")},
	{"load balancer, fixed response 200", says(200, "text/plain", "Service is being updated", "Server: awselb/2.0")},
	{"F5 sorry page, 200", says(200, htmlType, neutralPage, "Server: BigIP")},
	{"Cloudflare 521", says(521, htmlType, `<html><head><title>jira.example.com | 521: Web server is down</title></head></html>`, "Server: cloudflare", "CF-RAY: 8a1b2c3d4e5f6a7b-FRA")},
	{"Tomcat without Jira, 404", says(404, htmlType, `<html><head><title>HTTP Status 404 – Not Found</title></head><body><h1>HTTP Status 404</h1></body></html>`)},
	{"no content, 204", says(204, "", "")},
	{"maintenance page, 202", says(202, htmlType, maintenancePage)},
	{"a proxy's 401 with a page", says(401, htmlType, maintenancePage, `WWW-Authenticate: Basic realm="maintenance"`)},
	{"a proxy's 401, empty", says(401, "", "", `WWW-Authenticate: Basic realm="Restricted"`)},
	{"a proxy's 401, Negotiate", says(401, htmlType, "<h1>401</h1>", "WWW-Authenticate: Negotiate", "Server: Microsoft-HTTPAPI/2.0")},
	{"a proxy's 401 in JSON", says(401, jsonType, `{"message":"Unauthorized"}`, `WWW-Authenticate: Bearer realm="gw"`)},
	{"maintenance in JSON, 401", says(401, jsonType, `{"status":"maintenance","message":"back at six"}`)},
	{"302 to a status page elsewhere", redirects("https://status.example.net/incidents/1", nil)},
	{"302 to a hosted status page", redirects("https://acme.statuspage.io/", nil)},
	{"302 to a status page, with Jira's headers", redirects("https://status.example.net/x", nil, "X-AREQUESTID: 1x2x3", "X-AUSERNAME: anonymous")},
	{"302 to the company's page", redirects("https://www.example.net/", nil)},
	{"302 to plain http", redirects("http://jira.example.com/", nil)},
	{"302 without an address", says(302, htmlType, maintenancePage)},
	{"302 to a login page behind a proxy's 401", redirects("/login.jsp", map[string]http.HandlerFunc{"/login.jsp": says(401, htmlType, maintenancePage)})},
	{"meta refresh", says(200, htmlType, `<html><head><meta http-equiv="refresh" content="0;url=/startup.jsp"></head></html>`)},
	{"script", says(200, htmlType, `<script>location.href="/startup.jsp"</script>`)},
	{"Refresh header", says(200, htmlType, neutralPage, "Refresh: 10; url=/maintenance")},
	{"gzip", says(200, htmlType, string(packed(gzipped, []byte(maintenancePage))), "Content-Encoding: gzip")},
	{"gzip, not said", says(200, htmlType, string(packed(gzipped, []byte(maintenancePage))))},
	{"br", says(200, htmlType, "\x0b\x1c\x80xx\x03", "Content-Encoding: br")},
	{"German", says(200, htmlType, "<title>Wartungsarbeiten</title><p>Wir sind bald zurück.</p>")},
	{"Japanese", says(403, htmlType, "<title>メンテナンス中</title><p>しばらくお待ちください</p>")},
	{"Japanese in Shift JIS", says(200, "text/html; charset=Shift_JIS", "<title>\x83\x81\x83\x93\x83e</title>")},
	{"Japanese, with Jira's headers", says(200, htmlType, "<title>メンテナンス</title>", "X-AREQUESTID: 1x2x3")},
	{"maintenance page with Jira's headers", says(200, htmlType, maintenancePage, "X-AREQUESTID: 1x2x3", "X-AUSERNAME: anonymous")},
	{"page with a field for a password", says(200, htmlType, `<title>Example Inc.</title><form><input type="password" name="bypass"></form>`)},
	{"maintenance page with a field for a password", says(200, htmlType, `<title>Wartung</title><form action="/admin"><input type=password name=pw></form>`)},
	{"JSON null", says(200, jsonType, `null`)},
	{"JSON that names a service", says(200, jsonType, `{"name":"jira-maintenance-page","status":"down","code":503}`)},
	{"JSON that names a service and its version", says(200, jsonType, `{"name":"edge","version":"1.2"}`)},
	{"JSON in the form of Jira's errors, 200", says(200, jsonType, `{"errorMessages":["Jira is in maintenance"]}`)},
	{"XML in the form of Jira's errors, 200", says(200, "application/xml", `<?xml version="1.0"?><status><status-code>503</status-code></status>`)},
	{"page that calls itself JSON", says(200, jsonType, maintenancePage)},
	{"locked, 423", says(423, jsonType, `{"message":"locked"}`)},
}

func gzipped(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

// atJira puts a handler in the place of all of Jira; nil takes it away.
func atJira(w *fixtures.World, h http.HandlerFunc) {
	w.Net.Intercept(func(host string, _ *http.Request) http.Handler {
		if host == "jira.example.com" && h != nil {
			return h
		}
		return nil
	})
}

// nothingSent checks that neither a secret nor an assertion left.
func nothingSent(t *testing.T, w *fixtures.World) {
	t.Helper()
	if n := passwordsSent(w) + w.Net.Count("acme.okta.com", "", ""); n != 0 {
		t.Errorf("%d requests to Okta, want none", n)
	}
	if n := w.Net.Count("jira.example.com", "POST", "/plugins/servlet/samlconsumer"); n != 0 {
		t.Errorf("%d assertions were posted, want none", n)
	}
}

// uses are all that a program does with a session that may be over.
var uses = map[string]func(ctx context.Context, c *sso.Client) error{
	"Session": func(ctx context.Context, c *sso.Client) error { _, err := c.Session(ctx); return err },
	"Login":   func(ctx context.Context, c *sso.Client) error { _, err := c.Login(ctx); return err },
	"Check":   func(ctx context.Context, c *sso.Client) error { _, err := c.Check(ctx); return err },
	"Logout":  func(ctx context.Context, c *sso.Client) error { return c.Logout(ctx) },
	"HTTP": func(ctx context.Context, c *sso.Client) error {
		req, _ := http.NewRequestWithContext(ctx, "POST", "https://jira.example.com/rest/api/2/issue/HELP-1/comment", strings.NewReader(`{"body":"x"}`))
		resp, err := c.HTTP().Do(req)
		if err == nil {
			resp.Body.Close()
		}
		return err
	},
	"Refresher": func(ctx context.Context, c *sso.Client) error {
		r := sso.NewRefresher(sso.RefreshOptions{Spread: -1})
		r.Add("bot", c)
		r.Once(ctx)
		if s := r.Status()[0]; s.State != sso.RefreshWaiting {
			return errors.New("state " + s.State + ", want it to wait: " + s.Reason)
		}
		return sso.ErrUnreachable
	},
}

// TestOutages: while Jira is away nothing is sent, the session and the remembered login
// are kept, and both are used when Jira is back.
func TestOutages(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			testscale.Row(t)
			t.Parallel()
			for use, f := range uses {
				w, opts, ca := jiraWorld(t, "", func(c *fixtures.JiraConfig) { c.RememberMe = true }, "Okta")
				conn := w.OktaConnection(ca)
				first, err := open(t, conn, opts).Session(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				atJira(w, o.answer)
				w.Net.Reset()
				if err := f(t.Context(), open(t, conn, opts)); !errors.Is(err, sso.ErrUnreachable) {
					t.Errorf("%s: error %v, want ErrUnreachable", use, err)
				}
				if use == "Logout" { // ends the identity provider's session all the same
					if n := passwordsSent(w); n != 0 {
						t.Errorf("%d passwords sent", n)
					}
				} else {
					nothingSent(t, w)
				}
				stored, err := open(t, conn, opts).Stored(t.Context())
				if err != nil || !slices.EqualFunc(stored.Cookies, first.Cookies, sameCookie) {
					t.Errorf("%s: %v (%v) is stored, want what was stored before", use, stored, err)
				}
				atJira(w, nil)
				w.Jira.ExpireSessions(w.User) // a restart: the remembered login is needed
				w.Net.Reset()
				again, err := open(t, conn, opts).Session(t.Context())
				if err != nil || !again.Reused || !again.Obtained.Equal(first.Obtained) {
					t.Errorf("%s: when Jira is back: session %v, error %v, want the old one", use, again, err)
				}
				nothingSent(t, w)
			}
		})
	}
}

func sameCookie(a, b cookiejar.Cookie) bool { return a.Name == b.Name && a.Value == b.Value }

// TestColdOutages: nothing is stored, and a text message would be needed.
func TestColdOutages(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			testscale.Row(t)
			t.Parallel()
			for _, idp := range []string{"Okta", "Crowd"} {
				w, opts, ca := jiraWorld(t, "", nil, "Okta", "Crowd")
				atJira(w, o.answer)
				for use, f := range uses {
					if use == "Logout" || use == "Check" {
						continue // nothing is stored
					}
					if err := f(t.Context(), open(t, connection(w, idp, ca), opts)); !errors.Is(err, sso.ErrUnreachable) {
						t.Errorf("%s, %s: error %v, want ErrUnreachable", idp, use, err)
					}
				}
				nothingSent(t, w)
				if n := w.Net.Count("crowd.example.com", "", ""); n != 0 {
					t.Errorf("%d requests to Crowd, want none", n)
				}
			}
		})
	}
}

// TestOutageDuringTheFactor: Jira goes away while a person looks for the code. The
// assertion, which is good for one use, is not posted to what stands there instead.
func TestOutageDuringTheFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		var away atomic.Bool
		opts.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
			time.Sleep(2 * time.Minute)
			away.Store(true)
			return w.Okta.Phone("sms@example.com").LastCode(), nil
		})
		w.Net.Intercept(func(host string, _ *http.Request) http.Handler {
			if host == "jira.example.com" && away.Load() {
				return says(200, htmlType, maintenancePage)
			}
			return nil
		})
		c := open(t, w.OktaConnection("User=sms@example.com", "MFAType=SMS", ca), opts)
		if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrUnreachable) {
			t.Errorf("error %v, want ErrUnreachable", err)
		}
		if n := w.Net.Count("jira.example.com", "POST", ""); n != 0 {
			t.Errorf("%d assertions were posted", n)
		}
		// When Jira is back, Okta's session is enough.
		w.Net.Intercept(nil)
		w.Net.Reset()
		if _, err := c.Session(t.Context()); err != nil || passwordsSent(w) != 0 {
			t.Errorf("afterwards: %v, %d passwords", err, passwordsSent(w))
		}
	})
}

// TestOutageCookies: what stands in Jira's place sets a session of its own, as Tomcat does
// on every page, or deletes Jira's. The client goes on with the one that it had.
func TestOutageCookies(t *testing.T) {
	lines := []string{
		"JSESSIONID=0123456789ABCDEF; Path=/; HttpOnly", "JSESSIONID=; Path=/; Max-Age=0", `JSESSIONID=""; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/`,
		"atlassian.xsrf.token=A_b_lout; Path=/", "seraph.rememberme.cookie=; Path=/; Max-Age=0",
	}
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			testscale.Row(t)
			t.Parallel()
			w, opts, ca := jiraWorld(t, "", func(c *fixtures.JiraConfig) { c.RememberMe = false }, "Okta")
			c := open(t, w.OktaConnection(ca), opts)
			get := func() (int, error) {
				resp, err := c.HTTP().Get("https://jira.example.com/rest/api/2/issue/HELP-1")
				if err != nil {
					return 0, err
				}
				resp.Body.Close()
				return resp.StatusCode, nil
			}
			if status, err := get(); err != nil || status != 200 {
				t.Fatal(status, err)
			}
			for _, line := range lines {
				atJira(w, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Add("Set-Cookie", line)
					o.answer(w, r)
				})
				get()
				atJira(w, nil)
				w.Net.Reset()
				if status, err := get(); err != nil || status != 200 {
					t.Errorf("%s: status %d, error %v", line, status, err)
				}
				nothingSent(t, w)
			}
		})
	}
}
