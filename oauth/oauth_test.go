package oauth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/oauth"
)

// endpoint answers token requests in turn and keeps what it was sent.
type endpoint struct {
	answers  []answer
	requests []map[string]string // parameters, and headers as "header Name"
	json     bool
}

type answer struct {
	status int
	body   string
	header map[string]string
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	seen := map[string]string{"url": r.URL.String()}
	if e.json && body != nil {
		if r.Header.Get("Content-Type") != "application/json" {
			return nil, errors.New("not JSON")
		}
		if err := json.Unmarshal(body, &seen); err != nil {
			return nil, err
		}
	} else {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		for name := range form {
			seen[name] = form.Get(name)
		}
	}
	for name := range r.Header {
		seen["header "+name] = r.Header.Get(name)
	}
	e.requests = append(e.requests, seen)
	a := e.answers[min(len(e.requests), len(e.answers))-1]
	if a.status == 0 {
		return nil, errors.New("connection reset")
	}
	h := http.Header{"Content-Type": {"application/json"}}
	for name, value := range a.header {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: r, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(a.body))}, nil
}

const tokenAnswer = `{"access_token":"access-1","refresh_token":"refresh-2","token_type":"bearer","expires_in":3600,"scope":"read:jira-work offline_access"}`

func secret(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

func newClient(e *endpoint, p oauth.Provider) *oauth.Client {
	e.json = p.JSON
	return &oauth.Client{Provider: p, ClientID: "client", Secret: secret("s3cr:t/+ %&="), RedirectURL: "http://localhost:33333", Scopes: []string{"a", "b"}, Transport: e}
}

func parse(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func custom() oauth.Provider {
	return oauth.Provider{Name: "test", AuthURL: "https://as.example.com/authorize", TokenURL: "https://as.example.com/token", DeviceURL: "https://as.example.com/device",
		RevokeURL: "https://as.example.com/revoke", Issuer: "https://as.example.com"}
}

// Every provider gets the code exchange that it documents.
func TestExchange(t *testing.T) {
	for _, tt := range []struct {
		name      string
		provider  oauth.Provider
		authorize map[string]string // parameters that must be in the address
		request   map[string]string // and in the token request; "-": must not be there
	}{
		{"Atlassian Cloud", oauth.Cloud(), map[string]string{"audience": "api.atlassian.com", "prompt": "consent", "code_challenge_method": "S256"},
			map[string]string{"client_secret": "s3cr:t/+ %&=", "header Authorization": "-"}},
		{"Jira Data Center", oauth.DataCenter(parse(t, "https://jira.example.com/jira")), map[string]string{"code_challenge_method": "S256"},
			map[string]string{"url": "https://jira.example.com/jira/rest/oauth2/latest/token", "client_secret": "s3cr:t/+ %&=", "header Authorization": "-"}},
		{"Backlog", oauth.Backlog(parse(t, "https://space.backlog.com")), map[string]string{"code_challenge": "-"},
			map[string]string{"url": "https://space.backlog.com/api/v2/oauth2/token", "code_verifier": "-"}},
		{"Okta", oauth.Okta(parse(t, "https://acme.okta.com")), nil,
			map[string]string{"header Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("client:s3cr%3At%2F%2B+%25%26%3D")), "client_secret": "-"}},
		{"Google", oauth.Google(), map[string]string{"access_type": "offline", "prompt": "consent"}, map[string]string{"client_id": "client"}},
		{"Microsoft", oauth.Microsoft("acme.example"), nil, map[string]string{"url": "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token"}},
	} {
		e := &endpoint{answers: []answer{{200, tokenAnswer, nil}}}
		c := newClient(e, tt.provider)
		a, err := c.Authorize()
		if err != nil {
			t.Fatal(tt.name, err)
		}
		q := parse(t, a.URL).Query()
		for name, want := range tt.authorize {
			if got := q.Get(name); got != strings.TrimPrefix(want, "-") {
				t.Errorf("%s: the address has %s=%q, want %q", tt.name, name, got, want)
			}
		}
		if q.Get("scope") != "a b" || q.Get("response_type") != "code" || q.Get("redirect_uri") != "http://localhost:33333" || len(q.Get("state")) < 20 {
			t.Errorf("%s: the address is %s", tt.name, a.URL)
		}
		token, err := c.Exchange(t.Context(), a, "http://localhost:33333/?code=the-code&state="+a.State)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if token.Access != "access-1" || token.Refresh != "refresh-2" || token.Type != "Bearer" || !token.Valid(time.Now()) || !slices.Contains(token.Scopes(), "offline_access") {
			t.Errorf("%s: token %+v", tt.name, token.OAuth2())
		}
		r := e.requests[0]
		if len(e.requests) != 1 || r["grant_type"] != "authorization_code" || r["code"] != "the-code" || r["redirect_uri"] != "http://localhost:33333" {
			t.Errorf("%s: requests %v", tt.name, e.requests)
		}
		if challenge := q.Get("code_challenge"); challenge != "" {
			if sum := sha256.Sum256([]byte(r["code_verifier"])); base64.RawURLEncoding.EncodeToString(sum[:]) != challenge || len(r["code_verifier"]) < 43 {
				t.Errorf("%s: the verifier does not fit the challenge", tt.name)
			}
		}
		for name, want := range tt.request {
			if got := r[name]; got != strings.TrimPrefix(want, "-") {
				t.Errorf("%s: the request has %s=%q, want %q", tt.name, name, got, want)
			}
		}
	}
}

// An answer that is not this authorization's spends nothing.
func TestAnswers(t *testing.T) {
	required := custom()
	required.RequireIssuer = true
	for _, tt := range []struct {
		name     string
		provider oauth.Provider
		answer   string // STATE is replaced
		want     error  // nil: the code is spent
	}{
		{"a bare code", custom(), "the-code", nil},
		{"a bare code with white space around it", custom(), "  the-code\n", nil},
		{"the whole address", custom(), "http://localhost:33333/?code=the-code&state=STATE", nil},
		{"with iss", custom(), "http://localhost:33333/?code=the-code&state=STATE&iss=https%3A%2F%2Fas.example.com", nil},
		{"another state", custom(), "http://localhost:33333/?code=the-code&state=other", autherr.ErrBadAnswer},
		{"no state", custom(), "http://localhost:33333/?code=the-code", autherr.ErrBadAnswer},
		{"two states", custom(), "http://localhost:33333/?code=the-code&state=STATE&state=STATE", autherr.ErrBadAnswer},
		{"two codes", custom(), "http://localhost:33333/?code=a&code=b&state=STATE", autherr.ErrBadAnswer},
		{"another issuer", custom(), "http://localhost:33333/?code=the-code&state=STATE&iss=https%3A%2F%2Fevil.example", autherr.ErrBadAnswer},
		{"no iss where it is promised", required, "http://localhost:33333/?code=the-code&state=STATE", autherr.ErrBadAnswer},
		{"refused by the person", custom(), "http://localhost:33333/?error=access_denied&state=STATE", autherr.ErrExchangeRefused},
		{"a wrong redirect", custom(), "http://localhost:33333/?error=redirect_uri_mismatch&state=STATE", autherr.ErrConfig},
		{"consent needed", custom(), "http://localhost:33333/?error=consent_required&state=STATE", autherr.ErrPassCodeNeeded},
		{"a page without a code", custom(), "http://localhost:33333/?state=STATE", autherr.ErrConfig},
		{"the query alone", custom(), "?code=the-code&state=STATE", autherr.ErrConfig},
		{"nothing", custom(), " ", autherr.ErrPassCodeNeeded},
		{"a flood", custom(), strings.Repeat("x", 1<<20), autherr.ErrPassCodeNeeded},
	} {
		e := &endpoint{answers: []answer{{200, tokenAnswer, nil}}}
		c := newClient(e, tt.provider)
		a, err := c.Authorize()
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Exchange(t.Context(), a, strings.ReplaceAll(tt.answer, "STATE", a.State))
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if spent := len(e.requests); (spent == 0) != (tt.want != nil) {
			t.Errorf("%s: %d requests", tt.name, spent)
		}
		if err != nil && (strings.Contains(err.Error(), "the-code") || strings.Contains(err.Error(), a.State)) {
			t.Errorf("%s: the error shows a secret: %v", tt.name, err)
		}
	}
}

// A refusal is one request, whatever it is, and its error holds nothing of the answer but the code
// and a few of the server's words.
func TestRefusals(t *testing.T) {
	const leak = "eyJhbGciOiJSUzI1NiJ9.secretsecretsecret"
	for _, tt := range []struct {
		name   string
		answer answer
		want   error
	}{
		{"spent", answer{400, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`, nil}, autherr.ErrPassCodeNeeded},
		{"Atlassian's 403", answer{403, `{"error":"invalid_grant"}`, nil}, autherr.ErrPassCodeNeeded},
		{"a wrong secret", answer{401, `{"error":"invalid_client"}`, nil}, autherr.ErrCredentials},
		{"Atlassian's 401", answer{401, `{"error":"access_denied","error_description":"Unauthorized"}`, nil}, autherr.ErrCredentials},
		{"a scope with a space", answer{400, `{"error":"invalid scope"}`, nil}, autherr.ErrConfig},
		{"a grant that is not offered", answer{400, `{"error":"unsupported_grant_type"}`, nil}, autherr.ErrConfig},
		{"Okta's own form", answer{401, `{"errorCode":"invalid_client","errorSummary":"Invalid value for 'client_id' parameter."}`, nil}, autherr.ErrCredentials},
		{"a token in the description", answer{400, `{"error":"invalid_grant","error_description":"token ` + leak + ` is spent"}`, nil}, autherr.ErrPassCodeNeeded},
		{"the refresh token in the description", answer{400, `{"error":"invalid_grant","error_description":"refresh-1 is spent"}`, nil}, autherr.ErrPassCodeNeeded},
		{"the secret in the description", answer{401, `{"error":"invalid_client","error_description":"s3cr:t/+ %&= is wrong"}`, nil}, autherr.ErrCredentials},
		{"the token in an address", answer{400, `{"error":"invalid_request","error_description":"see https://as.example.com/?t=` + leak + `"}`, nil}, autherr.ErrConfig},
		{"an outage that names a refusal", answer{503, `{"error":"invalid_grant"}`, nil}, autherr.ErrUnreachable},
		{"an outage that names a refused secret", answer{502, `{"error":"invalid_client"}`, nil}, autherr.ErrUnreachable},
		{"a body that is no JSON", answer{400, leak, nil}, autherr.ErrBadAnswer},
		{"a login page", answer{200, "<html>" + leak, map[string]string{"Content-Type": "text/html"}}, autherr.ErrBadAnswer},
		{"a header only", answer{401, "", map[string]string{"WWW-Authenticate": `DPoP error="invalid_dpop_proof", error_description="used"`}}, autherr.ErrConfig},
		{"slow down", answer{429, `{"error":"slow_down"}`, map[string]string{"Retry-After": "9"}}, autherr.ErrRateLimited},
		{"an outage", answer{503, leak, nil}, autherr.ErrUnreachable},
		{"a redirect", answer{302, "", map[string]string{"Location": "https://evil.example/" + leak}}, autherr.ErrBadAnswer},
		{"a token with a line break", answer{200, `{"access_token":"a\r\nX: y"}`, nil}, autherr.ErrBadAnswer},
		{"another type of token", answer{200, `{"access_token":"a","token_type":"mac"}`, nil}, autherr.ErrUnsupported},
		{"a token bound to a key that is not ours", answer{200, `{"access_token":"a","token_type":"DPoP"}`, nil}, autherr.ErrBadAnswer},
		{"a lost answer", answer{}, autherr.ErrUnreachable},
	} {
		e := &endpoint{answers: []answer{tt.answer}}
		c := newClient(e, custom())
		_, err := c.Refresh(t.Context(), &oauth.Token{Access: "old", Refresh: "refresh-1"})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			continue
		}
		if len(e.requests) != 1 {
			t.Errorf("%s: the refresh token was presented %d times", tt.name, len(e.requests))
		}
		for _, format := range []string{"%v", "%+v", "%#v"} {
			if text := fmt.Sprintf(format, err); strings.Contains(text, "secretsecret") || strings.Contains(text, "refresh-1") || strings.Contains(text, "s3cr") {
				t.Errorf("%s: %s shows a secret: %s", tt.name, format, text)
			}
		}
	}
}

func TestRefresh(t *testing.T) {
	for _, tt := range []struct{ name, body, refresh, scope string }{
		{"rotation", `{"access_token":"new","refresh_token":"refresh-2","expires_in":"3600","scope":"x"}`, "refresh-2", "x"},
		{"no rotation", `{"access_token":"new","expires_in":3600}`, "refresh-1", "old scope"},
	} {
		e := &endpoint{answers: []answer{{200, tt.body, nil}}}
		c := newClient(e, oauth.DataCenter(parse(t, "https://jira.example.com")))
		token, err := c.Refresh(t.Context(), &oauth.Token{Refresh: "refresh-1", Scope: "old scope"})
		if err != nil || token.Refresh != tt.refresh || token.Scope != tt.scope || token.Expires.IsZero() {
			t.Errorf("%s: %+v, %v", tt.name, token.OAuth2(), err)
		}
		if e.requests[0]["redirect_uri"] == "" {
			t.Errorf("%s: Jira wants redirect_uri with a refresh", tt.name)
		}
	}
	e := &endpoint{}
	if _, err := newClient(e, custom()).Refresh(t.Context(), &oauth.Token{}); !errors.Is(err, autherr.ErrPassCodeNeeded) || len(e.requests) != 0 {
		t.Errorf("without a refresh token: %v, %d requests", err, len(e.requests))
	}
}

func TestValid(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		token *oauth.Token
		want  bool
	}{
		"nil":                      {nil, false},
		"empty":                    {&oauth.Token{}, false},
		"no end":                   {&oauth.Token{Access: "a"}, true},
		"a minute left":            {&oauth.Token{Access: "a", Expires: now.Add(time.Minute)}, true},
		"five seconds left":        {&oauth.Token{Access: "a", Expires: now.Add(5 * time.Second)}, false},
		"issued in 2040":           {&oauth.Token{Access: "a", Issued: now.AddDate(14, 0, 0), Expires: now.AddDate(14, 0, 1)}, false},
		"issued a second from now": {&oauth.Token{Access: "a", Issued: now.Add(time.Second)}, true},
	} {
		if got := tt.token.Valid(now); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// jwt verifies a compact token with the key and returns header and claims.
func jwt(t *testing.T, text string, key crypto.PublicKey) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	raw := make([][]byte, 3)
	for i, p := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			t.Fatal(err)
		}
	}
	if json.Unmarshal(raw[0], &header) != nil || json.Unmarshal(raw[1], &claims) != nil {
		t.Fatal("no JSON")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch key := key.(type) {
	case *rsa.PublicKey:
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw[2]); err != nil || header["alg"] != "RS256" {
			t.Errorf("signature: %v, %v", err, header)
		}
	case *ecdsa.PublicKey:
		r, s := new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])
		if !ecdsa.Verify(key, digest[:], r, s) || header["alg"] != "ES256" {
			t.Errorf("signature does not verify, %v", header)
		}
	}
	return header, claims
}

// The server wants a nonce: the second request has another proof and another assertion, and what it
// learnt serves the next one at once.
func TestDPoPAndAssertion(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	proofKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	nonce := map[string]string{"DPoP-Nonce": "nonce-1"}
	e := &endpoint{answers: []answer{{400, `{"error":"use_dpop_nonce"}`, nonce}, {200, `{"access_token":"bound","token_type":"DPoP","expires_in":3600}`, nonce}}}
	c := newClient(e, custom())
	c.Secret, c.Key, c.KeyID, c.ProofKey = nil, rsaKey, "kid-1", proofKey
	token, err := c.ClientCredentials(t.Context())
	if err != nil || token.Type != "DPoP" {
		t.Fatal(token, err)
	}
	if _, err := c.ClientCredentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(e.requests) != 3 {
		t.Fatalf("%d requests, want 3: the nonce is remembered", len(e.requests))
	}
	ids := map[any]bool{}
	for i, r := range e.requests {
		header, claims := jwt(t, r["client_assertion"], &rsaKey.PublicKey)
		if header["kid"] != "kid-1" || claims["aud"] != "https://as.example.com/token" || claims["iss"] != "client" || claims["sub"] != "client" {
			t.Errorf("assertion %v %v", header, claims)
		}
		ids[claims["jti"]] = true
		header, claims = jwt(t, r["header Dpop"], &proofKey.PublicKey)
		jwk, _ := header["jwk"].(map[string]any)
		if header["typ"] != "dpop+jwt" || claims["htm"] != "POST" || claims["htu"] != "https://as.example.com/token" || jwk["d"] != nil || jwk["crv"] != "P-256" {
			t.Errorf("proof %v %v", header, claims)
		}
		if want := map[int]any{0: nil, 1: "nonce-1", 2: "nonce-1"}[i]; claims["nonce"] != want {
			t.Errorf("request %d has nonce %v, want %v", i, claims["nonce"], want)
		}
		ids[claims["jti"]] = true
	}
	if len(ids) != 6 {
		t.Errorf("%d different jti in 6 tokens", len(ids))
	}
	var proofs []string
	for range 2 {
		r := httptest.NewRequest("", "https://acme.okta.com/api/v1/users?limit=1#x", nil)
		r.Method = ""
		if err := c.AuthorizeRequest(r, token); err != nil {
			t.Fatal(err)
		}
		_, claims := jwt(t, r.Header.Get("DPoP"), &proofKey.PublicKey)
		sum := sha256.Sum256([]byte("bound"))
		if r.Header.Get("Authorization") != "DPoP bound" || claims["htu"] != "https://acme.okta.com/api/v1/users" || claims["htm"] != "GET" || claims["ath"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
			t.Errorf("%v, %v", r.Header, claims)
		}
		proofs = append(proofs, r.Header.Get("DPoP"))
	}
	if proofs[0] == proofs[1] {
		t.Error("one proof for two requests")
	}
}

// A server that asks for a nonce again and again gets two requests.
func TestNonceForEver(t *testing.T) {
	proofKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	e := &endpoint{answers: []answer{{400, `{"error":"use_dpop_nonce"}`, map[string]string{"DPoP-Nonce": "a"}}, {400, `{"error":"use_dpop_nonce"}`, map[string]string{"DPoP-Nonce": "b"}}}}
	c := newClient(e, custom())
	c.ProofKey = proofKey
	if _, err := c.ClientCredentials(t.Context()); !errors.Is(err, autherr.ErrConfig) || len(e.requests) != 2 {
		t.Errorf("%v after %d requests", err, len(e.requests))
	}
}

func TestKeys(t *testing.T) {
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	odd, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	for name, key := range map[string]crypto.Signer{"RSA of 1024 bits": small, "P-224": odd} {
		e := &endpoint{}
		c := newClient(e, custom())
		c.Key = key
		if _, err := c.ClientCredentials(t.Context()); !errors.Is(err, autherr.ErrConfig) || len(e.requests) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDevice(t *testing.T) {
	const begin = `{"device_code":"device-secret","user_code":"ABCD-EFGH","verification_uri":"https://as.example.com/device","expires_in":600}`
	pending, slow := answer{400, `{"error":"authorization_pending"}`, nil}, answer{400, `{"error":"slow_down"}`, nil}
	for _, tt := range []struct {
		name  string
		polls []answer
		want  error
		after time.Duration
	}{
		{"granted", []answer{pending, slow, pending, {200, tokenAnswer, nil}}, nil, 30 * time.Second}, // 5, 5, 10, 10
		{"an outage between", []answer{{}, {503, "", nil}, {200, tokenAnswer, nil}}, nil, 35 * time.Second},
		{"refused", []answer{pending, {400, `{"error":"access_denied"}`, nil}}, autherr.ErrExchangeRefused, 10 * time.Second},
		{"expired", []answer{{400, `{"error":"expired_token"}`, nil}}, autherr.ErrPassCodeNeeded, 5 * time.Second},
		{"never decided", []answer{pending}, autherr.ErrPassCodeNeeded, 10 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := &endpoint{answers: append([]answer{{200, begin, nil}}, tt.polls...)}
			c := newClient(e, custom())
			d, err := c.Device(t.Context())
			if err != nil || d.UserCode != "ABCD-EFGH" || d.URL != "https://as.example.com/device" || strings.Contains(fmt.Sprintf("%+v %#v", d, *d), "device-secret") {
				t.Fatal(d, err)
			}
			start := time.Now()
			_, err = c.AwaitDevice(t.Context(), d)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
			if took := time.Since(start); took != tt.after {
				t.Errorf("%s: after %s, want %s", tt.name, took, tt.after)
			}
		})
	}
}

func TestDeviceAnswers(t *testing.T) {
	for _, body := range []string{`{}`, `x`, `{"device_code":"d","user_code":"u"}`, `{"device_code":"d","user_code":"u","verification_uri":"http://evil.example"}`,
		`{"device_code":"d","user_code":"u","verification_uri":"javascript:alert(1)"}`, `{"device_code":"d","user_code":"","verification_uri":"https://as.example.com"}`} {
		e := &endpoint{answers: []answer{{200, body, nil}}}
		if d, err := newClient(e, custom()).Device(t.Context()); !errors.Is(err, autherr.ErrBadAnswer) {
			t.Errorf("%s: %v, %v", body, d, err)
		}
	}
}

func TestRevoke(t *testing.T) {
	e := &endpoint{answers: []answer{{200, "", nil}}}
	c := newClient(e, custom())
	if err := c.Revoke(t.Context(), &oauth.Token{Access: "a", Refresh: "r"}); err != nil || e.requests[0]["token"] != "r" || e.requests[0]["token_type_hint"] != "refresh_token" {
		t.Errorf("%v, %v", err, e.requests)
	}
	e.answers = []answer{{503, "", nil}}
	if err := c.Revoke(t.Context(), &oauth.Token{Access: "a"}); !errors.Is(err, autherr.ErrUnreachable) {
		t.Errorf("an outage: %v", err)
	}
}

func TestNothingIsPrinted(t *testing.T) {
	token := oauth.Token{Access: "hunter2", Refresh: "hunter2"}
	a := oauth.Authorization{URL: "https://x/?state=hunter2", State: "hunter2", Verifier: "hunter2"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, v := range []any{token, &token, a, &a, []oauth.Token{token}, struct{ A oauth.Authorization }{a}} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
				t.Errorf("%s: %s", format, text)
			}
		}
	}

}
