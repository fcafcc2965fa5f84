package sso

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// scheme is one value of AuthScheme: what it takes of the connection string, and how it obtains
// credentials. All of them stand in schemes, each in a file of its own; nothing else tells them apart
// by name. The zero value of every field but name, uses and open is a good default.
type scheme struct {
	name     string   // canonical spelling
	uses     []string // properties beside those of commonProperties
	required []string // of these and the common ones; those that must be given

	startsAtSP bool                       // SSOFlow=Auto begins at the SP
	looksLike  func(login *url.URL) bool  // an address is this scheme's by its form, whatever the scheme
	address    string                     // what its SSOLoginURL is, for a hint
	findLogin  func() string              // a hint where to find the SSOLoginURL; nil: address says enough
	elsewhere  bool                       // its IdP is never on the SP's host
	checkLogin func(*Config) *ConfigError // refuses an SSOLoginURL that cannot be right
	missing    func(*Config) []string     // secrets beside Password that a sign-in needs and lacks
	accounts   func(*Config) []account    // whose secrets are sent, beside the user's and the mailbox's
	open       func(*Client, providerDeps) (credential.Source, error)
	diagnose   func(*Client, context.Context, func(Finding)) // what doctor asks the identity provider

	cloud  bool                       // URL may be on Atlassian's cloud
	check  func(*Config) *ConfigError // completes a Config, and refuses what cannot work
	server func(*Config) *url.URL     // where secrets go and what doctor looks at; nil: SSOLoginURL, or the site
	party  func(*Config) (idp, user string)
	site   func(*Client) Site // nil: Jira

	// secrets are the properties that a static scheme sends to the site itself, which judges them
	// when it is asked who they belong to. nil: an identity provider takes and judges secrets.
	secrets []string
}

// schemes are all values of AuthScheme that there is a sign-in for. It is filled by init because
// what its entries do looks into it.
var schemes []*scheme

func init() {
	schemes = []*scheme{oktaScheme, crowdScheme, basicScheme, patScheme, oauthScheme, oauthClientScheme, oauthJWTScheme, oauthDeviceScheme}
}

// commonProperties are used by every scheme.
var commonProperties = []string{
	"AuthScheme", "URL", "SSLServerCert", "SSLClientCert", "SSLClientCertType", "SSLClientCertPassword",
	"ProxyServer", "ProxyPort", "ProxyUser", "ProxyPassword", "ProxyAuthScheme", "ProxyExceptions", "Timeout", "UserAgent",
}

// webSSOProperties are used by the schemes of browser single sign-on.
var webSSOProperties = []string{"User", "Password", "SSOLoginURL", "SSOExchangeURL", "SSOFlow", "SSOStartURL", "SSOAudience", "RemoteAddress", "MFATimeout"}

// schemeNamed returns the scheme of that name, one that uses nothing if there is none: that of a
// Config made by hand, for New.
func schemeNamed(name string) *scheme {
	for _, s := range schemes {
		if s.name == name {
			return s
		}
	}
	return &scheme{name: name, uses: webSSOProperties}
}

func (c *Config) scheme() *scheme { return schemeNamed(c.Scheme) }

// usesProperty reports whether the scheme of c uses a property.
func (c *Config) usesProperty(name string) bool {
	return slices.Contains(commonProperties, name) || slices.Contains(c.scheme().uses, name)
}

// schemeNames lists the names of all, in the order of the table.
func schemeNames() []string {
	names := make([]string, len(schemes))
	for i, s := range schemes {
		names[i] = s.name
	}
	return names
}

// schemesUsing lists the names of those that use a property; nil: all.
func schemesUsing(property string) (names []string) {
	if slices.Contains(commonProperties, property) {
		return nil
	}
	for _, s := range schemes {
		if slices.Contains(s.uses, property) {
			names = append(names, s.name)
		}
	}
	return names
}

// refusal is the error of a credential that the site takes for nobody's.
func (s *scheme) refusal(c *Config) error {
	property := s.secret()
	return &siteRefusal{property, autherr.New(ErrCredentials, "sso: "+originOf(c.URL)+" does not accept "+property+" with AuthScheme="+s.name,
		"check it; is AuthScheme="+s.name+" switched on there?")}
}

// secret names the one that a site is sent.
func (s *scheme) secret() string {
	if len(s.secrets) > 0 {
		return s.secrets[0]
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

// laterSchemes are those of the driver and its relatives that are known but have no
// sign-in here yet, in folded form with all but letters and digits removed.
var laterSchemes = map[string]string{
	"apitoken": "APIToken", "backlog": "Backlog", "apikey": "APIKey",
}

// otherNames are what the driver, its relatives and people call schemes that are here, folded.
var otherNames = map[string]string{
	"oauth2": "OAuth", "oauth20": "OAuth", "oauthcode": "OAuth", "code": "OAuth", "oauthpkce": "OAuth", "mailoauth": "OAuth",
	"oauth1": "OAuth", "oauth10": "OAuth", "oauth10a": "OAuth", "oktaoauth": "OAuth", "backlogoauth": "OAuth", "client": "OAuthClient", "oauthclientcredentials": "OAuthClient",
	"devicecode": "OAuthDevice",
}

func schemeField() accessor {
	return accessor{
		get: func(c *Config) string { return c.Scheme },
		set: func(c *Config, v string) *ConfigError {
			if name, bad := oneOf(v, schemeNames()); bad == nil {
				c.Scheme = name
				return nil
			}
			letters := strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, strings.ToLower(v))
			if name, ok := otherNames[letters]; ok {
				if c.Scheme = name; strings.HasPrefix(letters, "oauth1") {
					c.OAuth.Version = "1.0"
				}
				return nil
			}
			all := strings.Join(schemeNames(), ", ")
			if later, ok := laterSchemes[letters]; ok {
				return badValue(later+" is not yet supported", "there are "+all)
			}
			known := slices.AppendSeq(schemeNames(), maps.Values(laterSchemes))
			slices.Sort(known) // a tie must not be decided by chance
			return badValue("unknown scheme"+didYouMean(nearest(v, known)), "one of "+all)
		},
	}
}
