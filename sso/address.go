package sso

import (
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// checkAddresses refuses addresses that cannot be what their properties stand for, and
// proposes the right value. It is asked before a secret leaves: with a wrong address
// the password is spent, and nothing comes of it.
//
// Only what is known to be something else is refused. Custom domains, context paths and
// the consumers of other vendors have any form.
func (c *Config) checkAddresses() *ConfigError {
	if c.SSOLoginURL == nil || c.SSOExchangeURL == nil || c.URL == nil {
		return nil // of a provider of the caller's own; ParseConfig requires them
	}
	if bad := c.checkSwapped(); bad != nil {
		return bad
	}
	if bad := c.checkConsumer(); bad != nil {
		return bad.withProperty("SSOExchangeURL", "")
	}
	if bad := c.checkBase(); bad != nil {
		return bad.withProperty("URL", "")
	}
	if s := c.SSOStartURL; s != nil && !httpclient.SameOrigin(s, c.URL) {
		return badValue("the start page is not on the SP's host",
			"SSOStartURL must share the host of SSOExchangeURL: name a page below "+c.URL.String()).withProperty("SSOStartURL", "")
	}
	if check := c.scheme().checkLogin; check != nil {
		return check(c)
	}
	return nil
}

func (c *Config) checkOktaAddresses() *ConfigError {
	if bad := checkOktaLink(c.SSOLoginURL); bad != nil {
		return bad.withProperty("SSOLoginURL", "")
	}
	return c.checkOktaDomain()
}

// checkSwapped finds addresses that are given under each other's names, or under the
// wrong scheme.
func (c *Config) checkSwapped() *ConfigError {
	login, acs := c.SSOLoginURL, c.SSOExchangeURL
	consumer := strings.Contains(login.Path, servletPath)
	own := c.scheme()
	switch provider := schemeOf(acs) != nil; {
	case consumer && provider:
		return badValue("SSOLoginURL and SSOExchangeURL are swapped",
			"SSOLoginURL is the identity provider's, SSOExchangeURL Jira's").withProperty("SSOLoginURL", "")
	case consumer:
		return badValue("an address of Jira, not of the identity provider", loginHint(own)).withProperty("SSOLoginURL", "")
	case provider:
		return badValue("an address of the identity provider, not of Jira",
			"write "+atlassianConsumer(c.URL)).withProperty("SSOExchangeURL", "")
	}
	if own.elsewhere && httpclient.SameOrigin(login, acs) { // the password would go to Jira
		return badValue("on Jira's host, not on "+own.name+"'s", loginHint(own)).withProperty("SSOLoginURL", "")
	}
	if other := schemeOf(login); other != nil && other != own && own.looksLike != nil && !own.looksLike(login) {
		return badValue("an address of "+other.name+", not of "+own.name,
			"write AuthScheme="+other.name+", or give "+own.address).withProperty("SSOLoginURL", "")
	}
	return nil
}

// schemeOf returns the scheme that an address is known to be of by its form, nil if it tells nothing.
func schemeOf(u *url.URL) *scheme {
	for _, s := range schemes {
		if s.looksLike != nil && s.looksLike(u) {
			return s
		}
	}
	return nil
}

func loginHint(s *scheme) string {
	if s.findLogin != nil {
		return s.findLogin()
	}
	return "it is " + s.address
}

func atlassianConsumer(base *url.URL) string { return base.String() + servletPath + "samlconsumer" }

// oktaSuffixes are the domains of Okta's own host names.
var oktaSuffixes = []string{
	".okta.com", ".oktapreview.com", ".okta-emea.com", ".okta-gov.com", ".okta.mil", ".trexcloud.com",
}

func isOktaHost(host string) bool {
	for _, suffix := range oktaSuffixes {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

var oktaLink = lazyregexp.New(`^/home/[^/]+/0oa[0-9A-Za-z]+/[^/]+/?$|^/app/.+/sso/saml(/metadata)?/?$`)

func looksLikeOkta(u *url.URL) bool {
	return isOktaHost(u.Hostname()) || oktaLink().MatchString(u.Path)
}

func looksLikeCrowd(u *url.URL) bool {
	return strings.HasSuffix(strings.TrimRight(u.Path, "/"), crowd.Suffix)
}

// checkConsumer refuses pages of Jira that take no assertion.
func (c *Config) checkConsumer() *ConfigError {
	acs := c.SSOExchangeURL
	path := strings.TrimRight(acs.Path, "/")
	_, servlet, below := strings.Cut(path+"/", servletPath)
	name, _, _ := strings.Cut(servlet, "/")
	_, page := pageOfJira(strings.TrimPrefix(path, trimSlash(c.URL.Path)))
	switch {
	case below && (name == "" || notConsumers[name] || strings.HasSuffix(path, "/metadata")),
		!below && (page || path == "" || path == trimSlash(c.URL.Path)):
		base := c.URL
		if b := deriveBase(acs); b != nil {
			base = b
		}
		return badValue("a page of Jira that takes no assertion", "Atlassian's consumer is "+atlassianConsumer(base)+
			"; those of other vendors are in the configuration of their app")
	case strings.EqualFold(servlet, "samlconsumer/") && !atlassianACS(acs):
		at := strings.Index(acs.Path, servletPath)
		return badValue("not quite the address of Atlassian's consumer",
			"write "+httpclient.Origin(acs)+acs.Path[:at]+servletPath+"samlconsumer")
	case acs.Query().Has("SAMLResponse") || acs.Query().Has("SAMLRequest"):
		return badValue("holds a message of an earlier sign-in", "write "+httpclient.Origin(acs)+acs.EscapedPath())
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
func (c *Config) checkBase() *ConfigError {
	base := deriveBase(c.SSOExchangeURL)
	if base == nil {
		if path, page := pageOfJira(c.URL.Path); page {
			return badValue("a page of Jira, not its base URL", "write "+httpclient.Origin(c.URL)+path)
		}
		base = &url.URL{Scheme: c.URL.Scheme, Host: c.SSOExchangeURL.Host, Path: c.URL.Path}
	}
	hint := "write " + base.String() + ", or leave URL out, if SSOExchangeURL is right"
	switch _, page := pageOfJira(c.URL.Path); {
	case !strings.EqualFold(c.URL.Hostname(), base.Hostname()):
		return badValue("on another host than SSOExchangeURL: the session would not be valid there", hint)
	case c.URL.Scheme != c.SSOExchangeURL.Scheme:
		return badValue("of another scheme than SSOExchangeURL: the session's cookies would not be sent there", hint)
	case trimSlash(c.URL.Path) == trimSlash(base.Path):
		return nil
	case page:
		return badValue("a page of Jira, not its base URL", hint)
	}
	return badValue("of another context path than SSOExchangeURL, which is below "+pathOf(base), hint)
}

func pathOf(u *url.URL) string {
	if u.Path == "" {
		return "/"
	}
	return u.EscapedPath()
}

// embedLinkHint says where the app's link is found. host may be empty.
func embedLinkHint(host string) string {
	if host == "" {
		host = "ORG.okta.com"
	}
	return "give the app's embed link, https://" + host +
		"/home/NAME/0oa…/…, as the app's General tab in Okta shows it (App Embed Link)"
}

// notApps are pages of Okta that are no application.
var notApps = lazyregexp.New(`(?i)^(?:/?|/home/?|/login/.*|/signin.*|/app/UserHome.*|/app/user-home.*|/enduser.*|` +
	`/user/.*|/admin.*|/api/.*|/oauth2/.*|/\.well-known/.*|/settings.*|/help/.*)$`)

// checkOktaLink refuses what is known not to be an app's link.
func checkOktaLink(u *url.URL) *ConfigError {
	host := strings.Replace(u.Host, "-admin.", ".", 1)
	switch {
	case isAdmin(u.Hostname()):
		return badValue("on Okta's admin console", embedLinkHint(host))
	case notApps().MatchString(u.Path):
		return badValue("a page of Okta that leads to no app", embedLinkHint(host))
	case strings.HasSuffix(u.Path, "/sso/saml/metadata"):
		return badValue("the address of the app's metadata",
			"write "+httpclient.Origin(u)+strings.TrimSuffix(u.EscapedPath(), "/metadata"))
	}
	for _, left := range []string{"SAMLRequest", "SAMLResponse", "sessionToken", "stateToken", "token"} {
		if u.Query().Has(left) {
			return badValue("holds "+left+", which belongs to an earlier sign-in", "write "+httpclient.Origin(u)+u.EscapedPath())
		}
	}
	return nil
}

// isAdmin reports whether a host of Okta's is that of an organisation's admin console.
func isAdmin(host string) bool {
	label, _, _ := strings.Cut(host, ".")
	return isOktaHost(host) && strings.HasSuffix(label, "-admin")
}

var oktaItself = lazyregexp.New(`^(?:(?:www|login|admin|id|developer)\.)?okta(?:preview|-emea|-gov)?\.(?:com|mil)$`)

// checkOktaDomain refuses what is no organisation's host. It may be another organisation
// than that of SSOLoginURL, which trusts it (org-to-org).
func (c *Config) checkOktaDomain() *ConfigError {
	if c.Domain == "" {
		return nil
	}
	u := &url.URL{Host: c.Domain}
	host, login := u.Hostname(), c.SSOLoginURL.Hostname()
	hint := "leave Domain out, or write Domain=" + login
	var bad *ConfigError
	switch {
	case isAdmin(host):
		bad = badValue("the host of Okta's admin console", "write Domain="+strings.Replace(host, "-admin.", ".", 1))
	case oktaItself().MatchString(host):
		bad = badValue("Okta itself, not an organisation", hint)
	case host != login && (host == c.URL.Hostname() || host == c.SSOExchangeURL.Hostname()):
		bad = badValue("the host of Jira, not of Okta", hint)
	case !strings.Contains(host, ".") && !httpclient.IsLoopback(host):
		bad = badValue("not the host name of an organisation", "write Domain="+host+".okta.com, or leave it out")
	default:
		return nil
	}
	return bad.withProperty("Domain", "")
}

// crowdPage is what a browser shows of Crowd, after its base URL.
var crowdPage = lazyregexp.New(`/(?:console|rest|plugins)(?:/.*)?$|/?$`)

func checkCrowdAddress(u *url.URL) *ConfigError {
	if !strings.HasSuffix(u.Path, crowd.Suffix) {
		base := u.EscapedPath()[:crowdPage().FindStringIndex(u.EscapedPath())[0]]
		hint := "write " + httpclient.Origin(u) + base + crowd.Suffix
		if base == "" {
			hint = "it is Crowd's base URL followed by " + crowd.Suffix + ", such as " + httpclient.Origin(u) + "/crowd" + crowd.Suffix
		}
		return badValue("the path does not end in "+crowd.Suffix, hint).withProperty("SSOLoginURL", "")
	}
	if u.RawQuery != "" {
		return badValue("has a query, which belongs to an earlier sign-in",
			"write "+httpclient.Origin(u)+u.EscapedPath()).withProperty("SSOLoginURL", "")
	}
	return nil
}
