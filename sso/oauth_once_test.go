package sso_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// While the store cannot be written to, the newest refresh token is in memory alone, and the stored one
// is spent: it is not presented again, which would end the grant.
func TestOAuthDiskStaysFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, opts, conn := newAuthServer(t)
		conn = elsewhere(conn)
		endedToken(t, s, opts, conn)
		full := *opts
		full.Store = fullStore{opts.Store.(*sso.MemoryStore)}
		c := open(t, conn, &full)
		for range 3 {
			if _, err := c.Token(t.Context(), 0); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * time.Hour)
		}
		if s.reuses != 0 || s.grants("refresh_token") != 3 {
			t.Errorf("%d refresh tokens came twice, %d refreshes", s.reuses, s.grants("refresh_token"))
		}
	})
}

// A code that was not sent is not spent: the server could not be reached, and the error says that it
// is safe to try again.
func TestOAuthCodeThatWasNotSent(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	opts.Authorize = nil
	page, err := open(t, conn, opts).AuthorizationURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn += ";OAuthVerifier='" + s.consent(page.URL) + "'"
	away := *opts
	away.Dial = fixtures.NewNet().Dial
	if _, err := open(t, conn, &away).Login(t.Context()); !errors.Is(err, sso.ErrUnreachable) || !sso.SafeToRetry(err) {
		t.Errorf("%v, safe to retry: %v", err, sso.SafeToRetry(err))
	}
	if _, err := open(t, conn, opts).Login(t.Context()); err != nil {
		t.Error(err)
	}
}

// A code is the same whether it comes alone or in its address: some servers end what it has brought
// when it comes twice.
func TestOAuthCodeInAnotherForm(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	opts.Authorize = nil
	page, err := open(t, conn, opts).AuthorizationURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := s.consent(page.URL)
	u, err := url.Parse(answer)
	if err != nil {
		t.Fatal(err)
	}
	s.change(func() {
		s.intercept = func(map[string]string) http.Handler { return http.HandlerFunc(http.NotFound) }
	})
	for _, verifier := range []string{answer, u.Query().Get("code")} {
		if _, err := open(t, conn+";OAuthVerifier='"+verifier+"'", opts).Login(t.Context()); err == nil {
			t.Error("signed in")
		}
	}
	if n := s.grants("authorization_code"); n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
}

// Of tokens that were given nobody knows whether they are good still: where the access token is not,
// the refresh token is used.
func TestOAuthGivenTokenHasEnded(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	opts.Authorize = nil
	refresh := "refresh-0-" + strings.Repeat("r", 20)
	s.change(func() { s.refresh[refresh] = &grant{since: time.Now(), used: time.Now()} })
	c := open(t, conn+";OAuthAccessToken=ended-long-ago;OAuthRefreshToken="+refresh, opts)
	for range 2 {
		if _, err := c.Session(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := s.grants("refresh_token"); n != 1 || s.reuses != 0 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

// What a server in trouble says of the grant is not believed: the refresh token is good afterwards.
func TestOAuthOutageIsNoRefusal(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	endedToken(t, s, opts, conn)
	for _, code := range []string{"invalid_grant", "invalid_client"} {
		s.change(func() {
			s.intercept = func(map[string]string) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, 503, code, "") })
			}
		})
		if _, err := open(t, conn, opts).Token(t.Context(), 0); !errors.Is(err, sso.ErrUnreachable) {
			t.Errorf("%s: %v", code, err)
		}
	}
	s.change(func() { s.intercept = nil })
	if _, err := open(t, conn, opts).Token(t.Context(), 0); err != nil {
		t.Error(err)
	}
}

// The same of OAuth 1.0a: a verifier that was not sent is not spent, and one that was is.
func TestOAuth1VerifierThatWasNotSent(t *testing.T) {
	j, _, opts, conn := oauth1World(t)
	if _, err := open(t, conn, opts).AuthorizationURL(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn += ";OAuthVerifier=verifier1"
	away := *opts
	away.Dial = fixtures.NewNet().Dial
	if _, err := open(t, conn, &away).Login(t.Context()); !errors.Is(err, sso.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	for range 2 {
		if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(strings.Join(j.calls, "\n"), "access-token"); n != 1 {
		t.Errorf("%d exchanges, want 1", n)
	}
}

// CloudId counts as it is given now, and not as it was when the token was obtained.
func TestOAuthCloudIDChanges(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.change(func() { s.api = nil })
	resp, err := open(t, conn+";CloudId=another", opts).HTTP().Get(s.site + "/rest/api/3/issue/A-1")
	if err == nil {
		resp.Body.Close()
	}
	for _, path := range s.api {
		if !strings.HasPrefix(path, "api.atlassian.com/ex/jira/another/") {
			t.Errorf("a request went to %s", path)
		}
	}
}
