package oauth_test

import (
	"errors"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth"
)

func TestDiscover(t *testing.T) {
	const good = `{"issuer":"https://as.example.com/realm","authorization_endpoint":"https://as.example.com/a","token_endpoint":"https://as.example.com/t",
		"authorization_response_iss_parameter_supported":true,"token_endpoint_auth_methods_supported":["client_secret_post"]}`
	for _, tt := range []struct {
		name     string
		answers  []answer
		want     error
		requests int
	}{
		{"RFC 8414", []answer{{200, good, nil}}, nil, 1},
		{"OpenID Connect", []answer{{404, "", nil}, {200, good, nil}}, nil, 2},
		{"neither", []answer{{404, "", nil}}, autherr.ErrConfig, 2},
		{"another issuer", []answer{{200, `{"issuer":"https://evil.example","token_endpoint":"https://evil.example/t"}`, nil}}, autherr.ErrConfig, 1},
		{"http endpoints", []answer{{200, `{"issuer":"https://as.example.com/realm","token_endpoint":"http://as.example.com/t"}`, nil}}, autherr.ErrBadAnswer, 1},
		{"no token endpoint", []answer{{200, `{"issuer":"https://as.example.com/realm"}`, nil}}, autherr.ErrBadAnswer, 1},
		{"a page", []answer{{200, "<html>", nil}}, autherr.ErrBadAnswer, 1},
		{"an outage", []answer{{503, "", nil}}, autherr.ErrUnreachable, 1},
		{"a redirect", []answer{{302, "", map[string]string{"Location": "https://evil.example/"}}}, autherr.ErrConfig, 2},
	} {
		e := &endpoint{answers: tt.answers}
		p, err := oauth.Discover(t.Context(), parse(t, "https://as.example.com/realm"), &httpclient.Client{Server: "oauth", Transport: e})
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || len(e.requests) != tt.requests {
			t.Errorf("%s: %v after %d requests, want %v after %d", tt.name, err, len(e.requests), tt.want, tt.requests)
		}
		if err == nil && (p.TokenURL != "https://as.example.com/t" || !p.RequireIssuer || p.AuthStyle != oauth.InParams) {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
}

// Whatever the endpoint answers: no panic, an error without a line break, and a token that fits a header.
func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, tokenAnswer, "")
	f.Add(400, `{"error":"invalid_grant","error_description":"a\nb"}`, `Bearer error="x"`)
	f.Add(400, `{"errorCode":"E0000011","errorSummary":"x"}`, `DPoP error="a", error_description="b,c"`)
	f.Fuzz(func(t *testing.T, status int, body, challenge string) {
		if status < 100 || status > 599 {
			return
		}
		e := &endpoint{answers: []answer{{status, body, map[string]string{"Www-Authenticate": challenge}}}}
		token, err := newClient(e, custom()).Refresh(t.Context(), &oauth.Token{Refresh: "r"})
		if err == nil && token.Access == "" {
			t.Error("no error and no token")
		}
		var refused *oauth.Error
		if errors.As(err, &refused) && (len(refused.Error()) > 500 || !plain(refused.Error())) {
			t.Errorf("%q", refused.Error())
		}
	})
}

func plain(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return true
}

// Whatever is pasted as an answer: a code is spent only if it fits the authorization.
func FuzzAnswer(f *testing.F) {
	f.Add("code")
	f.Add("http://localhost/?code=x&state=y")
	f.Add("http://localhost/?error=access_denied&error_description=%0a")
	f.Fuzz(func(t *testing.T, text string) {
		e := &endpoint{answers: []answer{{200, tokenAnswer, nil}}}
		c := newClient(e, custom())
		a, err := c.Authorize()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exchange(t.Context(), a, text); err != nil && !plain(err.Error()) {
			t.Errorf("%q", err.Error())
		}
	})
}
