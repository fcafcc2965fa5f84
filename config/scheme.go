package config

import (
	"net/url"
	"slices"
	"strings"
)

// Scheme is what one value of AuthScheme takes of the connection string. The zero value of every
// field but Name and Uses is a good default.
type Scheme struct {
	Name     string   // canonical spelling
	Uses     []string // properties beside those that every scheme uses
	Required []string // those that must be given

	Implied    []string // properties that mean this scheme in a connection without AuthScheme
	OtherNames []string // what the driver, its relatives and people call it: small letters and digits

	// ByPassword names the scheme that is meant where there is a Password and none of Secrets; "": this one.
	ByPassword string

	Cloud bool                             // URL may be on Atlassian's cloud
	Check func(*Config) *Error             // completes a Config, and refuses what cannot work
	Party func(*Config) (idp, user string) // the two sides of an Identity; nil: SSOLoginURL's host and User

	LooksLike  func(login *url.URL) bool // an address is this scheme's by its form, whatever the scheme
	Address    string                    // what its SSOLoginURL is, for a hint
	FindLogin  string                    // a hint where to find the SSOLoginURL; "": Address says enough
	Elsewhere  bool                      // its IdP is never on the SP's host
	CheckLogin func(*Config) *Error      // refuses an SSOLoginURL that cannot be right
	Missing    func(*Config) []string    // secrets beside Password that a sign-in needs and lacks

	// Secrets are the properties that a static scheme sends to the site itself, which judges them
	// when it is asked who they belong to. nil: an identity provider takes and judges secrets.
	Secrets []string
}

// commonProperties are used by every scheme.
var commonProperties = []string{
	"AuthScheme", "URL", "SSLServerCert", "SSLClientCert", "SSLClientCertType", "SSLClientCertPassword",
	"ProxyServer", "ProxyPort", "ProxyUser", "ProxyPassword", "ProxyAuthScheme", "ProxyExceptions", "Timeout", "UserAgent",
}

// UsesProperty reports whether the scheme uses a property.
func (s *Scheme) UsesProperty(name string) bool {
	return slices.Contains(commonProperties, name) || slices.Contains(s.Uses, name)
}

// MissingSecrets returns the names of the secrets that a sign-in needs and that have no
// source in c.
func (s *Scheme) MissingSecrets(c *Config) []string {
	var list []string
	if c.Password.IsZero() && s.UsesProperty("Password") {
		list = append(list, "Password")
	}
	if s.Missing != nil {
		list = append(list, s.Missing(c)...)
	}
	return list
}

// Schemes are the values of AuthScheme that a connection string may name.
type Schemes []*Scheme

// Names lists the names of all, in the order of the table.
func (t Schemes) Names() []string {
	names := make([]string, len(t))
	for i, s := range t {
		names[i] = s.Name
	}
	return names
}

// using lists the names of those that use a property; nil: all.
func (t Schemes) using(property string) (names []string) {
	if slices.Contains(commonProperties, property) {
		return nil
	}
	for _, s := range t {
		if slices.Contains(s.Uses, property) {
			names = append(names, s.Name)
		}
	}
	return names
}

// requiring lists the names of those with which a property must be given.
func (t Schemes) requiring(property string) (names []string) {
	for _, s := range t {
		if slices.Contains(s.Required, property) {
			names = append(names, s.Name)
		}
	}
	return names
}

// named returns the scheme that a value of AuthScheme means.
func (t Schemes) named(v string) (*Scheme, *Error) {
	letters := lettersOf(v)
	for _, s := range t {
		if normalizeName(v) == strings.ToLower(s.Name) || slices.Contains(s.OtherNames, letters) {
			return s, nil
		}
	}
	all := strings.Join(t.Names(), ", ")
	return nil, BadValue("unknown scheme"+didYouMean(nearest(v, t.Names())), "one of "+all)
}

// lettersOf returns the letters and digits of a word, in lower case.
func lettersOf(word string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(word))
}

// implied returns the scheme of a connection that names none, nil if there is no such.
func (t Schemes) implied(s Settings) *Scheme {
	for _, scheme := range t {
		if slices.ContainsFunc(scheme.Implied, s.has) {
			return scheme
		}
	}
	return nil
}
