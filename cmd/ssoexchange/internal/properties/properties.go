// Package properties is the reference of the properties of a connection string, for people and for
// programs.
package properties

import (
	"fmt"
	"io"
	"strings"

	"github.com/ssoexchange/ssoexchange/sso"
)

// Info is a property in the machine-readable output. Fields are only ever added.
type Info struct {
	Version    int      `json:"version"` // 1
	Name       string   `json:"name"`
	Help       string   `json:"help"`
	Values     []string `json:"values,omitempty"`
	Default    string   `json:"default,omitempty"`
	Schemes    []string `json:"schemes,omitempty"` // that use it; absent: all
	Required   bool     `json:"required"`          // for all of those
	RequiredBy []string `json:"required_by,omitempty"`
	Secret     bool     `json:"secret"`
	Nested     bool     `json:"in_sso_properties"` // may also stand inside SSOProperties
	Aliases    []string `json:"aliases,omitempty"`
	Example    string   `json:"example"`
}

// List returns all properties, in the order of sso.Properties.
func List() []Info {
	list := []Info{}
	for _, p := range sso.Properties() {
		list = append(list, Info{1, p.Name, p.Help, p.Values, p.Default, p.Schemes, p.Required, p.RequiredBy,
			p.Secret, p.SSO, p.Aliases, exampleOf(p)})
	}
	return list
}

// Print is all that there is to say of a property.
func (p Info) Print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n\n", p.Name, p.Help)
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %-12s %s\n", what, text)
		}
	}
	line("values", strings.Join(p.Values, ", "))
	line("default", p.Default)
	schemes := "all"
	if len(p.Schemes) > 0 {
		schemes = strings.Join(p.Schemes, ", ")
	}
	line("schemes", schemes)
	switch {
	case p.Required:
		line("required", "yes")
	case len(p.RequiredBy) > 0:
		line("required", "with "+strings.Join(p.RequiredBy, ", "))
	default:
		line("required", "no")
	}
	if p.Secret {
		line("secret", "yes: also "+p.Name+"File, "+p.Name+"Command, "+p.Name+"Keyring")
	}
	if p.Nested {
		line("also", "inside SSOProperties")
	}
	line("aliases", strings.Join(p.Aliases, ", "))
	line("environment", "SSOEXCHANGE_"+strings.ToUpper(p.Name))
	line("example", p.Example)
}

// exampleOf is a property as it stands in a connection string. A secret is shown by its place.
func exampleOf(p sso.Property) string {
	if text := examples[p.Name]; text != "" {
		return text
	}
	switch {
	case p.Secret:
		return p.Name + "File=/run/secrets/" + strings.ToLower(p.Name)
	case len(p.Values) > 0:
		return p.Name + "=" + p.Values[len(p.Values)-1]
	case p.Default != "":
		return p.Name + "=" + p.Default
	}
	return p.Name + "=…"
}

// examples are of properties that are neither a secret nor a word nor have a default.
var examples = map[string]string{
	"AuthScheme":            "AuthScheme=Okta",
	"URL":                   "URL=https://jira.example.com",
	"User":                  "User=ana@example.com",
	"SSOLoginURL":           "SSOLoginURL=https://example.okta.com/home/jira/0oa1/42",
	"SSOExchangeURL":        "SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer",
	"SSOAppName":            "SSOAppName=jira",
	"Domain":                "Domain=example.okta.com",
	"MFAType":               "MFAType=SMS",
	"MFACommand":            "MFACommand='pass otp okta'",
	"MFAMailbox":            "MFAMailbox=imaps://bot%40example.com@imap.example.com/INBOX",
	"MFADevice":             "MFADevice='Home phone'",
	"SSOStartURL":           "SSOStartURL=https://jira.example.com/plugins/servlet/external-login/2",
	"SSOAudience":           "SSOAudience=https://jira.example.com",
	"RemoteAddress":         "RemoteAddress=192.0.2.7",
	"SSLServerCert":         "SSLServerCert=/etc/ssl/example-ca.pem",
	"SSLClientCert":         "SSLClientCert=/etc/ssl/bot.pem",
	"ProxyServer":           "ProxyServer=proxy.example.com",
	"ProxyUser":             "ProxyUser=bot",
	"ProxyExceptions":       "ProxyExceptions='localhost;*.intern.example.com'",
	"UserAgent":             "UserAgent=nightly-report/2.1",
	"MFAPassCode":           "MFAPassCode=123456",
	"OAuthClientId":         "OAuthClientId=3MVG9lKcPoNINVBIPJjdw1J9LLM82HnF",
	"CallbackURL":           "CallbackURL=http://localhost:33333",
	"Scope":                 "Scope='read:jira-work offline_access'",
	"OAuthExpiresIn":        "OAuthExpiresIn=3600",
	"OAuthTokenTimestamp":   "OAuthTokenTimestamp=1788192000000",
	"OAuthSettingsLocation": "OAuthSettingsLocation=/var/lib/bots/OAuthSettings.txt",
	"CloudId":               "CloudId=11223344-a1b2-3b33-c444-def123456789",
	"OAuthJWTCertSubject":   "OAuthJWTCertSubject='CN=bot'",
	"OAuthJWTPublicKeyId":   "OAuthJWTPublicKeyId=key-1",
	"OAuthJWTIssuer":        "OAuthJWTIssuer=0oa1example",
	"OAuthJWTSubject":       "OAuthJWTSubject=0oa1example",
	"OAuthJWTAudience":      "OAuthJWTAudience=https://example.okta.com/oauth2/v1/token",
	"OAuthIssuer":           "OAuthIssuer=https://id.example.com",
	"OAuthAuthorizationURL": "OAuthAuthorizationURL=https://id.example.com/authorize",
	"OAuthAccessTokenURL":   "OAuthAccessTokenURL=https://id.example.com/token",
	"OAuthRequestTokenURL":  "OAuthRequestTokenURL=https://jira.example.com/plugins/servlet/oauth/request-token",
	"OAuthDeviceURL":        "OAuthDeviceURL=https://id.example.com/device",
	"OAuthRevokeURL":        "OAuthRevokeURL=https://id.example.com/revoke",
	"OAuthGatewayURL":       "OAuthGatewayURL=https://api.atlassian.com",
	"VerifyURL":             "VerifyURL=https://wiki.example.com/rest/api/user/current",
	"VerifyUser":            "VerifyUser=username",
	"AzureTenant":           "AzureTenant=common",
}
