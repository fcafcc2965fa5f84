package sso

import (
	"net/http"

	"github.com/ssoexchange/ssoexchange/credential"
)

// siteGeneric is a site of which nothing is known but what VerifyURL and VerifyUser say.
const siteGeneric = "Generic"

// productProbes ask the sisters of Jira, Data Center's as Cloud's, who the caller is. They answer
// everybody: who is not named is nobody.
var productProbes = map[string]apiProbe{
	"Confluence": {path: "/rest/api/user/current", names: []string{"username", "email", "accountId"}, open: true},
	"Bitbucket":  {path: "/rest/api/latest/application-properties", header: "X-AUSERNAME", open: true},
	"Bamboo":     {path: "/rest/api/latest/currentUser", names: []string{"name"}, open: true},
}

// openSite is the site of a connection whose credential is put on each request.
func openSite(c *Client) Site {
	name := siteName(c.cfg)
	if p, ok := productProbes[name]; ok {
		return productSite{apiSite{c, name, []apiProbe{p}}}
	}
	switch {
	case name == siteGeneric:
		return genericSite{c}
	case name == "Jira" && !onGateway(c.cfg):
		return jiraSite{c}
	}
	return oauthSite(c)
}

// productSite is a sister of Jira: the same doors and the same header for writes.
type productSite struct{ apiSite }

// Lost implements Site.
func (p productSite) Lost(resp *http.Response) bool { return p.client.jira().Lost(resp) }

// Prepare implements Site.
func (p productSite) Prepare(r *http.Request) { p.client.allowWrite(r) }

// scopesOf returns the scopes of a credential; false: they are not known.
func scopesOf(c credential.Credential) ([]string, bool) {
	t, ok := c.(*oauthToken)
	if !ok || t.Token.Scope == "" {
		return nil, false
	}
	return t.Token.Scopes(), true
}
