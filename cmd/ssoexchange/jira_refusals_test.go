package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// jiraLab is an Okta, a Crowd and a Jira on loopback. Jira is configured before the
// two hear of it: its entity ID and consumer address depend on the vendor.
func jiraLab(t *testing.T, configure func(*fixtures.JiraConfig)) (w *fixtures.World, ca string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	host := func(name string) string { return name + ".localhost:" + port }
	w = &fixtures.World{
		Net: fixtures.NewNet(), Okta: fixtures.NewOkta(host("okta")), Crowd: fixtures.NewCrowd("https://" + host("crowd") + "/crowd"),
		Jira: fixtures.NewJira("https://" + host("jira")),
		User: "ana@example.com", Password: "correct horse", AppName: "jira", AppPassword: "battery staple",
	}
	server := w.Net.Serve(ln)
	t.Cleanup(func() {
		server.Close()
		w.Net.Close()
	})
	w.Net.Handle(host("okta"), w.Okta)
	w.Net.Handle(host("crowd"), w.Crowd)
	w.Net.Handle(host("jira"), w.Jira)
	if configure != nil {
		w.Jira.Configure(configure)
	}
	w.Okta.AddApp(fixtures.App{Name: "jira", Label: "Jira", EntityID: w.Jira.EntityID(), ACS: w.Jira.ACS()})
	w.Crowd.AddApplication(fixtures.CrowdApp{Name: w.AppName, Password: w.AppPassword, EntityID: w.Jira.EntityID(), ACS: w.Jira.ACS(), SSO: true})
	w.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress = true })
	w.Jira.TrustIdP(w.Okta.Metadata(), "Okta")
	w.Jira.TrustIdP(w.Crowd.Metadata(), "Crowd")
	w.Okta.AddUser(fixtures.User{Login: w.User, Password: w.Password, FirstName: "Ana", LastName: "Example"})
	w.Crowd.AddUser(fixtures.CrowdUser{Name: w.User, Password: w.Password, Email: w.User})
	w.Jira.AddUser(fixtures.JiraUser{Name: w.User, Email: w.User, DisplayName: "Ana Example"})
	if ca, err = w.Net.CAFile(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return w, ca
}

// toldError is what a failed command tells a program.
type toldError struct{ Code, Step, Message, Hint string }

// signIn runs "cookies" and returns the exit status and the error.
func signIn(t *testing.T, connection string) (int, toldError, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run([]string{"cookies", "--no-store", "--no-input", "--json", "-c", connection}, strings.NewReader(""), &stdout, &stderr)
	var told struct{ Error toldError }
	for line := range strings.Lines(stderr.String()) {
		json.Unmarshal([]byte(line), &told)
	}
	return status, told.Error, stdout.String() + stderr.String()
}

// atACS puts a handler in front of Jira's consumer service.
func atACS(w *fixtures.World, h http.HandlerFunc) {
	w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
		if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/plugins/servlet/") {
			return h
		}
		return nil
	})
}

// answers is a consumer service that gives one answer to everything.
func answers(status int, body string, headers ...string) func(*fixtures.World) {
	return func(w *fixtures.World) {
		atACS(w, func(rw http.ResponseWriter, _ *http.Request) {
			for _, h := range headers {
				name, value, _ := strings.Cut(h, ": ")
				rw.Header().Set(name, value)
			}
			rw.Header().Set("Content-Type", "text/html")
			rw.WriteHeader(status)
			fmt.Fprint(rw, body)
		})
	}
}

const errorUUID = "0b1c2d3e-1111-4222-8333-444455556666"

// shows is a page of Atlassian's plugin as a site shows it that puts the log's text
// into its template.
func shows(text string) func(*fixtures.World) {
	return answers(http.StatusBadRequest, `<html><head><title>Log in - Jira</title><script>var build="99999999-aaaa-4bbb-8ccc-dddddddddddd"</script></head><body>
<h1>We can't log you in right now</h1><p>`+text+`</p><p>[UUID: `+errorUUID+`]</p></body></html>`)
}

func oktaFault(f fixtures.Fault) func(*fixtures.World) {
	return func(w *fixtures.World) { w.Okta.SetFault(f) }
}

func crowdFault(f fixtures.Fault) func(*fixtures.World) {
	return func(w *fixtures.World) { w.Crowd.SetFault(f) }
}

// loseRequest makes Jira forget what it asked: the cookie that proves it is lost.
func loseRequest(w *fixtures.World) {
	atACS(w, func(rw http.ResponseWriter, r *http.Request) {
		r.Header.Del("Cookie")
		w.Jira.ServeHTTP(rw, r)
	})
}

// postTwice is a gateway that repeats what it got no answer to.
func postTwice(w *fixtures.World) {
	atACS(w, func(rw http.ResponseWriter, r *http.Request) {
		body := new(bytes.Buffer)
		body.ReadFrom(r.Body)
		for _, to := range []http.ResponseWriter{httptest.NewRecorder(), rw} {
			again := r.Clone(r.Context())
			again.Body = readCloser{bytes.NewReader(body.Bytes())}
			w.Jira.ServeHTTP(to, again)
		}
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

type refusalRow struct {
	name      string
	configure func(*fixtures.JiraConfig)
	setup     func(*fixtures.World)
	crowd     bool
	props     []string

	exit    int
	message string // in the error
	hint    string // in the hint
	jira    string // what Jira's log says, "" if it got nothing to judge
	held    bool   // the assertion never left
}

const (
	general = "usual causes"
	invalid = "Received invalid SAML response: "
)

// checksOfOurs are the refusals that the SP never gets to speak: its rule is broken
// and the assertion is not posted.
var checksOfOurs = []refusalRow{
	{name: "not a success", setup: oktaFault(fixtures.FaultStatus), exit: 6, message: "AuthnFailed", held: true},
	{name: "two assertions", setup: oktaFault(fixtures.FaultTwoAssertions), exit: 10, message: "Assertion", hint: "exactly one", held: true},
	{name: "no XML", setup: oktaFault(fixtures.FaultGarbage), exit: 10, message: "saml", held: true},
	{name: "InResponseTo although nobody asked", setup: oktaFault(fixtures.FaultInResponseTo), exit: 10, message: "InResponseTo", hint: "SSOFlow", held: true},
	{name: "InResponseTo of another request", setup: crowdFault(fixtures.FaultInResponseTo), crowd: true, exit: 10, message: "InResponseTo", hint: "SSOFlow", held: true},
	{name: "InResponseTo missing", setup: crowdFault(fixtures.FaultNoRequestID), crowd: true, exit: 10, message: "InResponseTo is missing", hint: "SSOFlow", held: true},
	{name: "destination", setup: oktaFault(fixtures.FaultDestination), exit: 10, message: "Destination", hint: "reverse proxy", held: true},
	{name: "recipient", setup: oktaFault(fixtures.FaultRecipient), exit: 10, message: "Recipient", hint: "SSOExchangeURL", held: true},
	{name: "form to another host", setup: oktaFault(fixtures.FaultForeignAction), exit: 10, message: "Action", held: true},
}

// refusalsOfJira are those of the simulated Jira, which judges as the plugin does.
var refusalsOfJira = []refusalRow{
	{name: "IdP switched off", setup: func(w *fixtures.World) { w.Jira.SetIdPEnabled(1, false) },
		exit: 6, message: "Single sign-on is not set up", hint: "know this identity provider", jira: "Could not log in from Identity Provider"},
	{name: "issuer nobody knows", setup: oktaFault(fixtures.FaultIssuer),
		exit: 6, message: "Single sign-on is not set up", hint: "know this identity provider", jira: "Could not log in from Identity Provider"},
	{name: "another issuer than asked", setup: crowdFault(fixtures.FaultIssuer), crowd: true,
		exit: 6, message: "could not be accepted", hint: general, jira: invalid + "Invalid issuer in the Assertion/Response. Was 'http://other.example.org/entity', but expected"},
	{name: "request forgotten", setup: loseRequest, crowd: true,
		exit: 6, message: "could not be accepted", hint: general, jira: invalid + "The Response has an InResponseTo attribute: ONELOGIN_"},
	{name: "reverse proxy", configure: func(c *fixtures.JiraConfig) { c.SeenHost = "10.0.0.7:8080" },
		exit: 6, message: "could not be accepted", hint: "reverse proxy", jira: invalid + "The response was received at https://10.0.0.7:8080/plugins/servlet/samlconsumer instead of https://jira.localhost"},
	{name: "audience with a slash too many", setup: func(w *fixtures.World) {
		w.Okta.ChangeApp(func(a *fixtures.App) { a.EntityID += "/" })
	}, exit: 6, message: "could not be accepted", hint: "base URL without a trailing slash", jira: "is not a valid audience for this Response"},
	{name: "expired", setup: oktaFault(fixtures.FaultExpired), exit: 6, message: "the assertion's NotOnOrAfter is", hint: "NTP", jira: invalid + "Timing issues"},
	{name: "not yet valid", setup: oktaFault(fixtures.FaultNotYetValid), exit: 6, message: "the assertion's NotBefore is", hint: "NTP", jira: invalid + "Timing issues"},
	{name: "expired, Crowd", setup: crowdFault(fixtures.FaultExpired), crowd: true, exit: 6, message: "the assertion's NotOnOrAfter is", hint: "NTP", jira: invalid + "Timing issues"},
	{name: "audience of another host", setup: oktaFault(fixtures.FaultAudience), exit: 6, message: `the assertion's Audience is "https://other.example.org", and what fits the SP is "https://jira.`, hint: "audience (entity ID)", jira: "is not a valid audience for this Response"},
	{name: "audience of another host, Crowd", setup: crowdFault(fixtures.FaultAudience), crowd: true, exit: 6, message: `the assertion's Audience is "https://other.example.org", and what fits the SP is "https://jira.`, hint: "audience (entity ID)", jira: "is not a valid audience for this Response"},
	{name: "audience of another host, resolution", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorResolution }, setup: oktaFault(fixtures.FaultAudience), exit: 6, message: `the assertion's Audience is "https://other.example.org"`, hint: "audience (entity ID)", jira: "is not a valid audience for this Response"},
	{name: "unsigned", setup: oktaFault(fixtures.FaultUnsigned), exit: 6, message: "could not be accepted", hint: "must sign the assertion", jira: "No Signature found"},
	{name: "unsigned, Crowd", setup: crowdFault(fixtures.FaultUnsigned), crowd: true, exit: 6, message: "could not be accepted", hint: "must sign the assertion", jira: "No Signature found"},
	{name: "unknown key", setup: oktaFault(fixtures.FaultUnknownKey), exit: 6, message: "could not be accepted", hint: "certificate", jira: "Signature validation failed. SAML Response rejected"},
	{name: "broken signature", setup: oktaFault(fixtures.FaultSignature), exit: 6, message: "could not be accepted", hint: "certificate", jira: "Signature validation failed. SAML Response rejected"},
	{name: "name changed after signing", setup: oktaFault(fixtures.FaultNameID), exit: 6, message: "could not be accepted", hint: "certificate", jira: "Signature validation failed. SAML Response rejected"},
	{name: "posted twice", setup: postTwice, exit: 6, message: "could not be accepted", hint: general, jira: "has already been used"},
	{name: "user unknown", setup: oktaFault(fixtures.FaultNoSuchUser), exit: 6, message: "you have no access here", hint: "must exist at the SP", jira: "does not exist or may not log in"},
	{name: "user unknown, Crowd", setup: crowdFault(fixtures.FaultNoSuchUser), crowd: true, exit: 6, message: "you have no access here", hint: "must exist at the SP", jira: "does not exist or may not log in"},
	{name: "user inactive", setup: func(w *fixtures.World) { w.Jira.AddUser(fixtures.JiraUser{Name: w.User, Disabled: true}) },
		exit: 6, message: "you have no access here", hint: "be active", jira: "does not exist or may not log in"},
	{name: "licence lapsed", configure: func(c *fixtures.JiraConfig) { c.Unlicensed = true },
		exit: 6, message: "Single sign-on is not set up", hint: "licence must be valid", jira: "valid Data Center licence"},

	{name: "resolution: page with status 200", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorResolution }, setup: oktaFault(fixtures.FaultNoSuchUser),
		exit: 6, message: "Login failed", hint: general, jira: "does not exist"},
	{name: "Kantega: code of a user", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorKantega }, setup: oktaFault(fixtures.FaultNoSuchUser),
		exit: 6, message: "USER_NOT_FOUND", hint: "must exist at the SP", jira: "does not exist"},
	{name: "Kantega: code of a signature", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorKantega }, setup: oktaFault(fixtures.FaultUnknownKey),
		exit: 6, message: "INVALID_SIGNATURE", hint: "signing certificate", jira: "Signature validation failed"},
	{name: "Kantega: code of a request", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorKantega }, setup: loseRequest, props: []string{"SSOFlow=SPInitiated"},
		exit: 6, message: "SUBJECT_CONFIRMATION_DATA_UNEXPECTED_IN_RESPONSE_TO", hint: "SSOFlow", jira: "no InResponseTo was expected"},
	{name: "miniOrange: code of a user", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorMiniOrange }, setup: oktaFault(fixtures.FaultNoSuchUser),
		exit: 6, message: `"cant_signin_no_access"`, hint: "must exist at the SP", jira: "does not exist"},
	{name: "miniOrange: code of a signature", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorMiniOrange }, setup: oktaFault(fixtures.FaultUnknownKey),
		exit: 6, message: `"INVALID_SIGNATURE"`, hint: "signing certificate", jira: "Signature validation failed"},
	{name: "miniOrange: code of an issuer", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorMiniOrange }, setup: oktaFault(fixtures.FaultIssuer),
		exit: 6, message: `"INVALID_ISSUER"`, hint: "know this identity provider", jira: "Could not log in"},
	{name: "miniOrange: code of the conditions", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorMiniOrange },
		setup: func(w *fixtures.World) { w.Okta.ChangeApp(func(a *fixtures.App) { a.EntityID += "/x" }) },
		exit:  6, message: `"INVALID_CONDITIONS"`, hint: "audience", jira: "valid audience"},
	{name: "Microsoft: page with a reference", configure: func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorMicrosoft }, setup: oktaFault(fixtures.FaultNoSuchUser),
		exit: 6, message: "SAML login failed", hint: general, jira: "does not exist"},
}

// pagesOfOthers are answers as bytes: the texts of the plugin's log on a page that
// shows them, and what proxies, old plugins and broken servers say.
var pagesOfOthers = []refusalRow{
	{name: "text: no IdP", setup: shows("Could not log in from Identity Provider"), exit: 6, message: errorUUID, hint: "know this identity provider"},
	{name: "text: request unknown", setup: shows("The Response has an InResponseTo attribute: ONELOGIN_1 while no InResponseTo was expected"), exit: 6, message: errorUUID, hint: "SSOFlow"},
	{name: "text: clock", setup: shows("Timing issues (please check your clock settings)"), exit: 6, message: errorUUID, hint: "NTP"},
	{name: "text: address", setup: shows("The response was received at http://jira.internal:8080/plugins/servlet/samlconsumer instead of https://jira.example.com/plugins/servlet/samlconsumer"), exit: 6, message: "instead of https://jira.example.com/plugins/servlet/samlconsumer", hint: "proxyName"},
	{name: "text: recipient", setup: shows("A valid SubjectConfirmation was not found on this Response: SubjectConfirmationData doesn't match a valid Recipient"), exit: 6, message: errorUUID, hint: "proxyName"},
	{name: "text: audience", setup: shows("https://jira.example.com is not a valid audience for this Response"), exit: 6, message: errorUUID, hint: "audience (entity ID)"},
	{name: "text: issuer", setup: shows("Invalid issuer in the Assertion/Response. Was 'a', but expected 'b'"), exit: 6, message: errorUUID, hint: "issuer"},
	{name: "text: assertion not signed", setup: shows("The Assertion of the Response is not signed and the SP requires it"), exit: 6, message: errorUUID, hint: "signing certificate"},
	{name: "text: no signature", setup: shows("No Signature found. SAML Response rejected"), exit: 6, message: errorUUID, hint: "signing certificate"},
	{name: "text: signature", setup: shows("Signature validation failed. SAML Response rejected"), exit: 6, message: errorUUID, hint: "signing certificate"},
	{name: "text: replay", setup: shows("Assertion with the id _a1 has already been used"), exit: 6, message: errorUUID, hint: "one use"},
	{name: "text: licence", setup: shows("A valid Data Center license is required"), exit: 6, message: errorUUID, hint: "renew the Data Center licence"},
	{name: "text: user", setup: shows("User ana does not exist"), exit: 6, message: errorUUID, hint: "must exist at the SP"},
	{name: "text in another language", setup: shows("Sie können sich derzeit nicht anmelden"), exit: 6, message: "nicht anmelden", hint: errorUUID},
	{name: "the SP's clock, seen in Date", setup: func(w *fixtures.World) {
		answers(400, "<h1>We can't log you in right now</h1>", "Date: "+time.Now().Add(20*time.Minute).UTC().Format(http.TimeFormat))(w)
	}, exit: 6, message: "status 400", hint: "NTP"},
	{name: "200 that lets nobody in", setup: answers(200, "<title>Welcome</title>"), exit: 6, message: "status 200", hint: general},
	{name: "404", setup: answers(404, "<title>Oops, you've found a dead link.</title>"), exit: 6, message: "dead link", hint: "check SSOExchangeURL"},
	{name: "403", setup: answers(403, "<h1>Forbidden</h1>"), exit: 6, message: "Forbidden", hint: "permission or a licence seat"},
	{name: "500 of an old plugin", setup: answers(500, "<title>Oops</title><p>Referral "+errorUUID+"</p>"), exit: 6, message: errorUUID, hint: "look for " + errorUUID},
	{name: "502", setup: answers(502, "<h1>Bad Gateway</h1>"), exit: 7, message: "502", hint: "try again later"},
	{name: "503", setup: answers(503, ""), exit: 7, message: "503", hint: "try again later"},
	{name: "429", setup: answers(429, "", "Retry-After: 30"), exit: 8, message: "wait"},
	{name: "redirect with a code", setup: answers(302, "", "Location: /login.jsp?samlerror=cant_signin_no_access"), exit: 6, message: "cant_signin_no_access", hint: "must exist at the SP"},
	{name: "redirect to a gateway", setup: answers(302, "", "Location: https://gateway.example.net/oauth2/start"), exit: 6, message: "redirect to gateway.example.net", hint: "in front of the SP"},
	{name: "page that repeats what was posted", setup: func(w *fixtures.World) {
		atACS(w, func(rw http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			rw.WriteHeader(400)
			fmt.Fprintf(rw, "<h1>Bad</h1><p>SAMLResponse %s</p>", r.PostForm.Get("SAMLResponse"))
		})
	}, exit: 6, message: "Bad", hint: general},
}

// startRefusals: the SP does not even begin.
var startRefusals = []refusalRow{
	{name: "IdP id unknown, 404", props: []string{"SSOFlow=SPInitiated", "SSOStartURL={JIRA}/plugins/servlet/external-login/99"}, exit: 2, message: "SSOStartURL", hint: "redirects a stranger", held: true},
	{name: "IdP id missing, 400", props: []string{"SSOFlow=SPInitiated", "SSOStartURL={JIRA}/plugins/servlet/external-login"}, exit: 2, message: "SSOStartURL", hint: "redirects a stranger", held: true},
	{name: "cloud", props: []string{"SSOExchangeURL=https://acme.atlassian.net/plugins/servlet/samlconsumer"}, exit: 2, message: "cloud", hint: "API token", held: true},
}

var refusalTables = map[string][]refusalRow{"ours": checksOfOurs, "jira": refusalsOfJira, "pages": pagesOfOthers, "start": startRefusals}

// TestJiraRefusals runs the program against each refusal, from the server's bytes to
// the exit status and the hint. No refusal costs a second try.
func TestJiraRefusals(t *testing.T) {
	for group, rows := range refusalTables {
		for _, tt := range rows {
			t.Run(group+"/"+tt.name, func(t *testing.T) { tt.run(t) })
		}
	}
}

// TestJiraRefusalsAreDocumented: docs/jira.md has a row for each, with its exit status.
func TestJiraRefusalsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/jira.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(string(doc), "\n")
	for group, table := range refusalTables {
		for _, tt := range table {
			name := "`" + group + "/" + tt.name + "`"
			i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, name) })
			if i < 0 || !strings.Contains(rows[i], fmt.Sprintf("| %d |", tt.exit)) {
				t.Errorf("no row with %s and | %d |", name, tt.exit)
			}
		}
	}
}

func (tt refusalRow) run(t *testing.T) {
	testscale.Row(t)
	w, ca := jiraLab(t, tt.configure)
	props := []string{"SSLServerCert=" + ca}
	for _, p := range tt.props {
		props = append(props, strings.ReplaceAll(p, "{JIRA}", w.Jira.BaseURL()))
	}
	connection := w.OktaConnection(props...)
	if tt.crowd {
		connection = w.CrowdConnection(props...)
	}
	if tt.setup != nil {
		tt.setup(w)
	}
	exit, told, output := signIn(t, connection)
	if exit != tt.exit || !strings.Contains(told.Message, tt.message) || !strings.Contains(told.Hint, tt.hint) {
		t.Errorf("exit %d, message %q\nhint %q\nwant exit %d, message with %q, hint with %q", exit, told.Message, told.Hint, tt.exit, tt.message, tt.hint)
	}
	if got := w.Jira.LastRefusal(); !strings.Contains(got, tt.jira) || (got != "") != (tt.jira != "") {
		t.Errorf("Jira's log has %q, want %q", got, tt.jira)
	}
	if tt.jira != "" {
		id := w.Jira.AssertionResults()[len(w.Jira.AssertionResults())-1].UUID
		if strings.Contains(told.Hint, "SP's log (") == strings.Contains(told.Message, id) {
			t.Errorf("message %q and hint %q: the error id %s belongs into both", told.Message, told.Hint, id)
		}
	}
	posts := 0
	for _, r := range w.Net.Requests() {
		if r.Method == http.MethodPost && strings.HasPrefix(r.Host, "jira.") {
			posts++
		}
	}
	if want := map[bool]int{true: 0, false: 1}[tt.held]; posts != want {
		t.Errorf("%d posts to Jira, want %d", posts, want)
	}
	for _, secret := range w.Secrets() {
		if len(secret) >= 6 && strings.Contains(output, secret) {
			t.Errorf("a secret of %d bytes shows in %s", len(secret), output)
		}
	}
}
