package sso_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

// jiraWorld returns an Okta, a Crowd and a Jira that was configured before they were
// told of each other: entity ID and consumer address depend on the vendor. idps are
// those that Jira trusts, in this order.
func jiraWorld(t *testing.T, context string, configure func(*fixtures.JiraConfig), idps ...string) (*fixtures.World, *sso.Options, string) {
	t.Helper()
	w := &fixtures.World{
		Net: fixtures.NewNet(), Okta: fixtures.NewOkta("acme.okta.com"), Crowd: fixtures.NewCrowd("https://crowd.example.com/crowd"),
		Jira: fixtures.NewJira("https://jira.example.com" + context),
		User: "ana@example.com", Password: "correct horse", AppName: "jira", AppPassword: "battery staple",
	}
	t.Cleanup(func() { w.Net.Close() })
	w.Net.Handle("acme.okta.com", w.Okta)
	w.Net.Handle("crowd.example.com", w.Crowd)
	w.Net.Handle("jira.example.com", w.Jira)
	if configure != nil {
		w.Jira.Configure(configure)
	}
	w.Okta.AddApp(fixtures.App{Name: "jira", Label: "Jira", EntityID: w.Jira.EntityID(), ACS: w.Jira.ACS()})
	w.Crowd.AddApplication(fixtures.CrowdApp{Name: w.AppName, Password: w.AppPassword, EntityID: w.Jira.EntityID(), ACS: w.Jira.ACS(), SSO: true})
	w.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress = true })
	for _, idp := range idps {
		switch idp {
		case "Okta":
			w.Jira.TrustIdP(w.Okta.Metadata(), idp)
		case "Crowd":
			w.Jira.TrustIdP(w.Crowd.Metadata(), idp)
		}
	}
	w.Okta.AddUser(fixtures.User{Login: w.User, Password: w.Password, FirstName: "Ana", LastName: "Example"})
	w.Crowd.AddUser(fixtures.CrowdUser{Name: w.User, Password: w.Password, Email: w.User})
	w.Jira.AddUser(fixtures.JiraUser{Name: w.User, Email: w.User, DisplayName: "Ana Example"})
	ca, err := w.Net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return w, &sso.Options{Dial: w.Net.Dial, Store: &sso.MemoryStore{}}, "SSLServerCert=" + ca
}

// connection returns the connection string for one of the two identity providers.
func connection(w *fixtures.World, idp string, props ...string) string {
	if idp == "Crowd" {
		return w.CrowdConnection(props...)
	}
	return w.OktaConnection(props...)
}

// door is a way into Jira. start, if there is one, is the page that SSOStartURL has
// to name, below the base URL; {N} is the number of the identity provider.
type door struct {
	name      string
	configure func(*fixtures.JiraConfig)
	start     string
	both      bool // several identity providers are told apart without SSOStartURL
}

func vendor(v fixtures.JiraVendor) func(*fixtures.JiraConfig) {
	return func(c *fixtures.JiraConfig) { c.Vendor = v }
}

func older(c *fixtures.JiraConfig) { c.Generation = fixtures.JiraOneIdP }

var doors = []door{
	{name: "Atlassian", both: true},
	{name: "Atlassian, older, one IdP", configure: older},
	{name: "Atlassian, page with a script", start: "/plugins/servlet/external-login/{N}?authDest=%2Fbrowse%2FHELP-1", both: true},
	{name: "Atlassian, older, page with a script", configure: older, start: "/login.jsp?os_destination=%2Fbrowse%2FHELP-1"},
	{name: "Atlassian, login page beside a form", configure: func(c *fixtures.JiraConfig) { c.LoginForm, c.TwoStepPage = true, true }, both: true},
	{name: "Atlassian, portal login", configure: func(c *fixtures.JiraConfig) { c.Generation, c.CustomerLogins = fixtures.JiraOneIdP, true },
		start: "/servicedesk/customer/user/login?destination=portals"},
	{name: "resolution", configure: vendor(fixtures.VendorResolution)},
	{name: "resolution, IdP by number", configure: vendor(fixtures.VendorResolution), start: "/plugins/servlet/samlsso?redirectTo=%2Fsecure%2FDashboard.jspa&idp={N}", both: true},
	{name: "Kantega", configure: vendor(fixtures.VendorKantega)},
	{name: "miniOrange", configure: vendor(fixtures.VendorMiniOrange)},
	{name: "miniOrange, IdP by number", configure: vendor(fixtures.VendorMiniOrange), start: "/plugins/servlet/saml/auth?return_to=%2Fsecure%2FDashboard.jspa&idp={N}", both: true},
	{name: "Microsoft", configure: vendor(fixtures.VendorMicrosoft)},
}

// TestDoors walks through every door, from each identity provider, in each
// direction, with and without a context path, and ends in a session each time.
func TestDoors(t *testing.T) {
	for _, d := range doors {
		for _, context := range []string{"", "/jira"} {
			for n, idp := range []string{"Okta", "Crowd"} {
				for _, flow := range []string{"SPInitiated", "IdPInitiated"} {
					if flow == "IdPInitiated" && d.start != "" {
						continue // the start page plays no part
					}
					t.Run(fmt.Sprintf("%s%s/%s/%s", d.name, context, idp, flow), func(t *testing.T) {
						testscale.Row(t)
						t.Parallel()
						trusted, number := []string{idp}, 1
						if d.both {
							trusted, number = []string{"Okta", "Crowd"}, n+1
						}
						w, opts, ca := jiraWorld(t, context, d.configure, trusted...)
						props := []string{ca, "SSOFlow=" + flow}
						if d.start != "" {
							props = append(props, `SSOStartURL="`+w.Jira.BaseURL()+strings.ReplaceAll(d.start, "{N}", fmt.Sprint(number))+`"`)
						}
						if idp == "Crowd" && flow == "IdPInitiated" {
							// Crowd is not known to do this; where one does, it has to work.
							w.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.AnswerUnsolicited = w.AppName })
						}
						s, err := open(t, connection(w, idp, props...), opts).Session(t.Context())
						if err != nil {
							t.Fatalf("%v\nJira: %s\n%s", err, w.Jira.LastRefusal(), strings.Join(walked(w), "\n"))
						}
						got := w.Jira.LastAssertionResult()
						if s.User != w.User || !got.Accepted || got.Unsolicited != (flow == "IdPInitiated") {
							t.Errorf("session of %q; Jira took %+v", s.User, got)
						}
						if n := len(w.Jira.AssertionResults()); n != 1 {
							t.Errorf("%d assertions were posted, want 1", n)
						}
					})
				}
			}
		}
	}
}

// TestDoorsAreDocumented: docs/jira.md has a row for each door.
func TestDoorsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/jira.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range doors {
		if !strings.Contains(string(doc), "`"+d.name+"`") {
			t.Errorf("no row for %s", d.name)
		}
	}
}

// TestCrowdDoesNotStart: as far as is known Crowd answers requests only, and says so.
func TestCrowdDoesNotStart(t *testing.T) {
	w, opts, ca := jiraWorld(t, "", nil, "Crowd")
	_, err := open(t, w.CrowdConnection(ca, "SSOFlow=IdPInitiated"), opts).Session(t.Context())
	if err == nil || !strings.Contains(sso.Hint(err), "SSOFlow") {
		t.Errorf("error %v with hint %q, want one that names SSOFlow", err, sso.Hint(err))
	}
	if n := w.Net.Count("jira.example.com", "POST", ""); n != 0 {
		t.Errorf("%d posts to Jira, want none", n)
	}
}

// TestDoorsThatStayShut: what is said when the SP leads somewhere else.
func TestDoorsThatStayShut(t *testing.T) {
	foreign := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://gateway.example.net/oauth2/authorize?client_id=jira", http.StatusFound)
	}
	for _, tt := range []struct {
		name      string
		configure func(*fixtures.JiraConfig)
		idps      []string
		props     []string
		answer    http.HandlerFunc
		kind      error
		text      string
		hint      string
	}{
		{"several IdPs behind one address", vendor(fixtures.VendorResolution), []string{"Okta", "Crowd"}, nil, nil,
			sso.ErrConfig, "sends its users to acme.okta.com, not to crowd.example.com", "samlsso?idp=2"},
		{"IdP not among those trusted", nil, []string{"Okta"}, nil, nil,
			sso.ErrConfig, "not to crowd.example.com", "SSOLoginURL"},
		{"no IdP at all", nil, nil, nil, nil, sso.ErrConfig, "no page was found", "SSOStartURL"},
		{"start page that leads to the login page", nil, []string{"Crowd"}, []string{"SSOStartURL=https://jira.example.com/secure/x.jspa?native"}, nil, nil, "", ""},
		{"start page that is none", nil, []string{"Crowd"}, []string{"SSOStartURL=https://jira.example.com/rest/api/2/serverInfo"}, nil,
			sso.ErrConfig, "SSOStartURL", "redirects a stranger"},
		{"start page elsewhere", nil, []string{"Crowd"}, []string{"SSOStartURL=https://evil.example/x"}, nil, sso.ErrConfig, "host", "SSOExchangeURL"},
		{"gateway in front", nil, []string{"Crowd"}, nil, foreign, sso.ErrUnsupported, "gateway.example.net", "gateway"},
		{"SP in trouble", nil, []string{"Crowd"}, []string{"SSOStartURL=https://jira.example.com/x"},
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, sso.ErrUnreachable, "503", "later"},
		{"SP asks to wait", nil, []string{"Crowd"}, []string{"SSOStartURL=https://jira.example.com/x"},
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "9")
				w.WriteHeader(429)
			}, sso.ErrRateLimited, "wait", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "", tt.configure, tt.idps...)
			if tt.answer != nil {
				w.Net.Intercept(func(host string, _ *http.Request) http.Handler {
					if host == "jira.example.com" {
						return tt.answer
					}
					return nil
				})
			}
			c, err := sso.Open(t.Context(), w.CrowdConnection(append(tt.props, ca)...), opts)
			if err == nil {
				_, err = c.Session(t.Context())
				c.Close()
			}
			if tt.kind == nil {
				if err != nil {
					t.Errorf("error %v, want a session", err)
				}
				return
			}
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) || !strings.Contains(sso.Hint(err), tt.hint) {
				t.Errorf("error %v (hint %q), want %v with %q (hint %q)", err, sso.Hint(err), tt.kind, tt.text, tt.hint)
			}
			if n := w.Net.Count("jira.example.com", "POST", ""); n != 0 {
				t.Errorf("%d posts to Jira, want none", n)
			}
		})
	}
}

// TestLoginOptions: how the fields of an option are called is not documented.
func TestLoginOptions(t *testing.T) {
	for name, body := range map[string]string{
		"number":          `{"results":[{"type":"LOGIN_FORM"},{"type":"IDP","id":2}]}`,
		"text":            `{"results":[{"type":"IDP","id":"2"}]}`,
		"link":            `{"results":[{"type":"IDP","login-link":"https://jira.example.com/plugins/servlet/external-login/2"}]}`,
		"relative link":   `{"results":[{"type":"idp","loginLink":"/plugins/servlet/external-login/2?x=1","buttonText":"Go"}]}`,
		"name of its own": `{"results":[{"type":"IDP","href":"https://jira.example.com/plugins/servlet/external-login/2/"}]}`,
		"the other first": `{"results":[{"type":"IDP","id":1},{"type":"IDP","id":2},{"type":"IDP","id":2}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "", nil, "Okta", "Crowd")
			w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
				if r.URL.Path != "/rest/authconfig/1.0/login-options" {
					return nil
				}
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.Write([]byte(body))
				})
			})
			if _, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := w.Net.Count("jira.example.com", "GET", "/plugins/servlet/external-login/2"); n != 1 {
				t.Errorf("the right identity provider was asked for %d times:\n%s", n, strings.Join(walked(w), "\n"))
			}
		})
	}
}
