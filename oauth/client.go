package oauth

import (
	"context"
	"crypto"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Client is an application that is registered at an authorization server. Its fields are set before
// its first use; it is then safe for concurrent use.
type Client struct {
	Provider Provider

	ClientID    string
	Secret      func(context.Context) (string, error) // read at each request; nil: a public client
	RedirectURL string                                // exactly as it is registered
	Scopes      []string

	// Key signs assertions (private_key_jwt): an RSA key of at least 2048 bits or one of P-256, P-384 or P-521.
	Key   crypto.Signer
	KeyID string // the kid under which the server knows Key; "": it has one only

	Subject  string // of assertions; "": ClientID
	Audience string // of assertions; "": the token endpoint

	// ProofKey binds tokens to this client (DPoP, RFC 9449). It is kept with the token: a refresh needs
	// the same. Nil: bearer tokens.
	ProofKey crypto.Signer

	Transport http.RoundTripper // nil: http.DefaultTransport
	UserAgent string            // "": "ssoexchange"
	Logger    *slog.Logger      // nil: silent

	mu    sync.Mutex
	nonce string // the newest DPoP nonce of the token endpoint
}

// Exchange spends the answer of an authorization: the whole redirected address or a bare code. It
// is never repeated by itself.
func (c *Client) Exchange(ctx context.Context, a *Authorization, answer string) (*Token, error) {
	code, err := c.Code(a, answer)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	p := params{"grant_type": "authorization_code", "code": code}
	p.set("redirect_uri", a.Redirect)
	p.set("code_verifier", a.Verifier)
	return c.token(ctx, p)
}

// Refresh spends t's refresh token. Where the answer brings no new one, t's stays (RFC 6749, section
// 6). After an error of unknown outcome the old token may be spent; see [Provider.Leeway].
func (c *Client) Refresh(ctx context.Context, t *Token) (*Token, error) {
	if t == nil || t.Refresh == "" {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrPassCodeNeeded, "oauth: there is no refresh token",
			"authorize anew; the scope offline_access (Atlassian, Okta, Microsoft) or access_type=offline (Google) brings one"))
	}
	p := params{"grant_type": "refresh_token", "refresh_token": t.Refresh}
	if c.Provider.RedirectOnRefresh {
		p.set("redirect_uri", c.RedirectURL)
	}
	fresh, err := c.token(ctx, p)
	if err != nil {
		return nil, err
	}
	if fresh.Refresh == "" {
		fresh.Refresh = t.Refresh
	}
	if fresh.Scope == "" {
		fresh.Scope = t.Scope
	}
	return fresh, nil
}

// ClientCredentials obtains a token for the application itself (RFC 6749, section 4.4).
func (c *Client) ClientCredentials(ctx context.Context) (*Token, error) {
	p := params{"grant_type": "client_credentials"}
	p.set("scope", strings.Join(c.Scopes, " "))
	return c.token(ctx, p)
}

// Revoke ends t at the server (RFC 7009), its refresh token if it has one. It does nothing at a
// provider without a revocation endpoint.
func (c *Client) Revoke(ctx context.Context, t *Token) error {
	if c.Provider.RevokeURL == "" || t == nil {
		return nil
	}
	p := params{"token": t.Access, "token_type_hint": "access_token"}
	if t.Refresh != "" {
		p = params{"token": t.Refresh, "token_type_hint": "refresh_token"}
	}
	a, err := c.post(ctx, autherr.StepLogout, c.Provider.RevokeURL, p)
	if err != nil {
		return err
	}
	if a.Status == http.StatusOK || a.Status == http.StatusNoContent {
		return nil
	}
	return autherr.AtStep(autherr.StepLogout, answerError("revocation", p, a))
}

// params are the parameters of a request. Values are secrets.
type params map[string]string

// minHidden is the least length of a value that is looked for in a server's words, in bytes.
const minHidden = 4

// hidden is text without the secrets among p, which some servers quote in what they say.
func (p params) hidden(text string) string {
	for _, name := range []string{
		"code", "code_verifier", "refresh_token", "token", "device_code", "client_secret", "client_assertion",
	} {
		if value := p[name]; len(value) >= minHidden {
			text = strings.ReplaceAll(text, value, "…")
		}
	}
	return text
}

func (p params) set(name, value string) {
	if value != "" {
		p[name] = value
	}
}
