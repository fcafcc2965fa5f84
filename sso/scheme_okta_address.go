package sso

import (
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

func checkOktaAddresses(c *Config) *ConfigError {
	if bad := checkOktaLink(c.SSOLoginURL); bad != nil {
		return bad.WithProperty("SSOLoginURL", "")
	}
	return checkOktaDomain(c)
}

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
		return config.BadValue("on Okta's admin console", embedLinkHint(host))
	case notApps().MatchString(u.Path):
		return config.BadValue("a page of Okta that leads to no app", embedLinkHint(host))
	case strings.HasSuffix(u.Path, "/sso/saml/metadata"):
		return config.BadValue("the address of the app's metadata",
			"write "+httpclient.Origin(u)+strings.TrimSuffix(u.EscapedPath(), "/metadata"))
	}
	for _, left := range []string{"SAMLRequest", "SAMLResponse", "sessionToken", "stateToken", "token"} {
		if u.Query().Has(left) {
			return config.BadValue("holds "+left+", which belongs to an earlier sign-in", "write "+httpclient.Origin(u)+u.EscapedPath())
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
func checkOktaDomain(c *Config) *ConfigError {
	if c.Domain == "" {
		return nil
	}
	u := &url.URL{Host: c.Domain}
	host, login := u.Hostname(), c.SSOLoginURL.Hostname()
	hint := "leave Domain out, or write Domain=" + login
	var bad *ConfigError
	switch {
	case isAdmin(host):
		bad = config.BadValue("the host of Okta's admin console", "write Domain="+strings.Replace(host, "-admin.", ".", 1))
	case oktaItself().MatchString(host):
		bad = config.BadValue("Okta itself, not an organisation", hint)
	case host != login && (host == c.URL.Hostname() || host == c.SSOExchangeURL.Hostname()):
		bad = config.BadValue("the host of Jira, not of Okta", hint)
	case !strings.Contains(host, ".") && !httpclient.IsLoopback(host):
		bad = config.BadValue("not the host name of an organisation", "write Domain="+host+".okta.com, or leave it out")
	default:
		return nil
	}
	return bad.WithProperty("Domain", "")
}
