package flow

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

const testResponse = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="id1" Version="2.0" ` +
	`IssueInstant="2026-01-02T03:04:05Z" Destination="https://jira.example.com/plugins/servlet/samlconsumer">` +
	`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:Response>`

// formPage is Okta's page with a SAML message for an action.
func formPage(action, field, value string) string {
	entities := strings.NewReplacer(":", "&#x3a;", "/", "&#x2f;", "+", "&#x2b;", "=", "&#x3d;")
	return `<html><head><title>Signing in</title></head><body><form id="appForm" action="` + entities.Replace(action) + `" method="POST">` +
		`<input name="` + field + `" type="hidden" value="` + entities.Replace(value) + `"/><input name="RelayState" type="hidden" value=""/></form></body></html>`
}

func encodedResponse() string { return base64.StdEncoding.EncodeToString([]byte(testResponse)) }

func testOurs(u *url.URL) bool { return u.Scheme == "https" && u.Host == "acme.okta.com" }

// pages is a row for each mark of a page; the fuzzer starts from them too.
var pages = []struct {
	name     string
	at       string // path and query of the answer, default the app's link
	status   int
	location string
	body     string
	want     pageKind
	token    string
	words    string
	host     string
}{
	{name: "assertion", body: formPage("https://jira.example.com/plugins/servlet/samlconsumer", "SAMLResponse", encodedResponse()), want: PageAssertion},
	{name: "assertion beats a token on the same page", want: PageAssertion,
		body: formPage("https://jira.example.com/acs", "SAMLResponse", encodedResponse()) + `<script>var stateToken = '00abc';</script>`},
	{name: "org to org", body: formPage("https://acme.okta.com/sso/saml2/0oaEX", "SAMLResponse", encodedResponse()), want: PageOrg2Org, host: "acme.okta.com"},
	{name: "to another org", body: formPage("https://other.okta.com/sso/saml2/0oaEX", "SAMLResponse", encodedResponse()), want: pageOtherIdP, host: "other.okta.com"},
	{name: "other identity provider", body: formPage("https://adfs.example.com/adfs/ls", "SAMLRequest", "abc"), want: pageOtherIdP},
	{name: "response that is none", body: formPage("https://jira.example.com/acs", "SAMLResponse", "bm90IHhtbA=="), want: pageBroken},
	{name: "classic sign-in page", want: PageLogin, words: "Sign In",
		body: `<title>Sign In</title><script>var fromUri = '\x2Fhome'; var stateToken = ''; OktaLogin.initLoginPage(config);</script>`},
	{name: "classic sign-in page by address", at: "/login/login.htm?fromURI=%2Fhome%2Fx", body: `<p>Anmelden</p>`, want: PageLogin},
	{name: "redirect to the sign-in page", status: 302, location: "/login/login.htm?fromURI=%2Fhome", want: PageLogin},
	{name: "classic step-up, escaped", body: `<script>var stateToken = '00Xg\x2De0c_F4N';</script>`, want: PageStepUp, token: "00Xg-e0c_F4N"},
	{name: "classic step-up, double quotes", body: `<script>var stateToken = "00Xg";</script>`, want: PageStepUp, token: "00Xg"},
	{name: "classic step-up, member", body: `<script>init({"stateToken":"00Xg\x2D1"})</script>`, want: PageStepUp, token: "00Xg-1"},
	{name: "token in an address only", body: `<a href="/x?stateToken=00yes">x</a>`, want: PageStepUp, token: "00yes"},
	{name: "address first, then variable", want: PageStepUp, token: "00yes",
		body: `<script>var cancel='\x2Fcancel\x3FstateToken\x3D02no'; var stateToken = '00yes';</script>`},
	{name: "custom sign-in page on another host", status: 302, location: "https://login.acme.example/in?stateToken=00Xg", want: PageStepUp, token: "00Xg", host: "login.acme.example"},
	{name: "custom sign-in page of our own", at: "/signin?stateToken=00Xg", body: `<p>hello</p>`, want: PageStepUp, token: "00Xg"},
	{name: "a spent token in the address", at: "/login/step-up/redirect?stateToken=00Xg", body: `<p>hello</p>`, want: PageUnknown},
	{name: "second factor page", at: "/login/second-factor?x=1", body: `<p>code</p>`, want: PageStepUp},
	{name: "redirect to second factor", status: 302, location: "https://acme.okta.com/login/second-factor", want: PageStepUp, host: "acme.okta.com"},
	{name: "hosted page of Identity Engine", body: `<script>var stateToken = '02.id.a\x2Db\x5Fc';</script>`, want: PageEngine, token: "02.id.a-b_c"},
	{name: "Identity Engine, model in a string", want: PageEngine, token: "02.id.a-b",
		body: `<script>var modelDataBag = '\x7B\x22stateToken\x22\x3A\x2202.id.a\x2Db\x22\x7D';</script>`},
	{name: "Identity Engine, customised page", want: PageEngine, token: "02.id.x",
		body: `<script>var oktaData = {"redirectUri":"x","signIn":{"stateToken":"02.id.x","consent":{"cancel":function(){ window.location.href='\x2Fa\x3FstateToken\x3D9'; }}}};</script>`},
	{name: "Identity Engine, JWE", body: `<script>var stateToken = 'eyJ6aXAiOi';</script>`, want: PageEngine, token: "eyJ6aXAiOi"},
	{name: "Identity Engine, before its release", body: `<script>var stateToken = '01abc';</script>`, want: PageEngine, token: "01abc"},
	{name: "dashboard shell", body: `<meta name="ui-service" content="iris"><p>wait</p>`, want: PageEngine},
	{name: "error page", body: `<div class="error-content"><h1>No access</h1><p>not   assigned</p></div>`, want: PageDenied, words: "No access not assigned"},
	{name: "error page with status 403", status: 403, body: `<div class="error-content"><h1>Locked</h1></div>`, want: PageDenied, words: "Locked"},
	{name: "access locked", body: `<title>x</title><p>App Access Locked</p>`, want: PageDenied, words: "x"},
	{name: "not found", status: 404, body: `<title>Nope</title>`, want: pageNotFound, words: "Nope"},
	{name: "blocked", status: 403, body: `<title>Forbidden</title>`, want: pageBlocked, words: "Forbidden"},
	{name: "rate limit", status: 429, want: pageLimited},
	{name: "gateway", status: 502, want: pageBroken},
	{name: "away", status: 302, location: "https://evil.example/phish", want: pageForeign, host: "evil.example"},
	{name: "plain http", status: 302, location: "http://acme.okta.com/home", want: pageForeign, host: "acme.okta.com"},
	{name: "away with a request", status: 302, location: "https://idp.example/sso?SAMLRequest=abc", want: pageOtherIdP, host: "idp.example"},
	{name: "away to OpenID", status: 302, location: "https://idp.example/authorize?client_id=a&response_type=code", want: pageOtherIdP, host: "idp.example"},
	{name: "something else", body: `<title>Welcome</title>`, want: PageUnknown, words: "Welcome"},
	{name: "empty", want: PageUnknown},
}

func answerOf(at string, status int, location, body string) *httpclient.Response {
	if at == "" {
		at = "/home/jira/0oa/1"
	}
	u, err := url.Parse("https://acme.okta.com" + at)
	if err != nil {
		return nil
	}
	if status == 0 {
		status = 200
	}
	h := http.Header{}
	if location != "" {
		h.Set("Location", location)
	}
	return &httpclient.Response{URL: u, Status: status, Header: h, Body: []byte(body)}
}

func TestClassify(t *testing.T) {
	for _, tt := range pages {
		t.Run(tt.name, func(t *testing.T) {
			p := Classify(answerOf(tt.at, tt.status, tt.location, tt.body), testOurs)
			if p.Kind != tt.want || p.Token != tt.token {
				t.Fatalf("kind %q token %q, want %q %q", p.Kind, p.Token, tt.want, tt.token)
			}
			if tt.words != "" && p.Words != tt.words {
				t.Errorf("words %q, want %q", p.Words, tt.words)
			}
			if tt.host != "" && p.host != tt.host {
				t.Errorf("host %q, want %q", p.host, tt.host)
			}
			if (p.Kind == PageAssertion || p.Kind == PageOrg2Org) != (p.Response != nil) {
				t.Errorf("kind %q with response %v", p.Kind, p.Response)
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	if len(pages) == 0 {
		f.Fatal("no seeds")
	}
	for _, p := range pages {
		f.Add(p.status, p.location, []byte(p.body))
	}
	f.Fuzz(func(t *testing.T, status int, location string, body []byte) {
		p := Classify(answerOf("", status, location, string(body)), testOurs)
		if p.Kind == "" {
			t.Error("no kind")
		}
		if p.Kind == PageAssertion && (p.Response == nil || p.Response.Action == nil || testOurs(p.Response.Action)) {
			t.Error("assertion without a place to post it")
		}
		if len(p.Token) > MaxToken || len([]rune(p.Words)) > maxPrintable+1 {
			t.Error("unbounded")
		}
	})
}
