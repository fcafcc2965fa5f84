package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// AuthStyle is how a client proves itself at the token endpoint. It is never found out by trying:
// a second try would spend a code twice.
type AuthStyle int

const (
	InParams  AuthStyle = iota // client_id and client_secret in the body (RFC 6749, section 2.3.1)
	InHeader                   // Basic, both form-encoded first
	Assertion                  // private_key_jwt (RFC 7523), with Client.Key
)

// Provider is an authorization server: its endpoints and where it differs from others. The zero
// value of every field but TokenURL is a good default.
type Provider struct {
	Name      string // for error texts
	AuthURL   string // "": no authorization code grant
	TokenURL  string
	DeviceURL string // "": no device grant
	RevokeURL string // "": tokens cannot be revoked
	Issuer    string // what an iss parameter must equal; "": not known

	RequireIssuer bool              // answers without iss are refused (RFC 9207)
	AuthStyle     AuthStyle         //
	JSON          bool              // token requests are JSON and not a form
	AuthParams    map[string]string // further parameters of the authorization request
	NoPKCE        bool              // the server knows no code_challenge

	// RedirectOnRefresh sends redirect_uri with a refresh as well, which some versions of Jira want.
	RedirectOnRefresh bool

	// Leeway is how long a spent refresh token may be presented again, after a lost answer. 0: never.
	Leeway time.Duration
}

// Cloud is Atlassian Cloud (3LO).
func Cloud() Provider {
	return Provider{
		Name: "Atlassian", AuthURL: "https://auth.atlassian.com/authorize", TokenURL: "https://auth.atlassian.com/oauth/token", JSON: true,
		AuthParams: map[string]string{"audience": "api.atlassian.com", "prompt": "consent"}, Leeway: 10 * time.Minute,
	}
}

// DataCenter is Jira Data Center's own provider below base, its base URL with the context path.
func DataCenter(base *url.URL) Provider {
	at := func(path string) string { return base.JoinPath("/rest/oauth2/latest/", path).String() }
	return Provider{Name: "Jira", AuthURL: at("authorize"), TokenURL: at("token"), RevokeURL: at("revoke"), RedirectOnRefresh: true}
}

// Backlog is a space of Nulab's Backlog.
func Backlog(space *url.URL) Provider {
	return Provider{Name: "Backlog", AuthURL: space.JoinPath("/OAuth2AccessRequest.action").String(),
		TokenURL: space.JoinPath("/api/v2/oauth2/token").String(), NoPKCE: true}
}

// Okta is the org authorization server of an Okta organisation, the only one that grants okta.* scopes.
func Okta(org *url.URL) Provider {
	at := func(path string) string { return org.JoinPath("/oauth2/v1/", path).String() }
	return Provider{Name: "Okta", AuthURL: at("authorize"), TokenURL: at("token"), DeviceURL: at("device/authorize"), RevokeURL: at("revoke"),
		Issuer: httpclient.Origin(org), AuthStyle: InHeader}
}

// Google is Google's server, for mail. prompt=consent makes it return a refresh token every time.
func Google() Provider {
	return Provider{
		Name: "Google", AuthURL: "https://accounts.google.com/o/oauth2/v2/auth", TokenURL: "https://oauth2.googleapis.com/token",
		RevokeURL: "https://oauth2.googleapis.com/revoke", Issuer: "https://accounts.google.com",
		AuthParams: map[string]string{"access_type": "offline", "prompt": "consent"},
	}
}

// Microsoft is Entra ID for a tenant: its id, a domain, "organizations", "common" or "consumers".
func Microsoft(tenant string) Provider {
	at := func(path string) string {
		return "https://login.microsoftonline.com/" + url.PathEscape(tenant) + "/oauth2/v2.0/" + path
	}
	return Provider{Name: "Microsoft", AuthURL: at("authorize"), TokenURL: at("token"), DeviceURL: at("devicecode")}
}

// maxMetadata bounds a discovery document, in bytes.
const maxMetadata = 256 << 10

// Discover asks an issuer for its endpoints (RFC 8414, and OpenID Connect Discovery where that is
// all there is). The answer must name the very issuer; h is used for the requests.
func Discover(ctx context.Context, issuer *url.URL, h *httpclient.Client) (Provider, error) {
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	for _, at := range []string{"/.well-known/oauth-authorization-server" + path, path + "/.well-known/openid-configuration"} {
		u, err := url.Parse(httpclient.Origin(issuer) + at)
		if err != nil {
			continue
		}
		a, err := h.Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: http.MethodGet, URL: u, Header: http.Header{"Accept": {"application/json"}}, Limit: maxMetadata})
		if err != nil {
			return Provider{}, err
		}
		switch {
		case a.Status == http.StatusOK:
			p, err := readMetadata(a.Body, issuer)
			return p, autherr.AtStep(autherr.StepStart, err)
		case a.Status == http.StatusTooManyRequests:
			return Provider{}, autherr.AtStep(autherr.StepStart, &autherr.Error{Kind: autherr.ErrRateLimited, Text: "oauth: the issuer asks to wait", Wait: httpclient.RetryAfter(a.Header)})
		case a.Status >= 500:
			return Provider{}, autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrUnreachable, "oauth: the issuer is in trouble", "try again later"))
		}
	}
	return Provider{}, autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrConfig, "oauth: "+issuer.Host+" publishes no metadata of an authorization server",
		"check OAuthIssuer, or give OAuthAuthorizationURL and OAuthAccessTokenURL"))
}

func readMetadata(body []byte, issuer *url.URL) (Provider, error) {
	var m struct {
		Issuer       string   `json:"issuer"`
		Auth         string   `json:"authorization_endpoint"`
		Token        string   `json:"token_endpoint"`
		Device       string   `json:"device_authorization_endpoint"`
		Revoke       string   `json:"revocation_endpoint"`
		Methods      []string `json:"token_endpoint_auth_methods_supported"`
		SendsIssuer  bool     `json:"authorization_response_iss_parameter_supported"`
		PKCE         []string `json:"code_challenge_methods_supported"`
		GrantTypes   []string `json:"grant_types_supported"`
		ResponseType []string `json:"response_types_supported"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return Provider{}, autherr.New(autherr.ErrBadAnswer, "oauth: the issuer's metadata are no JSON", "check OAuthIssuer")
	}
	if m.Issuer != issuer.String() && m.Issuer != strings.TrimSuffix(issuer.String(), "/") {
		return Provider{}, autherr.New(autherr.ErrConfig, "oauth: the metadata are those of another issuer", "OAuthIssuer must be written exactly as the server writes it")
	}
	p := Provider{Name: issuer.Host, AuthURL: m.Auth, TokenURL: m.Token, DeviceURL: m.Device, RevokeURL: m.Revoke, Issuer: m.Issuer, RequireIssuer: m.SendsIssuer}
	for _, endpoint := range []string{p.AuthURL, p.TokenURL, p.DeviceURL, p.RevokeURL} {
		if endpoint == "" {
			continue
		}
		if u, err := url.Parse(endpoint); err != nil || httpclient.CheckURL(u) != nil {
			return Provider{}, autherr.New(autherr.ErrBadAnswer, "oauth: the metadata name an endpoint that is no https address", "")
		}
	}
	if p.TokenURL == "" {
		return Provider{}, autherr.New(autherr.ErrBadAnswer, "oauth: the metadata name no token endpoint", "check OAuthIssuer")
	}
	// RFC 8414: absent means client_secret_basic.
	p.AuthStyle = InHeader
	for _, method := range m.Methods {
		if method == "client_secret_post" {
			p.AuthStyle = InParams
		}
	}
	return p, nil
}
