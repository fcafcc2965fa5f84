package sso_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// A person consents once. After that the access token is renewed when it ends, by one request each
// time; it goes to the gateway and never to the site's own host.
func TestOAuthCloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, opts, conn := newAuthServer(t)
		conn = elsewhere(conn)
		c := open(t, conn, opts)
		session, err := c.Session(t.Context())
		if err != nil || session.User != "ana@example.com" || session.HasCookies() {
			t.Fatalf("%v, %v", session, err)
		}
		for range 10 {
			resp, err := c.HTTP().Get(s.site + "/rest/servicedeskapi/request/HELP-1?expand=status")
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 200 || !strings.Contains(string(body), "/rest/servicedeskapi/request/HELP-1") {
				t.Fatalf("%d %s", resp.StatusCode, body)
			}
			time.Sleep(25 * time.Minute)
		}
		if code, refresh := s.grants("authorization_code"), s.grants("refresh_token"); code != 1 || refresh != 3 {
			t.Errorf("%d codes, %d refreshes, want 1 and 3", code, refresh)
		}
		for _, r := range s.net.Requests() {
			if r.Host == "acme.atlassian.net" && r.Header.Get("Authorization") != "" {
				t.Errorf("the token went to %s%s", r.Host, r.Path)
			}
		}
		// A whole address of the gateway is taken, and nobody else's.
		gateway := "https://api.atlassian.com/ex/jira/"
		for address, want := range map[string]bool{
			gateway + testCloudID + "/rest/api/3/issue/A-1":       true,
			gateway + "other/rest/api/3/myself":                   false,
			gateway + testCloudID + "/../other/rest/api/3/myself": false,
			gateway + testCloudID + "/%2e%2e/other/rest":          false,
			"https://api.atlassian.com/oauth/token":               false,
			"https://example.com/":                                false,
			s.site + "/../../ex/jira/other":                       false,
			"http://acme.atlassian.net/rest/api/3/myself":         false,
		} {
			resp, err := c.HTTP().Get(address)
			if (err == nil) != want {
				t.Errorf("%s: %v", address, err)
			}
			if err == nil {
				resp.Body.Close()
			}
		}
	})
}

// What is stored serves every process, and a live token needs no request at all.
func TestOAuthTokenMakesNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, opts, conn := newAuthServer(t)
		conn = elsewhere(conn)
		first, err := open(t, conn, opts).Token(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		s.net.Reset()
		again, err := open(t, conn, opts).Token(t.Context(), 0)
		if err != nil || again.AccessToken != first.AccessToken || again.RefreshToken != "" {
			t.Fatalf("another token, or %v", err)
		}
		if n := len(s.net.Requests()); n != 0 {
			t.Errorf("%d requests for a live token", n)
		}
		time.Sleep(2 * time.Hour)
		renewed, err := open(t, conn, opts).Token(t.Context(), 0)
		if err != nil || renewed.AccessToken == first.AccessToken {
			t.Fatalf("%v", err)
		}
		if n := len(s.net.Requests()); n != 1 {
			t.Errorf("%d requests for a refresh, want 1", n)
		}
		// With so much life left wanted, it is renewed ahead.
		if ahead, err := open(t, conn, opts).Token(t.Context(), 59*time.Minute+40*time.Second); err != nil || ahead.AccessToken != renewed.AccessToken {
			t.Errorf("a fresh one: %v", err)
		}
		time.Sleep(10 * time.Minute)
		if ahead, err := open(t, conn, opts).Token(t.Context(), 55*time.Minute); err != nil || ahead.AccessToken == renewed.AccessToken {
			t.Errorf("ahead: %v", err)
		}
	})
}

// Without anybody to ask the need for consent is an error, and nothing was sent.
func TestOAuthNeedsConsent(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	opts.Authorize = nil
	_, err := open(t, conn, opts).Session(t.Context())
	if !errors.Is(err, sso.ErrPassCodeNeeded) || len(s.net.Requests()) != 0 {
		t.Errorf("%v, %d requests", err, len(s.net.Requests()))
	}
}

// The web flow: the address is made here, the answer comes later and in another process.
func TestOAuthVerifier(t *testing.T) {
	for name, answerOf := range map[string]func(address string) string{
		"the whole address": func(a string) string { return a },
		"the bare code": func(a string) string {
			_, code, _ := strings.Cut(a, "code=")
			code, _, _ = strings.Cut(code, "&")
			return code
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			opts.Authorize = nil
			page, err := open(t, conn, opts).AuthorizationURL(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			answer := answerOf(s.consent(page.URL))
			for range 3 { // it is given with each call, and spent by the first
				if _, err := open(t, conn+";OAuthVerifier='"+answer+"'", opts).Login(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.grants("authorization_code"); n != 1 {
				t.Errorf("the code was sent %d times", n)
			}
		})
	}
}

// The answer to another authorization is not spent.
func TestOAuthVerifierOfAnother(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	opts.Authorize = nil
	c := open(t, conn, opts)
	first, err := c.AuthorizationURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AuthorizationURL(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, conn+";OAuthVerifier='"+s.consent(first.URL)+"'", opts).Login(t.Context())
	if !errors.Is(err, sso.ErrBadAnswer) || s.grants("authorization_code") != 0 {
		t.Errorf("%v, %d exchanges", err, s.grants("authorization_code"))
	}
}

// A wrong secret of the application is sent once, whoever asks.
func TestOAuthClientSecretIsRefusedOnce(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	conn = strings.Replace(conn, "AuthScheme=OAuth;", "AuthScheme=OAuthClient;", 1)
	wrong := strings.Replace(conn, s.secret, "last year's", 1)
	for range 3 {
		if _, err := open(t, wrong, opts).Session(t.Context()); !errors.Is(err, sso.ErrCredentials) || strings.Contains(err.Error(), "last year's") {
			t.Errorf("%v", err)
		}
	}
	if n := s.grants("client_credentials"); n != 1 {
		t.Errorf("it was sent %d times", n)
	}
	session, err := open(t, conn, opts).Session(t.Context())
	if err != nil || session.User != "ana@example.com" {
		t.Errorf("the right one: %v, %v", session, err)
	}
}

// Logout forgets the token; what was asked for by a cancelled context is an error of that.
func TestOAuthLogout(t *testing.T) {
	_, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	c := open(t, conn, opts)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.EndSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	opts.Authorize = func(ctx context.Context, _ sso.AuthorizationPage) (string, error) { return "", context.Canceled }
	if _, err := open(t, conn, opts).Session(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A refusal by the API that is no matter of the token does not renew it (reports 6, 9 and 18).
func TestOAuthForbiddenNeverRenews(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	c := open(t, conn, opts)
	for range 5 {
		resp, err := c.HTTP().Get(s.site + "/rest/api/3/denied")
		if err != nil || resp.StatusCode != http.StatusForbidden {
			t.Fatalf("%v", err)
		}
		resp.Body.Close()
	}
	if n := s.grants("refresh_token"); n != 0 {
		t.Errorf("%d refreshes", n)
	}
}

// A token that the server has ended early is renewed when it is refused: once, and the request is
// sent again.
func TestOAuthRevokedEarly(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	c := open(t, conn, opts)
	for range 3 {
		resp, err := c.HTTP().Get(s.site + "/rest/api/3/myself")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v", err)
		}
		resp.Body.Close()
		s.expireAll()
	}
	if n := s.grants("refresh_token"); n != 2 {
		t.Errorf("%d refreshes, want 2", n)
	}
}

// doctor looks at both servers and at the gateway, and asks for nothing that needs a secret.
func TestOAuthDiagnose(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	found := map[string]sso.FindingStatus{}
	open(t, conn, opts).Diagnose(t.Context(), func(f sso.Finding) { found[f.Check] = f.Status })
	for _, check := range []string{"secrets", "idp.tls", "sp.tls", "gateway.tls", "sp.cloud", "session"} {
		if found[check] != sso.FindingOK {
			t.Errorf("%s: %q", check, found[check])
		}
	}
	for _, r := range s.net.Requests() {
		if r.Method == http.MethodPost || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s%s", r.Method, r.Host, r.Path)
		}
	}
}

// Redirects within the API are followed with the token, and those that leave it are not.
func TestOAuthRedirects(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	c := open(t, elsewhere(conn), opts)
	for to, want := range map[string]int{
		"https://api.atlassian.com/ex/jira/" + testCloudID + "/rest/api/3/issue/A-2": http.StatusOK,
		"https://acme.atlassian.net/rest/api/3/issue/A-2":                            http.StatusOK,
		"https://api.media.atlassian.com/file/1":                                     http.StatusFound,
		"https://api.atlassian.com/ex/jira/other/rest/api/3/issue/A-2":               http.StatusFound,
	} {
		s.change(func() { s.redirect = to })
		resp, err := c.HTTP().Get(s.site + "/rest/api/3/redirect")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("to %s: %d, want %d", to, resp.StatusCode, want)
		}
	}
}

// A site that does not answer costs no token: what was granted is stored, and completed when the site
// is back.
func TestOAuthSiteIsAway(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	away := true
	s.net.Intercept(func(host string, _ *http.Request) http.Handler {
		if away && host == "api.atlassian.com" {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		}
		return nil
	})
	if _, err := open(t, conn, opts).Session(t.Context()); !errors.Is(err, sso.ErrUnreachable) {
		t.Fatalf("%v", err)
	}
	away, opts.Authorize = false, nil
	if session, err := open(t, conn, opts).Session(t.Context()); err != nil || session.User != "ana@example.com" {
		t.Fatalf("%v, %v", session, err)
	}
	s.net.Reset()
	if _, err := open(t, conn, opts).Token(t.Context(), 0); err != nil || len(s.net.Requests()) != 0 {
		t.Errorf("%v, %d requests", err, len(s.net.Requests()))
	}
	if code, refresh := s.grants("authorization_code"), s.grants("refresh_token"); code != 1 || refresh != 0 {
		t.Errorf("%d codes and %d refreshes", code, refresh)
	}
}
