package jira

import (
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// Where Jira, its single sign-on apps and gateways send a browser. These lists are the
// only ones: the session check, the HTTP client and doctor all use them.
var (
	// signInPaths are the pages of Jira at which a sign-in begins, the login pages of docs/jira.md
	// among them. Apps have their own, some with a number or a name at the end.
	signInPaths = lazyregexp.New(`(?i)^/(login(\.jsp|\.action)?|secure/login[^/]*` +
		`|plugins/servlet/(oauth/auth|no\.kantega\.[^/]+(/.*)?|de\.resolution\.[^/]+/.*` +
		`|(sso[^/]*|[^/]*sso|[^/]*(saml|oidc|openid|login)[^/]*)(/.*)?)` +
		`|servicedesk/customer(/portal/[^/]+)?/user/(login|signup))/?$`)

	// outagePaths are the pages that stand in for a Jira that is starting, broken or
	// in maintenance.
	outagePaths = lazyregexp.New(`(?i)/(startup\.jsp|startup-status[^/]*|secure/setup[^/]*|errors?\.jsp` +
		`|johnson(/.*)?|importprogress[^/]*|(error[-_/]?)?50[234](\.[a-z]+)?` +
		`|[^/]*(maintenance|wartung|unavailable|out-?of-?(service|order)|downtime|outage|offline|sorry)[^/]*(/.*)?)/?$`)
	outageHosts = lazyregexp.New(`(?i)(^|[.-])(maintenance|wartung|sorry|outage|downtime` +
		`|(system|service)?status(page)?)[.-]`)
)

// PlainPath returns a path without the parameters of its segments, in which servlet
// containers carry session ids (/login.jsp;jsessionid=…).
func PlainPath(u *url.URL) string {
	if !strings.Contains(u.Path, ";") {
		return u.Path
	}
	segments := strings.Split(u.Path, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(segments, "/")
}

// SignInPage reports whether u is a page of the SP at which a sign-in begins: a session
// that is sent there is lost. The page that SSOStartURL names is one.
func (c Config) SignInPage(u *url.URL) bool {
	if !httpclient.SameOrigin(u, c.URL) {
		return false
	}
	path := PlainPath(u)
	if c.SSOStartURL != nil && path == PlainPath(c.SSOStartURL) && path != "/" {
		return true
	}
	if c.SSOExchangeURL != nil && path == PlainPath(c.SSOExchangeURL) && !config.IsAtlassianConsumer(c.SSOExchangeURL) {
		return true // the other vendors' consumers start a sign-in when they are opened
	}
	return u.Query().Has("SAMLRequest") || signInPaths().MatchString(path) || signInPaths().MatchString(c.belowBase(path))
}

// belowBase returns a path without the SP's context path.
func (c Config) belowBase(path string) string {
	return "/" + strings.TrimLeft(strings.TrimPrefix(path, strings.TrimRight(c.URL.Path, "/")), "/")
}

// leadsToSignIn reports whether an address outside the SP is one at which its users sign in.
func (c Config) leadsToSignIn(u *url.URL) bool {
	if httpclient.SameOrigin(u, c.URL) {
		return c.SignInPage(u)
	}
	return u.Query().Has("SAMLRequest") ||
		c.SSOLoginURL != nil && strings.EqualFold(u.Hostname(), c.SSOLoginURL.Hostname()) ||
		c.Domain != "" && strings.EqualFold(u.Host, c.Domain)
}

// OutagePage reports whether u stands in for a Jira that is not there now. Words count
// only outside of what Jira itself would serve: an issue may be called anything.
func (c Config) OutagePage(u *url.URL) bool {
	path := PlainPath(u)
	if !httpclient.SameOrigin(u, c.URL) {
		return !c.leadsToSignIn(u) && (outagePaths().MatchString(path) || outageHosts().MatchString(u.Hostname()))
	}
	path = c.belowBase(path)
	for _, own := range []string{"/browse/", "/projects/", "/rest/", "/plugins/", "/servicedesk/", "/issues/"} {
		if strings.HasPrefix(path, own) {
			return false
		}
	}
	return outagePaths().MatchString(path)
}

// GatewayPage names the gateway whose page u is, "" if it is none that is known.
func (c Config) GatewayPage(u *url.URL) string {
	if httpclient.SameOrigin(u, c.URL) {
		for _, g := range gatewayPaths {
			if g.path().MatchString(u.Path) {
				return g.name
			}
		}
		return ""
	}
	for _, g := range gatewayHosts {
		if g.host().MatchString(u.Hostname()) {
			return g.name
		}
	}
	return ""
}
