package main

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// awayPage is what answers in place of Jira.
type awayPage struct {
	name    string
	status  int
	body    string
	headers []string
	exit    int    // 0: 7
	says    string // in the error
}

const upkeep = `<html><head><title>Maintenance</title></head><body><h1>Back at six</h1></body></html>`

var jiraAway = []awayPage{
	{name: "starting", status: 302, headers: []string{"Location: /startup.jsp"}, says: "/startup.jsp"},
	{name: "starting, elsewhere", status: 302, headers: []string{"Location: https://status.example.net/maintenance"}, says: "maintenance"},
	{name: "broken", status: 302, headers: []string{"Location: /secure/errors.jsp"}, says: "/secure/errors.jsp"},
	{name: "200", status: 200, body: upkeep, says: "Back at six"},
	{name: "403", status: 403, body: upkeep, says: "Back at six"},
	{name: "404", status: 404, body: upkeep, says: "Back at six"},
	{name: "502", status: 502, body: upkeep, headers: []string{"Server: nginx"}, says: "502"},
	{name: "503", status: 503, body: upkeep, headers: []string{"Retry-After: 60"}, says: "503"},
	{name: "F5 ASM", status: 200, body: "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Your support ID is: 4711471147114711</body></html>", says: "F5 BIG-IP ASM"},
	{name: "Google IAP", status: 401, body: "Invalid IAP credentials: empty token", headers: []string{"X-Goog-IAP-Generated-Response: true"}, exit: 9, says: "Google IAP"},
	{name: "JSON 403", status: 403, body: `{"message":"not from here"}`, headers: []string{"Content-Type: application/json"}, says: "not from here"},
}

func (p awayPage) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	for _, h := range p.headers {
		name, value, _ := strings.Cut(h, ": ")
		w.Header().Set(name, value)
	}
	w.WriteHeader(p.status)
	fmt.Fprint(w, p.body)
}

// TestJiraIsAway runs every command that needs Jira while it is away, with a session stored
// and without: the exit status says so, no secret and no assertion leaves, and the session
// that was stored is used when Jira is back.
func TestJiraIsAway(t *testing.T) {
	for _, p := range jiraAway {
		t.Run(p.name, func(t *testing.T) {
			testscale.Row(t)
			w, ca := jiraLab(t, nil)
			conn := w.OktaConnection("User="+w.User, "SSLServerCert="+ca)
			state := filepath.Join(t.TempDir(), "state")
			command := func(state string, args ...string) (int, string, string) {
				var stdout, stderr bytes.Buffer
				args = append(args, "--no-input", "--state-dir", state, "-c", conn)
				status := run(args, strings.NewReader(""), &stdout, &stderr)
				return status, stdout.String(), stderr.String()
			}
			status, before, said := command(state, "cookies")
			if status != 0 {
				t.Fatal(said)
			}
			away := func(on bool) {
				w.Net.Intercept(func(host string, r *http.Request) http.Handler {
					if on && strings.HasPrefix(host, "jira.") {
						return p
					}
					return nil
				})
				w.Net.Reset()
			}
			away(true)
			want := p.exit
			if want == 0 {
				want = 7
			}
			for _, args := range [][]string{
				{"cookies"}, {"login"}, {"refresh", "--once"}, {"api", "/rest/api/2/myself"}, {"api", "PUT", "/rest/api/2/issue/HELP-1", "-d", "{}"},
				{"status"}, {"status", "--check"}, {"doctor"}, {"doctor", "--sign-in"}, {"logout"},
			} {
				for _, dir := range []string{state, filepath.Join(t.TempDir(), "empty")} {
					if dir != state && (args[0] == "status" || args[0] == "logout") {
						continue // there is nothing to ask about
					}
					status, stdout, stderr := command(dir, args...)
					if status != want {
						t.Errorf("%v: exit status %d, want %d\n%s%s", args, status, want, stdout, stderr)
					}
					if !strings.Contains(stdout+stderr, p.says) {
						t.Errorf("%v: does not say %q:\n%s%s", args, p.says, stdout, stderr)
					}
					for _, secret := range w.Secrets() {
						if len(secret) >= 8 && strings.Contains(stdout+stderr, secret) {
							t.Errorf("%v: a secret is shown", args)
						}
					}
				}
			}
			okta := w.Okta.Host()
			if n := w.Net.Count(okta, "POST", "/api/v1/authn") + posts(w); n != 0 {
				t.Errorf("%d passwords and assertions were sent, want none", n)
			}
			away(false)
			status, after, said := command(state, "cookies")
			if status != 0 || !sameCookies(before, after) {
				t.Errorf("when Jira is back: exit status %d, the session stays: %v\n%s", status, sameCookies(before, after), said)
			}
			if n := w.Net.Count(okta, "", "") + posts(w); n != 0 {
				t.Errorf("when Jira is back: %d requests for a sign-in, want none", n)
			}
		})
	}
}

// sameCookies reports whether two Cookie headers have the same cookies.
func sameCookies(a, b string) bool {
	sorted := func(header string) []string {
		return slices.Sorted(strings.SplitSeq(strings.TrimSpace(header), "; "))
	}
	return slices.Equal(sorted(a), sorted(b))
}

func posts(w *fixtures.World) int {
	n := 0
	for _, r := range w.Net.Requests() {
		if r.Method == http.MethodPost && strings.HasPrefix(r.Host, "jira.") {
			n++
		}
	}
	return n
}
