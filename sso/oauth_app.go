package sso

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/jira"
	"github.com/ssoexchange/ssoexchange/oauth"
)

// application is the registered client, with the key that tokens are bound to; nil: the one that a
// new token needs is made.
func (s *oauthSource) application(ctx context.Context, key []byte) (*oauth.Client, []byte, error) {
	cfg := s.client.cfg
	p, err := s.provider(ctx)
	if err != nil {
		return nil, nil, err
	}
	app := &oauth.Client{
		Provider: p, ClientID: cfg.OAuth.ClientID, RedirectURL: cfg.OAuth.Callback, KeyID: cfg.OAuth.KeyID,
		Subject: cfg.OAuth.JWTSubject, Audience: cfg.OAuth.JWTAudience,
		Transport: s.deps.transport, UserAgent: s.deps.userAgent, Logger: s.deps.logger,
	}
	scope := cfg.OAuth.Scope
	if scope == "" {
		scope = defaultScope(cfg, s.grant)
	}
	app.Scopes = strings.Fields(scope)
	if !cfg.OAuth.Cert.IsZero() {
		if app.Key, err = privateKey(ctx, cfg); err != nil {
			return nil, nil, autherr.AtStep(autherr.StepConfig, err)
		}
	} else if !cfg.OAuth.ClientSecret.IsZero() {
		app.Secret = s.clientSecret
	}
	if key == nil && s.bindsTokens() {
		if key, err = newProofKey(); err != nil {
			return nil, nil, err
		}
	}
	if key == nil {
		return app, nil, nil
	}
	if app.ProofKey, err = proofKey(key); err != nil {
		return nil, nil, autherr.AtStep(autherr.StepState, err)
	}
	return s.withNonce(app), key, nil
}

// withNonce returns the client that was used before with the same keys, which knows a nonce.
func (s *oauthSource) withNonce(app *oauth.Client) *oauth.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.app; before != nil && before.Provider.TokenURL == app.Provider.TokenURL && samePublicKey(before.ProofKey, app.ProofKey) {
		return before
	}
	s.app = app
	return app
}

func samePublicKey(a, b crypto.Signer) bool {
	k, ok := a.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b.Public())
}

// bindsTokens reports whether new tokens are bound to a key. Okta wants it of new service
// applications, and logs a failure for each try without.
func (s *oauthSource) bindsTokens() bool {
	o := &s.client.cfg.OAuth
	return o.DPoP == "True" || o.DPoP != "False" && siteName(s.client.cfg) == "OktaAPI" && s.grant == grantClient && !o.Cert.IsZero()
}

func newProofKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

func proofKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errUnreadableRecord
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errUnreadableRecord
	}
	return signer, nil
}

// metadataAge is how long the metadata of an issuer are used.
const metadataAge = 24 * time.Hour

// provider is the authorization server. The metadata of an issuer are remembered, so that a refresh
// is one request.
func (s *oauthSource) provider(ctx context.Context) (oauth.Provider, error) {
	o := &s.client.cfg.OAuth
	if o.Issuer == nil {
		return withEndpoints(o, knownProvider(s.client.cfg)), nil
	}
	s.mu.Lock()
	known, age := s.state.Provider, time.Since(s.state.Fetched)
	s.mu.Unlock()
	if known != nil && known.Issuer != o.Issuer.String() && known.Issuer != strings.TrimSuffix(o.Issuer.String(), "/") {
		known = nil
	}
	if known == nil || age > metadataAge || age < 0 {
		h := &httpclient.Client{Server: "oauth", Transport: s.deps.transport, UserAgent: s.deps.userAgent, Logger: s.deps.logger}
		p, err := oauth.Discover(ctx, o.Issuer, h)
		if err != nil && (known == nil || !errors.Is(err, ErrUnreachable)) {
			return oauth.Provider{}, err
		}
		if err == nil {
			s.mu.Lock()
			s.state.Provider, s.state.Fetched = &p, time.Now()
			s.mu.Unlock()
			known = &p
		}
	}
	return withEndpoints(o, *known), nil
}

// clientSecret is the application's secret, unless the server has refused this very one before.
func (s *oauthSource) clientSecret(ctx context.Context) (string, error) {
	secret, err := s.client.cfg.OAuth.ClientSecret.Reveal(ctx)
	if err != nil {
		return "", err
	}
	if s.memo.refused(secret) {
		return "", autherr.New(ErrCredentials, "sso: OAuthClientSecret was refused before and is not sent again", "give the new secret of the application")
	}
	return secret, nil
}

// refused notes a secret of the application that the server does not take.
func (s *oauthSource) refused(ctx context.Context, err error) error {
	var e *oauth.Error
	if !errors.As(err, &e) || e.RefusedSecret() == "" || s.client.cfg.OAuth.ClientSecret.IsZero() {
		return err
	}
	if secret, bad := s.client.cfg.OAuth.ClientSecret.Reveal(ctx); bad == nil {
		s.memo.refuse(secret)
	}
	return err
}

// findCloud returns the id of the site among those that the token was granted for. The order of the
// answer means nothing: the first one may be any site of the person. "", nil: the token has ended.
func (s *oauthSource) findCloud(ctx context.Context, t *oauthToken) (string, error) {
	cfg := s.client.cfg
	if cfg.OAuth.CloudID != "" {
		return cfg.OAuth.CloudID, nil
	}
	if s.grant == grantClient {
		return s.client.cloudTenant(ctx, s.deps)
	}
	u := cloudGateway(cfg).JoinPath("/oauth/token/accessible-resources")
	h := &httpclient.Client{Server: "atlassian", Transport: s.deps.transport, UserAgent: s.deps.userAgent, Logger: s.deps.logger,
		Authorize: func(r *http.Request) error {
			r.Header.Set("Authorization", t.bearer)
			return nil
		}}
	a, err := h.Do(ctx, httpclient.Request{Step: autherr.StepVerify, Method: "GET", URL: u, Header: http.Header{"Accept": {"application/json"}}, Limit: jira.MaxAnswer})
	if err != nil {
		return "", err
	}
	if a.Status == http.StatusUnauthorized && !scopeProblem(a) {
		return "", nil
	}
	if a.Status != http.StatusOK {
		return "", autherr.AtStep(autherr.StepVerify, apiRefusal("atlassian", a))
	}
	id, err := cloudIDFor(a.Body, cfg.URL)
	return id, autherr.AtStep(autherr.StepVerify, err)
}

// privateKey reads OAuthJWTCert.
func privateKey(ctx context.Context, c *Config) (crypto.Signer, error) {
	value, err := c.OAuth.Cert.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	password, err := c.OAuth.CertPassword.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	data, err := keyContainer(value, c.OAuth.CertType)
	if err == nil {
		var key crypto.Signer
		if key, err = parseKey(data, password, strings.HasPrefix(c.OAuth.CertType, "PFX"), c.OAuth.CertSubject); err == nil {
			return key, nil
		}
	}
	var bad *ConfigError
	if errors.As(err, &bad) {
		return nil, bad.WithProperty("OAuthJWTCert", "")
	}
	return nil, err
}

var pemBegin = []byte("-----BEGIN")

func isPEM(data []byte) bool { return bytes.Contains(data, pemBegin) }
