package oauth

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms below
	_ "crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// An assertion and a DPoP proof are two JSON objects and one signature: by hand that is less than
// what a JOSE library would add to the program.

// assertionLifetime is how long an assertion is good. It is used at once; clocks differ.
const assertionLifetime = 5 * time.Minute

// assertion is a new client assertion for the token endpoint u (RFC 7523, section 3). Each is good
// for one request.
func (c *Client) assertion(u *url.URL) (string, error) {
	now := time.Now()
	header := map[string]any{"typ": "JWT"}
	if c.KeyID != "" {
		header["kid"] = c.KeyID
	}
	return signJWT(c.Key, header, map[string]any{
		"iss": c.ClientID, "sub": cmp.Or(c.Subject, c.ClientID), "aud": cmp.Or(c.Audience, u.String()), "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLifetime).Unix(),
	})
}

// algorithm is the JWS algorithm of a key (RFC 7518, section 3.1).
func algorithm(key crypto.Signer) (name string, hash crypto.Hash, err error) {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() >= 2048 {
			return "RS256", crypto.SHA256, nil
		}
		return "", 0, autherr.New(autherr.ErrConfig, "oauth: the RSA key has less than 2048 bits", "make a key of 2048 bits or more")
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return "ES256", crypto.SHA256, nil
		case elliptic.P384():
			return "ES384", crypto.SHA384, nil
		case elliptic.P521():
			return "ES512", crypto.SHA512, nil
		}
	}
	return "", 0, autherr.New(autherr.ErrConfig, "oauth: a key of this type cannot sign an assertion", "use RSA, or ECDSA with P-256, P-384 or P-521")
}

// signJWT makes a signed token in compact form (RFC 7515, section 3.1).
func signJWT(key crypto.Signer, header, claims map[string]any) (string, error) {
	name, hash, err := algorithm(key)
	if err != nil {
		return "", err
	}
	header["alg"] = name
	var signed string
	for i, part := range []map[string]any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		if i > 0 {
			signed += "."
		}
		signed += base64.RawURLEncoding.EncodeToString(text)
	}
	h := hash.New()
	h.Write([]byte(signed))
	signature, err := key.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		return "", autherr.New(autherr.ErrConfig, "oauth: the key cannot sign", "")
	}
	if public, ok := key.Public().(*ecdsa.PublicKey); ok {
		if signature, err = rawSignature(signature, (public.Curve.Params().BitSize+7)/8); err != nil {
			return "", err
		}
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// rawSignature turns the DER form of an ECDSA signature into that of RFC 7518, section 3.4: R and
// S, each of size bytes.
func rawSignature(der []byte, size int) ([]byte, error) {
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		return nil, autherr.New(autherr.ErrConfig, "oauth: the key's signature cannot be read", "")
	}
	raw := make([]byte, 2*size)
	rs.R.FillBytes(raw[:size])
	rs.S.FillBytes(raw[size:])
	return raw, nil
}
