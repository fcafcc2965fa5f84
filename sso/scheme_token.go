package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/jira"
)

// apiTokenScheme sends an API token as its site wants it: with the user's e-mail address as Basic
// (Atlassian Cloud), as a bearer token (Data Center, others), as SSWS (Okta), in the query (Backlog).
var apiTokenScheme = &scheme{
	Scheme: config.Scheme{
		Name:       "APIToken",
		OtherNames: []string{"apikey", "token"},
		Uses: append(
			[]string{"User", "APIToken", "Domain", "OAuthGatewayURL", "CloudId", "InitiateOAuth"}, siteUses...),
		Required:   []string{"URL"},
		Implied:    []string{"APIToken"},
		Secrets:    []string{"APIToken"},
		ByPassword: "Basic", // the driver's name for it at Data Center is APIToken, too
		Cloud:      true,
		Check:      checkAPIToken,
		Missing:    missingToken,
	},
	accounts: func(c *Config) []account { return []account{accountOf(c, "APIToken")} },
	site:     openSite,
	open:     openAPIToken,
}

func missingToken(c *Config) []string {
	if c.APIToken.IsZero() {
		return []string{"APIToken"}
	}
	return nil
}

// checkAPIToken completes the Config, and refuses early what no site takes.
func checkAPIToken(c *Config) *ConfigError {
	completeDomain(c)
	cloud := c.URL != nil && config.IsCloud(c.URL)
	switch {
	case cloud && c.User == "":
		return config.BadValue("required for an API token of Atlassian Cloud", "User: the e-mail address of the account").WithProperty("User", "")
	case cloud && strings.Contains(c.User, ":"):
		return config.BadValue("must not contain a colon", "Basic authentication (RFC 7617) has no way to send it").WithProperty("User", "")
	case siteName(c) == "Mail":
		return config.BadValue("a mailbox takes no API token", "use AuthScheme=OAuth").WithProperty("Site", "")
	}
	return checkSite(c)
}

// siteToken is a secret of the configuration, in the place in which its site wants it.
type siteToken struct {
	secret string
	kind   string // of the header Authorization: "Bearer", "SSWS", "Basic"; "": it is in the query
	name   string // the user name that goes with Basic, or the parameter of the query
	user   string // whose it is, if the site has said so just now
	at     place
}

// Authorize implements credential.Credential.
func (t *siteToken) Authorize(r *http.Request) error {
	if err := t.at.put(r); err != nil {
		return err
	}
	switch t.kind {
	case "":
		u := *r.URL
		q := u.Query()
		q.Set(t.name, t.secret)
		u.RawQuery = q.Encode()
		r.URL = &u
	case kindBasic:
		r.SetBasicAuth(t.name, t.secret)
	default:
		r.Header.Set("Authorization", t.kind+" "+t.secret)
	}
	return nil
}

func (t *siteToken) api() *url.URL { return t.at.api }

// Expiry implements credential.Credential: no site tells when an API token ends.
func (t *siteToken) Expiry() time.Time { return time.Time{} }

// User implements credential.Owned.
func (t *siteToken) User() string { return t.user }

// Same implements credential.Comparer.
func (t *siteToken) Same(other credential.Credential) bool {
	o, ok := other.(*siteToken)
	return ok && o.secret == t.secret && o.kind == t.kind && o.name == t.name
}

// AccessToken implements tokenHolder.
func (t *siteToken) AccessToken() *oauth2.Token {
	return &oauth2.Token{AccessToken: t.secret, TokenType: t.kind}
}

// String shows nothing of the token.
func (t *siteToken) String() string { return "sso.siteToken(hidden)" }

// Format prints String for every verb.
func (t *siteToken) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

const (
	kindBasic  = "Basic"
	kindBearer = "Bearer"
	kindSSWS   = "SSWS"
)

// apiTokenSource reads the token and finds out where it is good. It remembers that: a site and the
// gateway refuse each other's tokens as if they were wrong.
type apiTokenSource struct {
	client *Client
	deps   providerDeps
	secret func(context.Context) (string, error)

	mu    sync.Mutex
	known struct {
		CloudID string `json:"cloud_id,omitempty"` // the token has scopes, and is good at the gateway of this site
	}
}

func openAPIToken(client *Client, d providerDeps) (credential.Source, error) {
	if client.cfg.APIToken.IsZero() {
		return nil, autherr.New(ErrConfig, "sso: APIToken is needed and not given", "give the API token by APITokenFile, say")
	}
	return &apiTokenSource{
		client: client,
		deps:   d,
		secret: d.password("APIToken", config.Origin(client.cfg.URL), client.cfg.APIToken),
	}, nil
}

// Credential implements credential.Source.
func (s *apiTokenSource) Credential(ctx context.Context, _ credential.Credential) (credential.Credential, error) {
	secret, err := s.secret(ctx)
	if err != nil {
		return nil, err
	}
	cfg := s.client.cfg
	t := &siteToken{secret: secret, kind: kindBearer, at: place{site: cfg.URL}}
	switch {
	case siteName(cfg) == "Backlog":
		t.kind, t.name = "", "apiKey"
	case siteName(cfg) == "OktaAPI":
		t.kind = kindSSWS
	case config.IsCloud(cfg.URL) || siteName(cfg) == siteGeneric && cfg.User != "":
		t.kind, t.name = kindBasic, cfg.User
	}
	if !config.IsCloud(cfg.URL) {
		return t, nil
	}
	return s.onCloud(ctx, t)
}

// onCloud finds out whether a token of Atlassian Cloud is for the site itself, as one without scopes
// is, or for the gateway, as one with scopes is. Nothing but trying tells. The site is asked first,
// unless the gateway took the last token, and each of them once.
func (s *apiTokenSource) onCloud(ctx context.Context, t *siteToken) (credential.Credential, error) {
	s.mu.Lock()
	id := s.known.CloudID
	s.mu.Unlock()
	order := []bool{false, true} // at the gateway
	switch {
	case s.client.cfg.OAuth.CloudID != "":
		id, order = s.client.cfg.OAuth.CloudID, []bool{true}
	case id != "":
		order = []bool{true, false}
	}
	for _, gateway := range order {
		if t.at.api = nil; gateway {
			if id == "" {
				var err error
				if id, err = s.client.cloudTenant(ctx, s.deps); err != nil {
					return nil, err
				}
			}
			t.at.api = s.atGateway(id)
		}
		user, err := s.client.site.WhoAmI(ctx, t)
		if err != nil {
			return nil, err
		}
		if user != "" {
			t.user = user
			s.remember(id, gateway)
			return t, nil
		}
	}
	return nil, s.client.scheme.refusal(s.client.cfg)
}

func (s *apiTokenSource) atGateway(id string) *url.URL {
	if siteName(s.client.cfg) == "Confluence" {
		return cloudGateway(s.client.cfg).JoinPath("/ex/confluence/", id, "/wiki")
	}
	return cloudGateway(s.client.cfg).JoinPath("/ex/jira/", id)
}

func (s *apiTokenSource) remember(id string, gateway bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known.CloudID = ""; gateway {
		s.known.CloudID = id
	}
}

// Restore implements credential.Keeper.
func (s *apiTokenSource) Restore(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known.CloudID = ""
	if len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, &s.known)
}

// Snapshot implements credential.Keeper.
func (s *apiTokenSource) Snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known.CloudID == "" {
		return nil, nil
	}
	return json.Marshal(s.known)
}

// cloudTenant asks a site of Atlassian Cloud for its id, which it tells everybody.
func (c *Client) cloudTenant(ctx context.Context, d providerDeps) (string, error) {
	h := &httpclient.Client{Server: "atlassian", Transport: d.transport, UserAgent: d.userAgent, Logger: d.logger}
	u := *c.cfg.URL
	u.Path, u.RawPath = tenantInfoPath, ""
	a, err := h.Do(ctx, httpclient.Request{
		Step: autherr.StepVerify, Method: http.MethodGet, URL: &u,
		Header: http.Header{"Accept": {"application/json"}}, Limit: jira.MaxAnswer,
	})
	if err != nil {
		return "", err
	}
	id := cloudIDIn(a)
	if id == "" {
		return "", autherr.AtStep(autherr.StepVerify, autherr.New(ErrConfig,
			fmt.Sprintf("atlassian: %s is no site of Atlassian Cloud (%d)", u.Host, a.Status), "check URL, or give CloudId"))
	}
	return id, nil
}
