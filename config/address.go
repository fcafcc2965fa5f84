package config

import (
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// CheckAddresses refuses addresses that cannot be what their properties stand for, and
// proposes the right value. It is asked before a secret leaves: with a wrong address
// the password is spent, and nothing comes of it.
//
// Only what is known to be something else is refused. Custom domains, context paths and
// the consumers of other vendors have any form.
func (t Schemes) CheckAddresses(c *Config, own *Scheme) *Error {
	if c.SSOLoginURL == nil || c.SSOExchangeURL == nil || c.URL == nil {
		return nil // of a provider of the caller's own; ParseConfig requires them
	}
	if bad := t.checkSwapped(c, own); bad != nil {
		return bad
	}
	if bad := c.checkConsumer(); bad != nil {
		return bad.WithProperty("SSOExchangeURL", "")
	}
	if bad := c.checkBase(); bad != nil {
		return bad.WithProperty("URL", "")
	}
	if s := c.SSOStartURL; s != nil && !httpclient.SameOrigin(s, c.URL) {
		return BadValue("the start page is not on the SP's host",
			"SSOStartURL must share the host of SSOExchangeURL: name a page below "+c.URL.String()).WithProperty("SSOStartURL", "")
	}
	if own.CheckLogin != nil {
		return own.CheckLogin(c)
	}
	return nil
}

// checkSwapped finds addresses that are given under each other's names, or under the
// wrong scheme.
func (t Schemes) checkSwapped(c *Config, own *Scheme) *Error {
	login, acs := c.SSOLoginURL, c.SSOExchangeURL
	consumer := strings.Contains(login.Path, servletPath)
	switch provider := t.lookingLike(acs) != nil; {
	case consumer && provider:
		return BadValue("SSOLoginURL and SSOExchangeURL are swapped",
			"SSOLoginURL is the identity provider's, SSOExchangeURL Jira's").WithProperty("SSOLoginURL", "")
	case consumer:
		return BadValue("an address of Jira, not of the identity provider", loginHint(own)).WithProperty("SSOLoginURL", "")
	case provider:
		return BadValue("an address of the identity provider, not of Jira",
			"write "+atlassianConsumer(c.URL)).WithProperty("SSOExchangeURL", "")
	}
	if own.Elsewhere && httpclient.SameOrigin(login, acs) { // the password would go to Jira
		return BadValue("on Jira's host, not on "+own.Name+"'s", loginHint(own)).WithProperty("SSOLoginURL", "")
	}
	if other := t.lookingLike(login); other != nil && other != own && own.LooksLike != nil && !own.LooksLike(login) {
		return BadValue("an address of "+other.Name+", not of "+own.Name,
			"write AuthScheme="+other.Name+", or give "+own.Address).WithProperty("SSOLoginURL", "")
	}
	return nil
}

// lookingLike returns the scheme that an address is known to be of by its form, nil if it tells nothing.
func (t Schemes) lookingLike(u *url.URL) *Scheme {
	for _, s := range t {
		if s.LooksLike != nil && s.LooksLike(u) {
			return s
		}
	}
	return nil
}

func loginHint(s *Scheme) string {
	if s.FindLogin != "" {
		return s.FindLogin
	}
	return "it is " + s.Address
}

func atlassianConsumer(base *url.URL) string { return base.String() + servletPath + "samlconsumer" }

// checkConsumer refuses pages of Jira that take no assertion.
func (c *Config) checkConsumer() *Error {
	acs := c.SSOExchangeURL
	path := strings.TrimRight(acs.Path, "/")
	_, servlet, below := strings.Cut(path+"/", servletPath)
	name, _, _ := strings.Cut(servlet, "/")
	_, page := pageOfJira(strings.TrimPrefix(path, strings.TrimRight(c.URL.Path, "/")))
	switch {
	case below && (name == "" || notConsumers[name] || strings.HasSuffix(path, "/metadata")),
		!below && (page || path == "" || path == strings.TrimRight(c.URL.Path, "/")):
		base := c.URL
		if b := deriveBase(acs); b != nil {
			base = b
		}
		return BadValue("a page of Jira that takes no assertion", "Atlassian's consumer is "+atlassianConsumer(base)+
			"; those of other vendors are in the configuration of their app")
	case strings.EqualFold(servlet, "samlconsumer/") && !IsAtlassianConsumer(acs):
		at := strings.Index(acs.Path, servletPath)
		return BadValue("not quite the address of Atlassian's consumer",
			"write "+httpclient.Origin(acs)+acs.Path[:at]+servletPath+"samlconsumer")
	case acs.Query().Has("SAMLResponse") || acs.Query().Has("SAMLRequest"):
		return BadValue("holds a message of an earlier sign-in", "write "+httpclient.Origin(acs)+acs.EscapedPath())
	}
	return nil
}

// notConsumers are servlets of Atlassian's plugin that start or end sign-ins.
var notConsumers = map[string]bool{
	"external-login": true, "login": true, "sso-logout": true, "oidc": true, "authentication-config": true,
}

// pages are what a browser shows of Jira, after its base URL.
var pages = lazyregexp.New(`/(?:[^/]+\.jspa?|secure|secure/.*|browse/[A-Z][A-Z0-9_]*(?:-[0-9]+)?|` +
	`projects/[A-Z][A-Z0-9_]*(?:/.*)?|rest|rest/.*|plugins|plugins/servlet(?:/.*)?|` +
	`servicedesk/(?:customer|agent)(?:/.*)?|issues/.*|login|logout)$`)

// pageOfJira cuts what belongs to a page off a path, if there is such a thing.
func pageOfJira(path string) (base string, ok bool) {
	at := pages().FindStringIndex(path)
	if at == nil {
		return path, false
	}
	return path[:at[0]], true
}

// checkBase holds URL against the consumer, which is below the base URL of its Jira.
func (c *Config) checkBase() *Error {
	base := deriveBase(c.SSOExchangeURL)
	if base == nil {
		if path, page := pageOfJira(c.URL.Path); page {
			return BadValue("a page of Jira, not its base URL", "write "+httpclient.Origin(c.URL)+path)
		}
		base = &url.URL{Scheme: c.URL.Scheme, Host: c.SSOExchangeURL.Host, Path: c.URL.Path}
	}
	hint := "write " + base.String() + ", or leave URL out, if SSOExchangeURL is right"
	switch _, page := pageOfJira(c.URL.Path); {
	case !strings.EqualFold(c.URL.Hostname(), base.Hostname()):
		return BadValue("on another host than SSOExchangeURL: the session would not be valid there", hint)
	case c.URL.Scheme != c.SSOExchangeURL.Scheme:
		return BadValue("of another scheme than SSOExchangeURL: the session's cookies would not be sent there", hint)
	case strings.TrimRight(c.URL.Path, "/") == strings.TrimRight(base.Path, "/"):
		return nil
	case page:
		return BadValue("a page of Jira, not its base URL", hint)
	}
	return BadValue("of another context path than SSOExchangeURL, which is below "+pathOf(base), hint)
}

func pathOf(u *url.URL) string {
	if u.Path == "" {
		return "/"
	}
	return u.EscapedPath()
}

// IsAtlassianConsumer reports whether a consumer service is that of Atlassian's own plugin.
func IsAtlassianConsumer(acs *url.URL) bool {
	return strings.HasSuffix(acs.Path, "/plugins/servlet/samlconsumer")
}
