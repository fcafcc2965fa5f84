package sso

import (
	"net/url"
	"testing"

	"github.com/ssoexchange/ssoexchange/oauth"
)

// The application's secret and the refresh token go to the server that the connection names, and not
// to another endpoint of the one that would be there without it.
func TestEndpointsOfAnotherServer(t *testing.T) {
	site, elsewhere := &url.URL{Scheme: "https", Host: "site.example.com"}, &url.URL{Scheme: "https", Host: "as.example.com", Path: "/token"}
	same := site.JoinPath("/token")
	for name, known := range map[string]oauth.Provider{"Jira": oauth.DataCenter(site), "Okta": oauth.Okta(site)} {
		p := withEndpoints(&OAuthConfig{TokenURL: elsewhere}, known)
		if p.TokenURL != elsewhere.String() || p.RevokeURL != "" || p.DeviceURL != "" {
			t.Errorf("%s: %+v", name, p)
		}
		if p := withEndpoints(&OAuthConfig{TokenURL: elsewhere, RevokeURL: same, DeviceURL: same}, known); p.RevokeURL != same.String() || p.DeviceURL != same.String() {
			t.Errorf("%s: what is named: %+v", name, p)
		}
		if p := withEndpoints(&OAuthConfig{TokenURL: same}, known); p.RevokeURL != known.RevokeURL || p.DeviceURL != known.DeviceURL {
			t.Errorf("%s: the same server: %+v", name, p)
		}
	}
}
