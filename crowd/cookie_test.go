package crowd_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

func TestTokenCookie(t *testing.T) {
	config := func(domain, secure, name string) http.HandlerFunc {
		return answer(200, "application/xml", "<cookie-config><domain>"+domain+"</domain><secure>"+secure+"</secure><name>"+name+"</name></cookie-config>")
	}
	host := cookiejar.Cookie{Name: "crowd.token_key", Domain: "crowd.example.com", Path: "/", HttpOnly: true, HostOnly: true}
	with := func(change func(*cookiejar.Cookie)) cookiejar.Cookie { c := host; change(&c); return c }
	tests := []struct {
		name   string
		config http.HandlerFunc
		want   cookiejar.Cookie
	}{
		{"domain with a dot", config(".example.com", "true", "crowd.token_key"), with(func(c *cookiejar.Cookie) { c.Domain, c.HostOnly, c.Secure = "example.com", false, true })},
		{"domain without", config("Example.com", "false", "crowd.token_key"), with(func(c *cookiejar.Cookie) { c.Domain, c.HostOnly = "example.com", false })},
		{"blank domain", config("", "false", "my.token"), with(func(c *cookiejar.Cookie) { c.Name = "my.token" })},
		{"localhost", config("localhost", "false", "crowd.token_key"), host},
		{"domain of somebody else", config("evil.example.net", "true", "crowd.token_key"), with(func(c *cookiejar.Cookie) { c.Secure = true })},
		{"public suffix", config(".com", "true", "crowd.token_key"), with(func(c *cookiejar.Cookie) { c.Secure = true })},
		{"no name", config("", "false", ""), host},
		{"not permitted", answer(403, "application/xml", refusal("APPLICATION_PERMISSION_DENIED")), host},
		{"not there", answer(404, "text/html", ""), host},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer()
			s.cookie = test.config
			s.console = page(200, responsePage(""))
			c := newClient(s)
			if _, err := c.SignIn(t.Context(), startHere()); err != nil {
				t.Fatal(err)
			}
			if got := s.last(crowd.Suffix).header.Get("Cookie"); got != test.want.Name+"="+token {
				t.Errorf("console was shown %q", got)
			}
			got := remembered(t, c)
			if len(got) != 1 {
				t.Fatalf("%d cookies, want 1: %v", len(got), got)
			}
			k := got[0]
			k.Value, k.Created = "", test.want.Created
			if k != test.want {
				t.Errorf("cookie is %+v, want %+v", k, test.want)
			}
		})
	}
}

func TestCookieConfigThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		config  http.HandlerFunc
		wantErr error
	}{
		"name that adds a cookie": {answer(200, "application/xml", "<cookie-config><name>a=b; c</name></cookie-config>"), autherr.ErrBadAnswer},
		"not XML":                 {answer(200, "text/html", "<html>"), autherr.ErrBadAnswer},
		"server error":            {answer(502, "", ""), autherr.ErrUnreachable},
	} {
		s := newServer()
		s.cookie = test.config
		if _, err := newClient(s).SignIn(t.Context(), startHere()); !errors.Is(err, test.wantErr) {
			t.Errorf("%s: error %v, want %v", name, err, test.wantErr)
		}
	}
}

func TestCrowdReplacesTheToken(t *testing.T) {
	s := newServer()
	s.console = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", `crowd.token_key="renewed00"; Path=/; HttpOnly`)
		w.Write([]byte(responsePage("")))
	}
	c := newClient(s)
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if err := c.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.count("DELETE", "/session/renewed00"); n != 1 {
		t.Error("the token that Crowd put in place of the first is not the one that was ended")
	}
}

func TestCrowdEndsTheToken(t *testing.T) {
	s := newServer()
	s.console = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "crowd.token_key=; Path=/; Domain=example.com; Max-Age=0")
		w.Write([]byte(responsePage("")))
	}
	c := newClient(s)
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if got := remembered(t, c); len(got) != 0 {
		t.Errorf("cookies left: %v", got)
	}
	if err := c.SignOut(t.Context()); err != nil || s.count("DELETE", "") != 0 {
		t.Errorf("signing out asked Crowd to end a token that it had ended (%v)", err)
	}
}

func TestSignOut(t *testing.T) {
	for _, test := range []struct {
		name    string
		end     http.HandlerFunc
		wantErr error
	}{
		{"ended", answer(204, "", ""), nil},
		{"not known any more", answer(404, "application/xml", refusal("INVALID_SSO_TOKEN")), nil},
		{"no body", answer(200, "", " "), nil},
		{"a 404 of somebody else", answer(404, "text/html", "<title>Not found</title>"), autherr.ErrUnreachable},
		{"maintenance with 200", answer(200, "text/html", "<title>Maintenance</title>"), autherr.ErrUnreachable},
		{"maintenance with 202", answer(202, "application/json", "{}"), autherr.ErrUnreachable},
		{"maintenance with 403", answer(403, "text/html", "<title>Maintenance</title>"), autherr.ErrUnreachable},
		{"maintenance by a redirect", redirect("/maintenance.html"), autherr.ErrUnreachable},
		{"maintenance with 503", answer(503, "text/html", "<title>Maintenance</title>"), autherr.ErrUnreachable},
		{"caller's address", answer(403, "text/html", `Client with address "192.0.2.1" is forbidden`), autherr.ErrConfig},
		{"application refused", answer(401, "text/plain", "Application failed to authenticate"), autherr.ErrCredentials},
		{"server error", answer(500, "application/xml", "<error><reason>OPERATION_FAILED</reason><message>cannot end "+token+"</message></error>"), autherr.ErrUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer()
			s.end = test.end
			c := newClient(s)
			if err := c.SignOut(t.Context()); err != nil || len(s.seen) != 0 {
				t.Fatalf("signing out without a token: %v, %d requests", err, len(s.seen))
			}
			if _, err := c.SignIn(t.Context(), startHere()); err != nil {
				t.Fatal(err)
			}
			err := c.SignOut(t.Context())
			if !errors.Is(err, test.wantErr) {
				t.Errorf("error %v, want %v", err, test.wantErr)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the error shows the token: %v", err)
			}
			if n := s.count("DELETE", "/rest/usermanagement/1/session/"+token); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
			if left := len(remembered(t, c)); (left > 0) != (err != nil) {
				t.Errorf("%d cookies left after error %v", left, err)
			}
			s.checkConfined(t)
		})
	}
}
