package sso

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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

// While an issuer is away, what is remembered of it serves; what is remembered of another does not.
func TestMetadataOfAnotherIssuer(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	defer transport.CloseIdleConnections()
	issuer, err := url.Parse(server.URL + "/realm-b")
	if err != nil {
		t.Fatal(err)
	}
	for realm, want := range map[string]bool{"/realm-a": false, "/realm-b": true} {
		s := &oauthSource{client: &Client{cfg: &Config{OAuth: OAuthConfig{Issuer: issuer}}}, deps: providerDeps{transport: transport}}
		s.state.Provider = &oauth.Provider{Issuer: server.URL + realm, TokenURL: "https://as.example.com" + realm}
		p, err := s.provider(context.Background())
		if (err == nil) != want || err == nil && !strings.HasSuffix(p.TokenURL, "/realm-b") {
			t.Errorf("metadata of %s: %+v, %v", realm, p, err)
		}
	}
}
