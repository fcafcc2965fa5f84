package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// proof is a new DPoP proof for one request (RFC 9449, section 4.2). token is the access token that
// goes with it, "" at the token endpoint, where the server's nonce goes in instead.
func (c *Client) proof(method string, u *url.URL, token string) (string, error) {
	jwk, err := publicJWK(c.ProofKey)
	if err != nil {
		return "", err
	}
	address := *u
	address.RawQuery, address.Fragment, address.RawFragment, address.User = "", "", "", nil
	claims := map[string]any{"htm": method, "htu": address.String(), "iat": time.Now().Unix(), "jti": rand.Text()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	} else {
		c.mu.Lock()
		if c.nonce != "" {
			claims["nonce"] = c.nonce
		}
		c.mu.Unlock()
	}
	return signJWT(c.ProofKey, map[string]any{"typ": "dpop+jwt", "jwk": jwk}, claims)
}

// AuthorizeRequest adds to r what proves t: a bearer header, or with DPoP a proof for this very request.
// r is changed: pass a clone. A proof is good for one request: authorize each retry anew.
func (c *Client) AuthorizeRequest(r *http.Request, t *Token) error {
	if t.Type != "DPoP" {
		// The scheme as RFC 6750 writes it, whatever case the server answered: Jira compares exactly.
		r.Header.Set("Authorization", "Bearer "+t.Access)
		return nil
	}
	if c.ProofKey == nil {
		return autherr.New(autherr.ErrConfig, "oauth: the token is bound to a key that is not here", "authorize anew")
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	proof, err := c.proof(method, r.URL, t.Access)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "DPoP "+t.Access)
	r.Header.Set("DPoP", proof)
	return nil
}

// publicJWK is the public half of a key (RFC 7517, section 4; RFC 7518, section 6).
func publicJWK(key crypto.Signer) (map[string]string, error) {
	if _, _, err := algorithm(key); err != nil {
		return nil, err
	}
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, X, Y
		if err != nil {
			return nil, autherr.New(autherr.ErrConfig, "oauth: the key cannot be used", "")
		}
		half := (len(point) - 1) / 2
		return map[string]string{"kty": "EC", "crv": public.Curve.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}, nil
	}
	return nil, autherr.New(autherr.ErrConfig, "oauth: a key of this type cannot sign a proof", "")
}

// maxNonce bounds a nonce, in bytes.
const maxNonce = 1 << 10

// learnNonce keeps the nonce that an answer brings, refusals included, and reports whether it is new.
func (c *Client) learnNonce(h http.Header) bool {
	nonce := h.Get("DPoP-Nonce")
	if nonce == "" || len(nonce) > maxNonce {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := c.nonce != nonce
	c.nonce = nonce
	return fresh
}

// wantsNonce reports whether the answer asks for a proof with the nonce that it brings.
func wantsNonce(a *httpclient.Response) bool {
	var body struct {
		Code string `json:"error"`
	}
	_ = json.Unmarshal(a.Body, &body) // what is no JSON asks for nothing
	return a.Status == http.StatusBadRequest && body.Code == "use_dpop_nonce"
}
