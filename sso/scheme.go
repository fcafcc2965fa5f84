package sso

import (
	"net/url"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// scheme is one value of AuthScheme: what it takes of the connection string, and how it obtains
// credentials. All of them stand in schemes, each in a file of its own; nothing else tells them apart
// by name. The zero value of every field but Scheme and open is a good default.
type scheme struct {
	config.Scheme

	startsAtSP  bool                    // SSOFlow=Auto begins at the SP
	shortLogins bool                    // its IdP takes the part of a login before the @ for the whole
	accounts    func(*Config) []account // whose secrets are sent, beside the user's and the mailbox's
	server      func(*Config) *url.URL  // where secrets go and what doctor looks at; nil: SSOLoginURL, or the site
	site        func(*Client) Site      // nil: Jira
	open        func(*Client, providerDeps) (credential.Source, error)
}

// schemes are all values of AuthScheme that there is a sign-in for. It is filled by init because
// what its entries do looks into it.
var schemes []*scheme

func init() {
	schemes = []*scheme{oktaScheme, crowdScheme, basicScheme, apiTokenScheme, patScheme, oauthScheme, oauthClientScheme, oauthJWTScheme, oauthDeviceScheme}
	schemes = append(schemes, loginFormSchemes()...)
}

// grammar is what the schemes take of a connection string.
func grammar() config.Schemes {
	table := make(config.Schemes, len(schemes))
	for i, s := range schemes {
		table[i] = &s.Scheme
	}
	return table
}

// webSSOProperties are used by the schemes of browser single sign-on.
var webSSOProperties = []string{"User", "Password", "SSOLoginURL", "SSOExchangeURL", "SSOFlow", "SSOStartURL", "SSOAudience", "RemoteAddress", "MFATimeout"}

// schemeNamed returns the scheme of that name, one of browser single sign-on if there is none: that
// of a Config made by hand, for New.
func schemeNamed(name string) *scheme {
	for _, s := range schemes {
		if s.Name == name {
			return s
		}
	}
	return &scheme{Scheme: config.Scheme{Name: name, Uses: webSSOProperties}}
}

// refusal is the error of a credential that the site takes for nobody's.
func (s *scheme) refusal(c *Config) error {
	property := s.secret()
	return &siteRefusal{property, autherr.New(ErrCredentials, "sso: "+config.Origin(c.URL)+" does not accept "+property+" with AuthScheme="+s.Name,
		"check it; is AuthScheme="+s.Name+" switched on there?")}
}

// secret names the one that a site is sent.
func (s *scheme) secret() string {
	if len(s.Secrets) > 0 {
		return s.Secrets[0]
	}
	return "Password"
}

// siteRefusal names the secret that a site refused.
type siteRefusal struct {
	property string
	error
}

func (e *siteRefusal) Unwrap() error { return e.error }

// RefusedSecret names the property.
func (e *siteRefusal) RefusedSecret() string { return e.property }
