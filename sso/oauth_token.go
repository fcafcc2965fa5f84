package sso

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth"
)

// oauthToken is a token with all that belongs to it. It is stored as a whole, and never changed:
// a refresh makes another one.
type oauthToken struct {
	oauthRecord
	bearer string        // the Authorization header; "": proofs are needed
	app    *oauth.Client // makes the proofs
	at     place
}

// oauthRecord is what is stored of it.
type oauthRecord struct {
	Token      oauth.Token `json:"token"`
	Holder     string      `json:"user,omitempty"`       // as the site names the holder; "": not asked yet
	Consented  time.Time   `json:"consented,omitzero"`   // when a person last consented; zero: nobody did, or not known
	Generation int         `json:"generation,omitempty"` // refreshes since then
	CloudID    string      `json:"cloud_id,omitempty"`   // of the Atlassian site
	ProofKey   []byte      `json:"proof_key,omitempty"`  // PKCS #8; nil: a bearer token
}

// place is where requests with a token go.
type place struct {
	site *url.URL // as the connection names it
	api  *url.URL // where the API takes the token, with its path; nil: at the site
}

// put moves a request that is meant for the site to where the API is, and refuses any other: a
// token is for one API, and its holder is whoever gets to see it.
func (p place) put(r *http.Request) error {
	switch {
	case p.api == nil && httpclient.SameOrigin(r.URL, p.site):
		return nil
	case p.api != nil && below(r.URL, p.api):
		return nil
	case p.api == nil || !httpclient.SameOrigin(r.URL, p.site):
		return autherr.New(ErrConfig, "sso: request to "+r.URL.Host+" not sent: the token is for "+config.Origin(p.site)+" alone", "")
	}
	u := *r.URL
	path := strings.TrimPrefix(r.URL.EscapedPath(), strings.TrimRight(p.site.EscapedPath(), "/"))
	u.Scheme, u.Host = p.api.Scheme, p.api.Host
	u.RawPath = strings.TrimRight(p.api.EscapedPath(), "/") + "/" + strings.TrimLeft(path, "/")
	plain, err := url.PathUnescape(u.RawPath)
	if err != nil {
		return autherr.New(ErrConfig, "sso: the request's path cannot be read", "")
	}
	if u.Path = plain; !below(&u, p.api) {
		return autherr.New(ErrConfig, "sso: request not sent: its path leads out of the site", "")
	}
	r.URL, r.Host = &u, ""
	return nil
}

// below reports whether u is part of an API: neither its neighbour nor, by dots, its parent.
func below(u, api *url.URL) bool {
	path := u.EscapedPath()
	return httpclient.SameOrigin(u, api) && strings.HasPrefix(path, strings.TrimRight(api.EscapedPath(), "/")+"/") &&
		!slices.Contains(strings.Split(strings.ReplaceAll(strings.ToLower(path), "%2e", "."), "/"), "..")
}

// Authorize implements credential.Credential: it moves the request to the API and adds the token.
func (t *oauthToken) Authorize(r *http.Request) error {
	if err := t.at.put(r); err != nil {
		return err
	}
	if t.bearer != "" {
		r.Header.Set("Authorization", t.bearer)
		return nil
	}
	return t.app.AuthorizeRequest(r, &t.Token)
}

func (t *oauthToken) api() *url.URL { return t.at.api }

// Expiry is when the access token ends.
func (t *oauthToken) Expiry() time.Time { return t.Token.Expires }

// Valid implements credential.Validator. A token whose holder was never asked for is completed first.
func (t *oauthToken) Valid(now time.Time) bool { return t.Holder != "" && t.Token.Valid(now) }

// User implements credential.Owned: the holder stays the same when a token is refreshed.
func (t *oauthToken) User() string { return t.Holder }

// Encode implements credential.Encoder.
func (t *oauthToken) Encode() ([]byte, error) { return json.Marshal(t.oauthRecord) }

// Same implements credential.Comparer.
func (t *oauthToken) Same(other credential.Credential) bool {
	o, ok := other.(*oauthToken)
	return ok && o.Token.Access == t.Token.Access
}

// givenWithRefresh reports whether t is from the connection string, with a refresh token: whether its
// access token is still good nobody knows.
func (t *oauthToken) givenWithRefresh() bool {
	return t.Consented.IsZero() && t.Generation == 0 && t.Token.Refresh != ""
}

// AccessToken implements tokenHolder.
func (t *oauthToken) AccessToken() *oauth2.Token {
	shown := t.Token.OAuth2()
	shown.RefreshToken = ""
	return shown
}

// String shows nothing of the token.
func (t *oauthToken) String() string { return "sso.oauthToken(hidden)" }

// Format prints String for every verb.
func (t *oauthToken) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }
