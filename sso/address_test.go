package sso_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// wrongAddresses are properties for the simulated world, by what is wrong with them, and
// what the hint proposes.
var wrongAddresses = []struct{ name, scheme, props, property, hint string }{
	{"app link on Jira", "Okta", "SSOLoginURL=https://jira.example.com/login.jsp;OktaEngine=Classic", "SSOLoginURL", "embed link"},
	{"app link is Jira", "Okta", "SSOLoginURL=https://jira.example.com/home/jira/x;OktaEngine=Classic;Domain=acme.okta.com", "SSOLoginURL", "embed link"},
	{"consumer, slash", "Okta", "SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer/", "SSOExchangeURL", "https://jira.example.com/plugins/servlet/samlconsumer,"},
	{"consumer, case", "Crowd", "SSOExchangeURL=https://jira.example.com/plugins/servlet/SAMLConsumer", "SSOExchangeURL", "https://jira.example.com/plugins/servlet/samlconsumer,"},
	// URL is a page of Jira.
	{"dashboard", "Okta", "URL=https://jira.example.com/secure/Dashboard.jspa", "URL", "https://jira.example.com,"},
	{"login page", "Okta", "URL=https://jira.example.com/login.jsp", "URL", "https://jira.example.com,"},
	{"an issue", "Crowd", "URL=https://jira.example.com/browse/X-1", "URL", "https://jira.example.com,"},
	{"a project", "Okta", "URL=https://jira.example.com/projects/HELP/issues", "URL", "https://jira.example.com,"},
	{"REST API", "Okta", "URL=https://jira.example.com/rest/api/2", "URL", "https://jira.example.com,"},
	{"portal", "Okta", "URL=https://jira.example.com/servicedesk/customer/portals", "URL", "https://jira.example.com,"},
	{"consumer as URL", "Okta", "URL=https://jira.example.com/plugins/servlet/samlconsumer", "URL", "https://jira.example.com,"},
	{"fragment", "Okta", "URL=https://jira.example.com/secure/RapidBoard.jspa#x", "URL", "https://jira.example.com,"},
	{"page, context", "Okta", "URL=https://jira.example.com/jira/login.jsp;SSOExchangeURL=https://jira.example.com/jira/plugins/servlet/samlconsumer", "URL", "https://jira.example.com/jira,"},
	{"page, other vendor", "Okta", "URL=https://jira.example.com/jira/secure/Dashboard.jspa;SSOExchangeURL=https://jira.example.com/jira/acs", "URL", "https://jira.example.com/jira"},
	// URL and the consumer do not fit.
	{"root, consumer below a context", "Okta", "SSOExchangeURL=https://jira.example.com/jira/plugins/servlet/samlconsumer", "URL", "https://jira.example.com/jira,"},
	{"context, consumer at the root", "Crowd", "URL=https://jira.example.com/jira", "URL", "https://jira.example.com,"},
	{"another application's consumer", "Okta", "URL=https://jira.example.com/jira;SSOExchangeURL=https://jira.example.com/wiki/plugins/servlet/samlconsumer", "URL", "/wiki,"},
	{"other host", "Okta", "URL=https://jira-test.example.com", "URL", "https://jira.example.com,"},
	{"other domain", "Crowd", "URL=https://jira.example.org", "URL", "https://jira.example.com,"},
	{"other host, other vendor", "Okta", "URL=https://jira-test.example.com;SSOExchangeURL=https://jira.example.com/acs", "URL", "https://jira.example.com,"},
	{"other scheme", "Okta", "URL=http://jira.localhost;SSOExchangeURL=https://jira.localhost/plugins/servlet/samlconsumer", "URL", "https://jira.localhost,"},
	// SSOExchangeURL takes no assertion.
	{"consumer is the root", "Okta", "SSOExchangeURL=https://jira.example.com/", "SSOExchangeURL", "https://jira.example.com/plugins/servlet/samlconsumer"},
	{"consumer is the login page", "Okta", "SSOExchangeURL=https://jira.example.com/login.jsp", "SSOExchangeURL", "/plugins/servlet/samlconsumer"},
	{"consumer is the start page", "Crowd", "SSOExchangeURL=https://jira.example.com/plugins/servlet/external-login/1", "SSOExchangeURL", "/plugins/servlet/samlconsumer"},
	{"consumer is the metadata", "Okta", "SSOExchangeURL=https://jira.example.com/plugins/servlet/saml/metadata", "SSOExchangeURL", "/plugins/servlet/samlconsumer"},
	{"consumer is REST", "Okta", "SSOExchangeURL=https://jira.example.com/rest/api/2", "SSOExchangeURL", "/plugins/servlet/samlconsumer"},
	{"consumer with a message", "Okta", "SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer?SAMLResponse=x", "SSOExchangeURL", "samlconsumer"},
	// Swapped.
	{"swapped, Okta", "Okta", "SSOLoginURL=https://jira.example.com/plugins/servlet/samlconsumer;SSOExchangeURL=https://acme.okta.com/home/jira/0oa1/42", "SSOLoginURL", "SSOExchangeURL Jira's"},
	{"swapped, Crowd", "Crowd", "SSOLoginURL=https://jira.example.com/plugins/servlet/samlconsumer;SSOExchangeURL=https://crowd.example.com/crowd/console/secure/saml/sso.action", "SSOLoginURL", "Jira's"},
	{"the consumer twice", "Okta", "SSOLoginURL=https://jira.example.com/plugins/servlet/samlconsumer", "SSOLoginURL", "embed link"},
	{"the app link twice", "Okta", "SSOExchangeURL=https://acme.okta.com/home/jira/0oa1/42", "SSOExchangeURL", "https://jira.example.com/plugins/servlet/samlconsumer"},
	{"Okta with AuthScheme=Crowd", "Crowd", "SSOLoginURL=https://acme.okta.com/home/jira/0oa1/42", "SSOLoginURL", "AuthScheme=Okta"},
	{"Crowd with AuthScheme=Okta", "Okta", "SSOLoginURL=https://crowd.example.com/crowd/console/secure/saml/sso.action", "SSOLoginURL", "AuthScheme=Crowd"},
	// Pages of Okta.
	{"Okta's root", "Okta", "SSOLoginURL=https://acme.okta.com", "SSOLoginURL", "https://acme.okta.com/home/NAME"},
	{"sign-in page", "Okta", "SSOLoginURL=https://acme.okta.com/login/login.htm?fromURI=%2Fhome", "SSOLoginURL", "embed link"},
	{"sign-in page, custom domain", "Okta", "SSOLoginURL=https://login.example.com/signin", "SSOLoginURL", "https://login.example.com/home/NAME"},
	{"dashboard of Okta", "Okta", "SSOLoginURL=https://acme.okta.com/app/UserHome", "SSOLoginURL", "embed link"},
	{"end-user settings", "Okta", "SSOLoginURL=https://acme.okta.com/enduser/settings", "SSOLoginURL", "embed link"},
	{"admin console", "Okta", "SSOLoginURL=https://acme-admin.okta.com/admin/app/jira/instance/0oa1/#tab-general", "SSOLoginURL", "https://acme.okta.com/home/NAME"},
	{"admin console, preview", "Okta", "SSOLoginURL=https://acme-admin.oktapreview.com/admin/dashboard", "SSOLoginURL", "https://acme.oktapreview.com/home/NAME"},
	{"metadata", "Okta", "SSOLoginURL=https://acme.okta.com/app/exk1/sso/saml/metadata", "SSOLoginURL", "https://acme.okta.com/app/exk1/sso/saml"},
	{"API", "Okta", "SSOLoginURL=https://acme.okta.com/api/v1/authn", "SSOLoginURL", "embed link"},
	{"an old request", "Okta", "SSOLoginURL=https://acme.okta.com/app/jira/exk1/sso/saml?SAMLRequest=fZ&RelayState=x", "SSOLoginURL", "https://acme.okta.com/app/jira/exk1/sso/saml"},
	// Domain.
	{"Domain is the console", "Okta", "Domain=acme-admin.okta.com", "Domain", "Domain=acme.okta.com"},
	{"Domain is Okta", "Okta", "Domain=okta.com", "Domain", "Domain=acme.okta.com"},
	{"Domain is Okta's site", "Okta", "Domain=https://login.okta.com/", "Domain", "Domain=acme.okta.com"},
	{"Domain is Jira", "Okta", "Domain=jira.example.com", "Domain", "Domain=acme.okta.com"},
	{"Domain is a name", "Okta", "Domain=acme", "Domain", "Domain=acme.okta.com"},
	// Crowd.
	{"Crowd's base", "Crowd", "SSOLoginURL=https://crowd.example.com/crowd", "SSOLoginURL", "https://crowd.example.com/crowd/console/secure/saml/sso.action"},
	{"Crowd's root", "Crowd", "SSOLoginURL=https://crowd.example.com", "SSOLoginURL", "https://crowd.example.com/crowd/console/secure/saml/sso.action"},
	{"Crowd's console", "Crowd", "SSOLoginURL=https://crowd.example.com/crowd/console/login.action", "SSOLoginURL", "https://crowd.example.com/crowd/console/secure/saml/sso.action"},
	{"Crowd's REST", "Crowd", "SSOLoginURL=https://crowd.example.com/krowd/rest/usermanagement/1", "SSOLoginURL", "https://crowd.example.com/krowd/console/secure/saml/sso.action"},
	{"Crowd with an old request", "Crowd", "SSOLoginURL=https://crowd.example.com/crowd/console/secure/saml/sso.action?SAMLRequest=x", "SSOLoginURL", "https://crowd.example.com/crowd/console/secure/saml/sso.action"},
	// The start page.
	{"start page elsewhere", "Crowd", "SSOStartURL=https://other.example.com/login.jsp", "SSOStartURL", "https://jira.example.com"},
}

func addressConnection(w *fixtures.World, scheme string, props ...string) string {
	if scheme == "Crowd" {
		return w.CrowdConnection(props...)
	}
	return w.OktaConnection(append(props, "User=passwordonly@example.com")...)
}

// TestWrongAddresses: an address that cannot be right is a mistake of configuration
// before any request, and the right one is proposed.
func TestWrongAddresses(t *testing.T) {
	w, opts, ca := world(t)
	for _, tt := range wrongAddresses {
		o := *opts
		o.Store = &sso.MemoryStore{}
		props := append(strings.Split(tt.props, ";"), ca)
		_, err := open(t, addressConnection(w, tt.scheme, props...), &o).Session(t.Context())
		var bad *sso.ConfigError
		if !errors.As(err, &bad) || bad.Property != tt.property || !strings.Contains(sso.Hint(err)+",", tt.hint) {
			t.Errorf("%s: %v\nhint: %s", tt.name, err, sso.Hint(err))
		}
		if sent := walked(w); len(sent) > 0 {
			t.Errorf("%s: sent %q", tt.name, sent)
			w.Net.Reset()
		}
	}
}

// TestRightAddresses: nothing is refused that may work.
func TestRightAddresses(t *testing.T) {
	for _, tt := range []struct{ scheme, props string }{
		{"Okta", ""},
		{"Okta", "SSOLoginURL=https://login.example.com/home/jira/0oa1/42"},
		{"Okta", "SSOLoginURL=https://login.example.com/home/jira/0oa1/42?fromPlugin=true"},
		{"Okta", "SSOLoginURL=https://acme.okta.com/app/jira/exk1/sso/saml"},
		{"Okta", "SSOLoginURL=https://acme.okta.com/home/bookmark/0oa1/1"},
		{"Okta", "SSOLoginURL=https://login.example.com/vanity;Domain=acme.okta.com"},
		{"Okta", "SSOLoginURL=https://acme.okta.com/home/jira/0oa1/42;Domain=login.example.com"},
		{"Okta", "SSOLoginURL=https://go.example.com/jira;Domain=login.example.com"},
		{"Okta", "SSOLoginURL=https://hub.okta.com/home/jira/0oa1/42;Domain=users.okta.com"}, // org-to-org
		{"Crowd", "SSOLoginURL=https://crowd.example.com/console/secure/saml/sso.action"},
		{"Crowd", "SSOLoginURL=https://id.example.com/a/b/console/secure/saml/sso.action"},
		{"Okta", "URL=https://jira.example.com/secure;SSOExchangeURL=https://jira.example.com/secure/plugins/servlet/samlsso"},
		{"Okta", "URL=https://jira.example.com/projects/JIRA;SSOExchangeURL=https://jira.example.com/projects/JIRA/plugins/servlet/saml/auth"},
		{"Okta", "URL=https://jira.example.com:8443"},
		{"Okta", "URL=https://jira.example.com/issues;SSOExchangeURL=https://jira.example.com/issues/acs"},
		{"Okta", "SSOExchangeURL=https://jira.example.com/plugins/servlet/no.kantega.saml/sp/42/login"},
		{"Okta", "SSOExchangeURL=https://jira.example.com/plugins/servlet/samlsso?idp=2"},
		{"Okta", "SSOExchangeURL=https://jira.example.com/acs"},
		{"Okta", "URL=https://jira.example.com/servicedesk;SSOExchangeURL=https://jira.example.com/servicedesk/plugins/servlet/samlconsumer"},
		{"Okta", "URL=http://jira.localhost:8080;SSOExchangeURL=http://jira.localhost:8080/plugins/servlet/samlconsumer;SSOLoginURL=https://okta.localhost/home/jira/0oa1/1"},
	} {
		w := fixtures.NewWorld(fixtures.WorldOptions{})
		cfg, err := sso.ParseConfig(addressConnection(w, tt.scheme, strings.Split(tt.props, ";")...))
		w.Close()
		if err != nil {
			t.Errorf("%s: %v", tt.props, err)
			continue
		}
		if err := sso.CheckAddresses(cfg); err != nil {
			t.Errorf("%s: %v (%s)", tt.props, err, sso.Hint(err))
		}
	}
}

// TestMissingPassword: nobody can be asked, so nothing is asked of a server.
func TestMissingPassword(t *testing.T) {
	w, opts, ca := world(t)
	for scheme, conn := range schemes(w, ca) {
		c := open(t, strings.Replace(conn, ";Password="+w.Password, "", 1), opts)
		_, err := c.Session(t.Context())
		checkUnsent(t, w, scheme, err, "Password")
	}
}

// TestNoPasswordForLiveSession: while the identity provider's session lives, none is
// needed, and none is read.
func TestNoPasswordForLiveSession(t *testing.T) {
	w, opts, ca := world(t)
	for scheme, conn := range schemes(w, ca) {
		o := *opts
		o.Store = &sso.MemoryStore{}
		if _, err := open(t, conn, &o).Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, property := range []string{"", ";PasswordFile=/nowhere", ";PasswordCommand=exit 1"} {
			c := open(t, strings.Replace(conn, ";Password="+w.Password, property, 1), &o)
			if _, err := c.Login(t.Context()); err != nil {
				t.Errorf("%s, %q: %v", scheme, property, err)
			}
		}
	}
}

// TestUnusableFactor: a seed or a code that is none is found out before the password
// leaves, wherever it comes from.
func TestUnusableFactor(t *testing.T) {
	w, opts, ca := world(t)
	for name, prop := range map[string]string{
		"not base32":          "MFASecret=!!!!!!!!",
		"a code":              "MFASecret=123456",
		"too short":           "MFASecret=GEZD",
		"cut off":             "MFASecret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQG",
		"counted":             "MFASecret=otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=1",
		"address, no secret":  "MFASecret=otpauth://totp/x",
		"address, nine":       "MFASecret=otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=9",
		"by command":          "MFASecretCommand=echo 123456",
		"code: words":         "MFAType=SMS;MFAPassCode=abcdef",
		"code: too short":     "MFAType=Email;MFAPassCode=12",
		"code: a card number": "MFAType=GoogleAuthenticator;MFAPassCode=1234 5678 9012 3456",
		"code: a seed":        "MFAType=OktaVerify;MFAPassCode=otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ",
		"code: Call":          "MFAType=Call;MFAPassCode=-----",
	} {
		o := *opts
		o.Store = &sso.MemoryStore{}
		_, err := open(t, w.OktaConnection(append(strings.Split(prop, ";"), ca, "User=totp@example.com")...), &o).Session(t.Context())
		checkUnsent(t, w, name, err, "MFA")
		if strings.Contains(fmt.Sprint(err, sso.Hint(err)), "1234 5678") {
			t.Errorf("%s: shows the code", name)
		}
	}
}

// TestCloudIsNamed: the refusal says which host is meant.
func TestCloudIsNamed(t *testing.T) {
	for _, conn := range []string{
		strings.ReplaceAll(oktaBase, "jira.example.com", "acme.atlassian.net"),
		"AuthScheme=Crowd;URL=https://acme.atlassian.net",
		strings.ReplaceAll(oktaBase, "jira.example.com", "ACME.ATLASSIAN.NET"),
	} {
		if _, err := sso.ParseConfig(conn); !errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), "acme.atlassian.net") {
			t.Errorf("%v", err)
		}
	}
}
