package config

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Config is a connection string in pieces. Use package sso's ParseConfig, or [Schemes.Config],
// to make one: they check what a Config by hand may get wrong.
//
// A Config prints as scheme, user and hosts, whatever the verb; see [Config.Public]
// for more.
type Config struct {
	Scheme string // one of the values of AuthScheme

	URL            *url.URL // base URL of Jira, context path included, no slash at the end
	SSOLoginURL    *url.URL // Okta: app embed link; Crowd: …/console/secure/saml/sso.action
	SSOExchangeURL *url.URL // the SP's assertion consumer service

	User     string // at the identity provider
	Password Secret // zero: absent; somebody must be asked

	SSOAppName     string // Crowd: name of the application; "": the console's login form is used
	SSOAppPassword Secret // Crowd: password of the application

	Domain   string // Okta: host[:port] of the organisation; "": that of SSOLoginURL
	APIToken Secret // Okta: token of a trusted application; zero: none

	MFAType           string // one of the names that Properties lists; "": any enrolled factor
	MFAPassCode       Secret // one-time code; zero: none yet
	MFARememberDevice bool   // ask Okta to remember the device
	MFASecret         Secret // TOTP seed or otpauth URI; zero: none
	MFACommand        string // command that prints a code; "": none. May contain secrets, is never printed
	MFADevice         string // name of the device when there are several; "": any

	MFAMailbox         *url.URL // imaps address of the mailbox that codes are mailed to; nil: none. The user is in it, never a password
	MFAMailboxPassword Secret   // of its user; zero: MFAMailboxToken
	MFAMailboxToken    Secret   // OAuth access token of its user; zero: MFAMailboxPassword
	MFAMailboxFrom     string   // address of the codes' sender; "": Okta's

	OktaEngine string // "Auto", "Classic" or "IDX"
	SSOFlow    string // "Auto", "SPInitiated" or "IdPInitiated"

	SSOStartURL *url.URL // page of the SP that starts a sign-in; nil: find out
	SSOAudience string   // entity ID of the SP, to name a mismatch when it refuses; "": not known
	NewPassword Secret   // replaces an expired password; zero: none

	RemoteAddress string // IP address of the client. Crowd: sent as remote_address; Okta: as X-Forwarded-For with APIToken; "": not sent

	SSLServerCert         string // PEM file of certificates to trust besides the system's; "": none
	SSLClientCert         string // file of the client's certificate and key; "": none
	SSLClientCertType     string // "PEMKEY_FILE" or "PFXFILE"; "": PEMKEY_FILE
	SSLClientCertPassword Secret // of the client's key; zero: it is not encrypted

	ProxyServer     string // host, host:port or URL; "": HTTPS_PROXY and NO_PROXY of the environment
	ProxyPort       int    // used if ProxyServer names none; 0: 80
	ProxyUser       string // "": no authentication
	ProxyPassword   Secret
	ProxyAuthScheme string // "Basic" or "None"; "": Basic
	ProxyExceptions string // hosts reached directly, separated by ; or ,

	Timeout    time.Duration // for the network steps of one exchange together; 0: 60 s
	MFATimeout time.Duration // for a person's push or code; 0: 300 s

	UserAgent string // "": the caller's

	Site  string      // what stands at URL: "Jira", "Backlog", "OktaAPI" or "Mail"; "": by URL and Domain
	OAuth OAuthConfig // of the OAuth schemes
	Form  FormConfig  // of the schemes of login forms

	Verify SiteConfig // what proves a connection, where that is not known here

	// Warnings are what ParseConfig put right or will not use, in sentences for
	// people. They name properties and repeat no values.
	Warnings []string

	scheme *Scheme // nil: the Config was made by hand
}

// Keyring returns the secret that is stored under an account name, for PasswordKeyring and its like.
// Nil: such a secret cannot be revealed, which is an ErrConfig then.
type Keyring = func(ctx context.Context, account string) (string, error)

// Config checks the settings and puts them together, over the defaults.
func (t Schemes) Config(s Settings, keyring Keyring) (*Config, error) {
	all := Merge(defaults(), s)
	c := &Config{}
	// The scheme comes first: whoever uses another one is not helped by hearing what Okta and Crowd
	// require.
	if bad := t.choose(c, all); bad != nil {
		return nil, bad
	}
	for i := range properties {
		if bad := all.apply(c, &properties[i], keyring); bad != nil {
			return nil, bad
		}
	}
	if bad := all.finishURLs(c); bad != nil {
		return nil, bad
	}
	if chosen := c.scheme; chosen.Check != nil {
		if bad := chosen.Check(c); bad != nil {
			return nil, bad
		}
	}
	if bad := c.required(); bad != nil {
		return nil, bad
	}
	if bad := c.checkMailbox(); bad != nil {
		return nil, bad
	}
	s.warnUnused(c)
	return c, nil
}

// choose puts AuthScheme into c.
func (t Schemes) choose(c *Config, s Settings) *Error {
	const property = "AuthScheme"
	chosen := t.implied(s)
	if v := s.values[property]; s.has(property) {
		var bad *Error
		if chosen, bad = t.named(v.text()); bad != nil {
			return bad.WithProperty(property, v.source)
		}
		if strings.HasPrefix(lettersOf(v.text()), "oauth1") {
			c.OAuth.Version = "1.0"
		}
	}
	if chosen != nil && chosen.ByPassword != "" && s.hasSecret("Password") && !slices.ContainsFunc(chosen.Secrets, s.hasSecret) {
		c.Warnings = append(c.Warnings, "there is a Password, and nothing that AuthScheme="+chosen.Name+" takes: AuthScheme="+chosen.ByPassword+" is meant")
		chosen, _ = t.named(chosen.ByPassword) // it is in the table
	}
	if chosen == nil {
		return BadValue("required", "one of "+strings.Join(t.Names(), ", ")).WithProperty(property, "")
	}
	c.Scheme, c.scheme = chosen.Name, chosen
	return nil
}

// apply puts the settings of one row into c.
func (s Settings) apply(c *Config, r *propertySpec, keyring Keyring) *Error {
	for _, src := range sources {
		name := (keyword{r, src}).name()
		v, ok := s.values[name]
		if !ok || v.text() == "" {
			continue
		}
		value := v.text()
		switch {
		case r.secret == nil && r.set == nil: // AuthScheme, which was looked at first
			continue
		case r.secret == nil:
			if bad := r.set(c, value); bad != nil {
				return bad.WithProperty(name, v.source)
			}
			continue
		}
		switch src {
		case sourceValue:
			if _, bad := sendable(name, value); bad != nil {
				return bad.WithProperty(name, v.source)
			}
			*r.secret(c) = newSecret(name, value)
		case sourceFile:
			*r.secret(c) = secretFromFile(name, value)
		case sourceCommand:
			*r.secret(c) = secretFromCommand(name, value)
		case sourceKeyring:
			*r.secret(c) = secretFromKeyring(name, value, keyring)
		}
	}
	return nil
}

// required refuses a Config that lacks what its scheme requires.
func (c *Config) required() *Error {
	var missing []string
	var first *propertySpec
	for i := range properties {
		if r := &properties[i]; (r.Required || slices.Contains(c.scheme.Required, r.Name)) && r.get(c) == "" {
			if first == nil {
				first = r
			}
			missing = append(missing, r.Name)
		}
	}
	if first == nil {
		return nil
	}
	problem := "required with AuthScheme=" + c.Scheme
	if len(missing) > 1 {
		problem += ", and so is " + strings.Join(missing[1:], ", ")
	}
	return BadValue(problem, first.Name+": "+first.Help).WithProperty(first.Name, "")
}

func (s Settings) warnUnused(c *Config) {
	for _, name := range s.Names() {
		r := keys[normalizeName(name)].row
		if s.values[name].text() != "" && !c.scheme.UsesProperty(r.Name) {
			c.Warnings = append(c.Warnings, name+" is not used with AuthScheme="+c.Scheme)
		}
	}
}

// WithScheme returns c with what its scheme takes, where c was made by hand; else c.
func (c *Config) WithScheme(s *Scheme) *Config {
	if c.scheme != nil {
		return c
	}
	bound := *c
	bound.scheme = s
	return &bound
}

// UsesProperty reports whether the scheme uses a property; false for a Config made by hand.
func (c *Config) UsesProperty(name string) bool {
	return c.scheme != nil && c.scheme.UsesProperty(name)
}

// MissingSecrets returns the names of the secrets that a sign-in with the scheme
// needs and that have no source; none for a Config made by hand.
func (c *Config) MissingSecrets() []string {
	if c.scheme == nil {
		return nil
	}
	return c.scheme.MissingSecrets(c)
}

// servletPath is where Jira's plugins have their servlets; every SSO plugin's
// consumer service is below it.
const servletPath = "/plugins/servlet/"

// finishURLs derives URL where that is needed, and refuses the cloud.
func (s Settings) finishURLs(c *Config) *Error {
	acs := c.SSOExchangeURL
	switch {
	case acs != nil && IsCloud(acs):
		return cloudError(acs.Hostname()).WithProperty("SSOExchangeURL", s.values["SSOExchangeURL"].source)
	case c.scheme.Cloud && acs == nil:
		return nil
	case c.scheme.Secrets != nil && c.URL != nil && IsCloud(c.URL):
		return BadValue(c.URL.Hostname()+" is on Atlassian's cloud, which takes neither passwords nor personal access tokens",
			"for a cloud site use an API token with the account's e-mail address or OAuth 2.0 (3LO)").WithProperty("URL", s.values["URL"].source)
	case acs == nil && c.URL != nil && IsCloud(c.URL):
		return cloudError(c.URL.Hostname()).WithProperty("URL", s.values["URL"].source)
	case acs == nil:
		return nil // reported as missing
	case c.URL == nil || IsCloud(c.URL):
		base := deriveBase(acs)
		if base == nil {
			return BadValue("cannot be derived from SSOExchangeURL, which has no "+servletPath, "give URL, the base URL of Jira").WithProperty("URL", "")
		}
		if c.URL != nil {
			c.Warnings = append(c.Warnings, "URL is on Atlassian's cloud, SSOExchangeURL is not: URL is derived from SSOExchangeURL instead")
		}
		c.URL = base
	}
	if !strings.EqualFold(c.URL.Hostname(), acs.Hostname()) {
		c.Warnings = append(c.Warnings, "URL and SSOExchangeURL are on different hosts: the session that the exchange opens may not be valid at URL")
	}
	return nil
}

// deriveBase returns the base URL of the Jira whose consumer service is acs, nil if
// the path does not tell.
func deriveBase(acs *url.URL) *url.URL {
	path, _, ok := strings.Cut(acs.EscapedPath(), servletPath)
	if !ok {
		return nil
	}
	base, err := url.Parse(acs.Scheme + "://" + acs.Host + path)
	if err != nil || baseURL(base) != nil {
		return nil
	}
	return base
}

// cloudHosts are Atlassian's: names below them are cloud sites.
var cloudHosts = []string{"atlassian.net", "jira.com", "jira-dev.com"}

func IsCloud(u *url.URL) bool {
	host := strings.TrimSuffix(u.Hostname(), ".")
	for _, h := range cloudHosts {
		if host == h || strings.HasSuffix(host, "."+h) {
			return true
		}
	}
	return false
}

func cloudError(host string) *Error {
	return BadValue(host+" is on Atlassian's cloud, which has no SAML exchange for single sites: it signs users in at id.atlassian.com for the whole organisation",
		"for a cloud site use an API token with the account's e-mail address, OAuth 2.0 (3LO) or a service account's token; "+
			"for Jira Data Center give its own host as SSOExchangeURL")
}

// Origin returns scheme://host[:port] for printing, "-" without a URL.
func Origin(u *url.URL) string {
	if u == nil {
		return "-"
	}
	return httpclient.Origin(u)
}
