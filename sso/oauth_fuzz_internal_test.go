package sso

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth1"
)

// FuzzCloudID: whatever an authorization server lists, an id that is taken is one part of a path.
func FuzzCloudID(f *testing.F) {
	for _, seed := range []string{
		`[{"id":"1-2","url":"https://acme.atlassian.net","scopes":["read:jira-work"]}]`, `[]`, `{}`, `null`, `[{"id":"../x","url":"https://acme.atlassian.net"}]`,
		`[{"id":"a","url":"https://acme.atlassian.net"},{"id":"b","url":"https://acme.atlassian.net/"}]`, `{"cloudId":"1-2"}`, `{"cloudId":"a/b"}`, `[{"id":"%2e%2e","url":"https://ACME.atlassian.net:443"}]`,
	} {
		f.Add(seed)
	}
	site := &url.URL{Scheme: "https", Host: "acme.atlassian.net"}
	f.Fuzz(func(t *testing.T, body string) {
		id, err := cloudIDFor([]byte(body), site)
		for _, id := range []string{id, cloudIDIn(&httpclient.Response{Status: http.StatusOK, Body: []byte(body)})} {
			if strings.ContainsAny(id, "/?#%") || id == "." || id == ".." {
				t.Errorf("id %q", id)
			}
		}
		if err == nil && id == "" {
			t.Error("neither an id nor an error")
		}
		if name := textAt([]byte(body), "profile.login"); !strings.Contains(body, "login") && name != "" {
			t.Errorf("name %q", name)
		}
	})
}

// FuzzPlace: no request with a token leaves the API's place, whatever its address.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{
		"https://acme.atlassian.net/rest/api/3/myself?a=b", "https://acme.atlassian.net/../x", "https://api.atlassian.com/ex/jira/1-2/rest", "https://api.atlassian.com/ex/jira/1-2/../3/rest",
		"https://acme.atlassian.net/%2e%2e/%2E%2E/ex/jira/3", "https://acme.atlassian.net//evil.example.com/", "http://acme.atlassian.net/", "https://acme.atlassian.net@evil.example.com/", "https://acme.atlassian.net/a%2fb%5c..", "https://Api.Atlassian.Com/ex/jira/1-2/x",
	} {
		f.Add(seed)
	}
	p := place{site: &url.URL{Scheme: "https", Host: "acme.atlassian.net"}, api: &url.URL{Scheme: "https", Host: "api.atlassian.com", Path: "/ex/jira/1-2"}}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		r := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
		if p.put(r) != nil {
			return
		}
		if r.URL.Scheme != "https" || !strings.EqualFold(r.URL.Host, "api.atlassian.com") || !strings.HasPrefix(r.URL.EscapedPath(), "/ex/jira/1-2/") {
			t.Errorf("%q goes to %s", address, r.URL)
		}
		for part := range strings.SplitSeq(r.URL.Path, "/") {
			if part == ".." {
				t.Errorf("%q leads up: %s", address, r.URL)
			}
		}
	})
}

// FuzzKey: a file of a key is read or refused, and no error quotes it.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----", "0\x82\x01", "-----BEGIN X----- AAAA -----END X-----", "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, pfx bool) {
		key, err := parseKey(data, "secret", pfx, "*")
		if (key == nil) == (err == nil) {
			t.Errorf("%v, %v", key, err)
		}
		if err != nil && len(data) > 40 && strings.Contains(err.Error(), string(data[20:40])) {
			t.Errorf("the error quotes the key: %v", err)
		}
	})
}

// FuzzOAuthAnswers: what a person pastes, and what is stored or imported, is read or refused.
func FuzzOAuthAnswers(f *testing.F) {
	for _, seed := range []string{
		"verifier", "http://localhost:33333/?oauth_token=request&oauth_verifier=v", "http://localhost/?oauth_verifier=a&oauth_verifier=b&oauth_token=request", "https://x/?oauth_token=other&oauth_verifier=v",
		"http://localhost:33333/?oauth_token=request&oauth_verifier=denied", `{"token":{"access_token":"a"}}`, `{"token":{}}`, `{"token":{"access_token":"a","token_type":"DPoP"},"proof_key":"AAAA"}`, `{"memo":{"key":"AA=="}}`,
	} {
		f.Add(seed)
	}
	c := &Client{cfg: &Config{URL: &url.URL{Scheme: "https", Host: "jira.example.com"}}}
	f.Fuzz(func(t *testing.T, text string) {
		verifier, err := verifierOf(&oauth1.Temporary{Token: "request"}, text)
		if err == nil && strings.Contains(verifier, "://") {
			t.Errorf("verifier %q", verifier)
		}
		s := &oauthSource{client: c}
		if cred, err := s.Decode([]byte(text)); err == nil && cred.(*oauthToken).Token.Type == "DPoP" && cred.(*oauthToken).app.ProofKey == nil {
			t.Error("a bound token without its key")
		}
		_ = s.Restore([]byte(text)) // an error starts afresh
		if _, err := s.Snapshot(); err != nil {
			t.Error(err)
		}
	})
}
