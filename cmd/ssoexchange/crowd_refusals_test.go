package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// crowdCase is a Crowd that refuses, and what the program makes of it.
type crowdCase struct {
	name   string
	change func(w *fixtures.World) // nil: Crowd is as it should be
	props  []string                // replace those of the connection; SSOAppName and SSOAppPassword may be emptied

	exit    int
	step    string
	message string // a word of the message
	hint    string // a word of the hint
	tries   int    // passwords that Crowd saw
}

// noApp uses the login form.
func noApp(props ...string) []string {
	return append([]string{"SSOAppName=", "SSOAppPassword="}, props...)
}

// refusing makes Crowd refuse ana's password with a reason.
func refusing(reason string) func(*fixtures.World) {
	return func(w *fixtures.World) {
		w.Crowd.AddUser(fixtures.CrowdUser{Name: w.User, Password: w.Password, Refusal: reason})
	}
}

func configured(change func(*fixtures.CrowdConfig)) func(*fixtures.World) {
	return func(w *fixtures.World) { w.Crowd.Configure(change) }
}

// application changes Jira's application at Crowd.
func application(change func(*fixtures.CrowdApp)) func(*fixtures.World) {
	return func(w *fixtures.World) {
		a := fixtures.CrowdApp{Name: w.AppName, Password: w.AppPassword, EntityID: w.Jira.EntityID(), ACS: w.Jira.ACS(), SSO: true}
		change(&a)
		w.Crowd.AddApplication(a)
	}
}

// answering puts handler in front of the paths of a host that end in suffix.
func answering(host, suffix string, handler http.HandlerFunc) func(*fixtures.World) {
	return func(w *fixtures.World) {
		w.Net.Intercept(func(name string, r *http.Request) http.Handler {
			if strings.HasPrefix(name, host) && strings.HasSuffix(r.URL.Path, suffix) {
				return handler
			}
			return nil
		})
	}
}

// reasonCases are all reasons of the REST API's error entity, as the answer to the
// call that carries the password.
func reasonCases() []crowdCase {
	const admin, log, again = "see its Permissions and Options", "Crowd's log", "try again"
	list := []struct {
		reason string
		exit   int
		hint   string
	}{
		{"INVALID_USER_AUTHENTICATION", 3, "check User and Password"},
		{"USER_NOT_FOUND", 3, "no directory of the application knows that name"},
		{"INVALID_USER", 3, "check User and Password"},
		{"INVALID_CREDENTIAL", 3, "check User and Password"},
		{"INACTIVE_ACCOUNT", 3, "can activate it"},
		{"EXPIRED_CREDENTIAL", 3, "change it in a browser"},
		{"APPLICATION_ACCESS_DENIED", 6, "add one of the user's groups"},
		{"APPLICATION_PERMISSION_DENIED", 2, admin},
		{"PERMISSION_DENIED", 2, admin},
		{"APPLICATION_NOT_FOUND", 2, "check SSOAppName"},
		{"DIRECTORY_NOT_FOUND", 2, "has no directory"},
		{"ILLEGAL_ARGUMENT", 2, "check RemoteAddress"},
		{"INVALID_SSO_TOKEN", 7, again},
		{"EVENT_TOKEN_EXPIRED", 7, again},
		{"OPERATION_FAILED", 7, "the user's directory"},
		{"UNSUPPORTED_OPERATION", 9, "directory does not support"},
		{"NESTED_GROUPS_NOT_SUPPORTED", 9, "directory does not support"},
		{"INCREMENTAL_SYNC_NOT_AVAILABLE", 9, log},
		{"GROUP_NOT_FOUND", 10, log},
		{"INVALID_EMAIL", 10, log},
		{"INVALID_GROUP", 10, log},
		{"MEMBERSHIP_NOT_FOUND", 10, log},
		{"MEMBERSHIP_ALREADY_EXISTS", 10, log},
		{"INVALID_MEMBERSHIP", 10, log},
		{"WEBHOOK_NOT_FOUND", 10, log},
		{"APPLICATION_MODIFICATION_FAILED", 10, log},
		{"APPLICATION_ALREADY_EXISTS", 10, log},
		{"INVALID_CHANGE_EMAIL_TOKEN", 10, log},
		{"SAME_EMAIL_ADDRESS", 10, log},
	}
	var cases []crowdCase
	for _, r := range list {
		c := crowdCase{name: r.reason, change: refusing(r.reason), exit: r.exit, step: "login", message: r.reason, hint: r.hint, tries: 1}
		cases = append(cases, c)
		c.name += " in JSON"
		c.change = func(w *fixtures.World) {
			refusing(r.reason)(w)
			w.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.ErrorsInJSON = true })
		}
		cases = append(cases, c)
	}
	return cases
}

// restCases are refusals of the REST API that have no reason of their own, or that
// the simulated Crowd comes to by itself.
func restCases() []crowdCase {
	status := func(n int) func(*fixtures.World) {
		return configured(func(c *fixtures.CrowdConfig) { c.RESTStatus = n })
	}
	const app = "they are an application's in Crowd, not a user's"
	return []crowdCase{
		{name: "application's password", props: []string{"SSOAppPassword=wrong"}, exit: 3, step: "login", message: "401 the application was refused", hint: app},
		{name: "application's name", props: []string{"SSOAppName=nobody"}, exit: 3, step: "login", message: "401 the application was refused", hint: app},
		{name: "caller's address", change: application(func(a *fixtures.CrowdApp) { a.RemoteAddresses = []string{"198.51.100.0/24"} }),
			exit: 2, step: "login", message: "403 this address may not call", hint: "add 127.0.0.1"},
		{name: "application's permission", change: application(func(a *fixtures.CrowdApp) { a.PermissionDenied = true }),
			exit: 2, step: "login", message: "403 APPLICATION_PERMISSION_DENIED", hint: "Permissions and Options"},
		{name: "wrong password", props: []string{"Password=wrong"}, exit: 3, step: "login", message: "400 INVALID_USER_AUTHENTICATION the user was refused", hint: "not sent again", tries: 1},
		{name: "unknown user", change: configured(func(c *fixtures.CrowdConfig) { c.UnknownUserReason = "USER_NOT_FOUND" }), props: []string{"User=nobody"},
			exit: 3, step: "login", message: "400 USER_NOT_FOUND", hint: "check User"},
		{name: "not in the application's groups", change: application(func(a *fixtures.CrowdApp) { a.Groups = []string{"agents"} }),
			exit: 6, step: "login", message: "403 APPLICATION_ACCESS_DENIED", hint: "groups", tries: 1},
		{name: "not in the application's groups, 400", change: func(w *fixtures.World) {
			application(func(a *fixtures.CrowdApp) { a.Groups = []string{"agents"} })(w)
			w.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.AccessDeniedStatus = 400 })
		}, exit: 6, step: "login", message: "400 APPLICATION_ACCESS_DENIED", hint: "groups", tries: 1},
		{name: "no REST API", change: status(404), exit: 2, step: "login", message: "404", hint: "check SSOLoginURL"},
		{name: "REST API asks to wait", change: status(429), exit: 8, step: "login", message: "429", hint: "wait"},
		{name: "REST API fails", change: status(500), exit: 7, step: "login", message: "500", hint: "try again"},
		{name: "REST API is down", change: status(503), exit: 7, step: "login", message: "503", hint: "try again"},
		{name: "gateway in front of the REST API", change: answering("crowd.", "/session", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://gateway.example.net/", http.StatusFound)
		}),
			exit: 10, step: "login", message: "302", hint: "gateway.example.net"},
		{name: "password without a name", props: []string{"SSOAppName="}, exit: 2, step: "config", message: "without SSOAppName", hint: "login form"},
		{name: "name without a password", props: []string{"SSOAppPassword="}, exit: 2, step: "login", message: "SSOAppPassword is needed", hint: "SSOAppPasswordFile"},
	}
}

// consoleCases are refusals of the console, with a token that was made over REST.
func consoleCases() []crowdCase {
	checked := configured(func(c *fixtures.CrowdConfig) { c.IgnoreAddress = false })
	status := func(n int) func(*fixtures.World) {
		return configured(func(c *fixtures.CrowdConfig) { c.ConsoleStatus = n })
	}
	const ignored = "the console ignores it"
	return []crowdCase{
		{name: "token ignored, no address given", change: checked, exit: 2, step: "assertion", message: ignored, hint: "RemoteAddress (not set", tries: 1},
		{name: "token ignored, another address given", change: checked, props: []string{"RemoteAddress=192.0.2.9"}, exit: 2, step: "assertion", message: ignored, hint: "RemoteAddress (192.0.2.9", tries: 1},
		{name: "the right address", change: checked, props: []string{"RemoteAddress=127.0.0.1"}, exit: 0, tries: 1},
		{name: "token ignored, page drawn by a script", change: configured(func(c *fixtures.CrowdConfig) { c.IgnoreAddress, c.LoginPage = false, fixtures.CrowdLoginScript }),
			exit: 2, step: "assertion", message: ignored, hint: "RemoteAddress", tries: 1},
		{name: "token ignored, redirect", change: configured(func(c *fixtures.CrowdConfig) { c.IgnoreAddress, c.LoginRedirect = false, true }),
			exit: 2, step: "assertion", message: ignored, hint: "RemoteAddress", tries: 1},
		{name: "no access to the Crowd application", change: func(w *fixtures.World) {
			w.Crowd.AddApplication(fixtures.CrowdApp{Name: "crowd", Password: "c", Groups: []string{"crowd-users"}})
		}, exit: 2, step: "assertion", message: ignored, hint: "access to the Crowd application itself", tries: 1},
		{name: "SSO not enabled", change: application(func(a *fixtures.CrowdApp) { a.SSO = false }), exit: 6, step: "assertion", message: "does not let the user through", hint: "SSO is enabled", tries: 1},
		{name: "no application for the SP", change: application(func(a *fixtures.CrowdApp) { a.EntityID = "https://wiki.example.com" }),
			exit: 6, step: "assertion", message: "Access denied", hint: "audience", tries: 1},
		{name: "second factor", change: configured(func(c *fixtures.CrowdConfig) { c.SecondFactor = true }), exit: 9, step: "assertion", message: "second factor", hint: "add-on", tries: 1},
		{name: "ForceAuthn", change: forceAuthn, exit: 9, step: "assertion", message: "ForceAuthn", hint: "end that session", tries: 1},
		{name: "sign-in begun at Crowd", props: []string{"SSOFlow=IdPInitiated"}, exit: 2, step: "assertion", message: "no response without a request", hint: "SSOFlow=SPInitiated", tries: 1},
		{name: "no console", change: status(404), exit: 2, step: "assertion", message: "404", hint: "3.4 or later", tries: 1},
		{name: "console asks to wait", change: status(429), exit: 8, step: "assertion", message: "429", hint: "wait", tries: 1},
		{name: "console is down", change: status(502), exit: 7, step: "assertion", message: "502", hint: "try again", tries: 1},
		{name: "gateway in front of the console", change: answering("crowd.", "/sso.action", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://gateway.example.net/", http.StatusFound)
		}),
			exit: 10, step: "assertion", message: "gateway.example.net", hint: "SSOLoginURL", tries: 1},
	}
}

// formCases are refusals of the login form.
func formCases() []crowdCase {
	script := configured(func(c *fixtures.CrowdConfig) { c.LoginPage = fixtures.CrowdLoginScript })
	stranger := func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `<title>Atlassian Crowd - Login</title><form method="post" action="https://login.example.net/j_security_check"><input name="j_username"><input type="password" name="j_password"></form>`)
	}
	const denied = "the login form does not let the user in"
	return []crowdCase{
		{name: "form", props: noApp(), exit: 0, tries: 1},
		{name: "form, ForceAuthn is no obstacle to it", change: forceAuthn, props: noApp(), exit: 6, step: "exchange", tries: 1}, // the SP did not make that request
		{name: "form, wrong password", props: noApp("Password=wrong"), exit: 3, step: "login", message: denied, hint: "not sent again", tries: 1},
		{name: "form, wrong password, redirect", change: configured(func(c *fixtures.CrowdConfig) { c.LoginRedirect = true }), props: noApp("Password=wrong"),
			exit: 3, step: "login", message: "not successful", hint: "not sent again", tries: 1},
		{name: "form, no access to the Crowd application", change: func(w *fixtures.World) {
			w.Crowd.AddApplication(fixtures.CrowdApp{Name: "crowd", Password: "c", Groups: []string{"crowd-users"}})
		}, props: noApp(), exit: 3, step: "login", message: denied, hint: "the Crowd application itself", tries: 1},
		{name: "form drawn by a script", change: script, props: noApp(), exit: 9, step: "login", message: "drawn by a script", hint: "give SSOAppName and SSOAppPassword"},
		{name: "form for another host", change: answering("crowd.", "/sso.action", stranger), props: noApp(), exit: 10, step: "login", message: "login.example.net", hint: "SSOLoginURL"},
		{name: "form, second factor", change: configured(func(c *fixtures.CrowdConfig) { c.SecondFactor = true }), props: noApp(), exit: 9, step: "assertion", message: "second factor", hint: "add-on", tries: 1},
		{name: "form, SSO not enabled", change: application(func(a *fixtures.CrowdApp) { a.SSO = false }), props: noApp(), exit: 6, step: "assertion", message: "Access denied", hint: "SSO is enabled", tries: 1},
		{name: "form, console is down", change: configured(func(c *fixtures.CrowdConfig) { c.ConsoleStatus = 503 }), props: noApp(), exit: 7, step: "assertion", message: "503", hint: "try again"},
	}
}

// forceAuthn makes Jira demand a new login.
func forceAuthn(w *fixtures.World) {
	message := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_forced" Version="2.0" ForceAuthn="true" IssueInstant="` +
		time.Now().UTC().Format(time.RFC3339) + `"><saml:Issuer>` + w.Jira.EntityID() + `</saml:Issuer></samlp:AuthnRequest>`
	var packed bytes.Buffer
	z, _ := flate.NewWriter(&packed, flate.BestCompression)
	io.WriteString(z, message)
	z.Close()
	to := w.Crowd.SSOURL() + "?" + url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(packed.Bytes())}, "RelayState": {"rs"}}.Encode()
	w.Net.Intercept(func(host string, r *http.Request) http.Handler {
		if strings.HasPrefix(host, "jira.") && strings.Contains(r.URL.Path, "/external-login/") {
			return http.RedirectHandler(to, http.StatusFound)
		}
		return nil
	})
}

// crowdScene is a world on loopback and a state directory of its own.
type crowdScene struct {
	*fixtures.World
	ca, state string
}

func newCrowdScene(t *testing.T) *crowdScene {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := fixtures.NewWorld(fixtures.WorldOptions{OktaHost: "okta.localhost:" + port, CrowdHost: "crowd.localhost:" + port, JiraHost: "jira.localhost:" + port})
	server := w.Net.Serve(ln)
	t.Cleanup(func() {
		server.Close()
		w.Close()
	})
	dir := t.TempDir()
	ca, err := w.Net.CAFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HOME": dir, "XDG_CONFIG_HOME": filepath.Join(dir, "config"), "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
		"SSOEXCHANGE_CONNECTION": "", "SSOEXCHANGE_PROFILE": "", "HTTPS_PROXY": "", "https_proxy": "",
	} {
		t.Setenv(name, value)
	}
	return &crowdScene{World: w, ca: ca, state: filepath.Join(dir, "state")}
}

// reported is the error that --json prints.
type reported struct {
	Error struct{ Code, Step, Message, Hint string }
}

// cookies runs the command and returns its exit status and what it said.
func (s *crowdScene) cookies(t *testing.T, props []string) (int, reported) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	conn := s.CrowdConnection(append([]string{"SSLServerCert=" + s.ca}, props...)...)
	status := run([]string{"cookies", "--json", "--no-input", "--state-dir", s.state, "-c", conn}, strings.NewReader(""), &stdout, &stderr)
	if (status == 0) != strings.Contains(stdout.String(), "JSESSIONID") {
		t.Errorf("exit status %d with %d bytes on standard output", status, stdout.Len())
	}
	for _, secret := range s.Secrets() {
		if len(secret) >= 8 && strings.Contains(stderr.String(), secret) {
			t.Errorf("a secret of %d bytes is in the error", len(secret))
		}
	}
	var r reported
	if status != 0 {
		if err := json.Unmarshal(stderr.Bytes(), &r); err != nil {
			t.Fatalf("standard error is not one JSON object: %s", stderr.String())
		}
	}
	return status, r
}

// passwordsSent counts the requests to Crowd that carry a user's password.
func (s *crowdScene) passwordsSent() int {
	n := 0
	for _, r := range s.Net.Requests() {
		if r.Method == http.MethodPost && (strings.HasSuffix(r.Path, "/session") || strings.HasSuffix(r.Path, "/j_security_check")) {
			n++
		}
	}
	return n
}

// TestCrowdRefusals goes from what Crowd answers to what a script sees: the exit
// status, the message, the hint; and it looks at what was not sent.
func TestCrowdRefusals(t *testing.T) {
	var cases []crowdCase
	for _, list := range [][]crowdCase{reasonCases(), restCases(), consoleCases(), formCases()} {
		cases = append(cases, list...)
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			testscale.Row(t)
			s := newCrowdScene(t)
			if test.change != nil {
				test.change(s.World)
			}
			status, got := s.cookies(t, test.props)
			if status != test.exit || exitCodes[got.Error.Code] != test.exit || got.Error.Step != test.step {
				t.Fatalf("exit status %d, %s at step %q; want %d at %q: %s", status, got.Error.Code, got.Error.Step, test.exit, test.step, got.Error.Message)
			}
			if !strings.Contains(got.Error.Message, test.message) {
				t.Errorf("the message does not say %q: %s", test.message, got.Error.Message)
			}
			if !strings.Contains(got.Error.Hint, test.hint) {
				t.Errorf("the hint does not say %q: %s", test.hint, got.Error.Hint)
			}
			if n := s.Crowd.PasswordAttempts(s.User); n != test.tries {
				t.Errorf("Crowd saw %d passwords, want %d", n, test.tries)
			}
			if n := s.passwordsSent(); n > 1 {
				t.Errorf("a password was sent %d times", n)
			}
			if status == 3 {
				s.checkNotSentAgain(t, test.props)
			}
		})
	}
}

// checkNotSentAgain: the same command again sends no secret that was refused.
func (s *crowdScene) checkNotSentAgain(t *testing.T, props []string) {
	t.Helper()
	s.Net.Reset()
	status, got := s.cookies(t, props)
	if status != 3 || !strings.Contains(got.Error.Message, "not sent again") {
		t.Errorf("the second time: exit status %d, %s", status, got.Error.Message)
	}
	for _, r := range s.Net.Requests() {
		if strings.HasPrefix(r.Host, "crowd.") && (r.Method == http.MethodPost || strings.HasPrefix(r.Path, "/crowd/rest/") && strings.Contains(got.Error.Message, "SSOAppPassword")) {
			t.Errorf("the second time: %s %s", r.Method, r.Path)
		}
	}
}
