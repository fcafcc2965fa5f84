package sso_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestLoginFresh: a wrong password is not called good because the identity provider's
// session lives, and that session survives the proof.
func TestLoginFresh(t *testing.T) {
	idp := func(w *fixtures.World) (posts int) {
		for _, r := range w.Net.Requests() {
			if r.Method == "POST" && (r.Path == "/api/v1/authn" || r.Path == "/idp/idx/identify" || r.Path == "/idp/idx/challenge/answer" ||
				r.Path == "/crowd/rest/usermanagement/1/session" || r.Path == "/crowd/console/j_security_check" || r.Path == "/crowd/console/login.action") {
				posts++
			}
		}
		return posts
	}
	okta := func(w *fixtures.World, password, ca string) string {
		return w.OktaConnection("User=passwordonly@example.com", "Password="+password, ca)
	}
	crowd := func(w *fixtures.World, password, ca string) string {
		return w.CrowdConnection("Password="+password, ca)
	}
	form := func(c *sso.Config) { c.SSOAppName, c.SSOAppPassword = "", sso.Secret{} }
	for _, tt := range []struct {
		name, engine string
		conn         func(w *fixtures.World, password, ca string) string
		edit         func(*sso.Config)
	}{
		{"Okta Classic", "Classic", okta, nil},
		{"Okta Identity Engine", "IDX", okta, nil},
		{"Okta, started at the SP", "Classic", okta, func(c *sso.Config) { c.SSOFlow = "SPInitiated" }},
		{"Crowd, REST", "", crowd, nil},
		{"Crowd, login form", "", crowd, form},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			if tt.engine != "" {
				w.Okta.SetEngine(tt.engine)
			}
			client := func(password string) *sso.Client {
				cfg, err := sso.ParseConfig(tt.conn(w, password, ca))
				if err != nil {
					t.Fatal(err)
				}
				if tt.edit != nil {
					tt.edit(cfg)
				}
				c, err := sso.OpenConfig(t.Context(), cfg, opts)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				return c
			}
			signIn := func(what, password string, f func(*sso.Client) (*sso.Session, error), tried bool, posts bool) {
				t.Helper()
				w.Net.Reset()
				s, err := f(client(password))
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if s.PasswordTried != tried || (idp(w) > 0) != posts {
					t.Errorf("%s: tried: %v, %d posts to the identity provider", what, s.PasswordTried, idp(w))
				}
			}
			login := func(c *sso.Client) (*sso.Session, error) { return c.Login(t.Context()) }
			fresh := func(c *sso.Client) (*sso.Session, error) { return c.LoginFresh(t.Context()) }
			session := func(c *sso.Client) (*sso.Session, error) { return c.Session(t.Context()) }

			signIn("the first", w.Password, login, true, true)
			signIn("a wrong password, by the session", "wrong", login, false, false)
			signIn("the stored session", "wrong", session, false, false)
			signIn("the right one, fresh", w.Password, fresh, true, true)
			if _, err := fresh(client("wrong")); !errors.Is(err, sso.ErrCredentials) {
				t.Fatalf("a wrong one, fresh: %v, want ErrCredentials", err)
			}
			w.Net.Reset()
			var before *sso.RefusedBeforeError
			if _, err := fresh(client("wrong")); !errors.As(err, &before) || idp(w) != 0 {
				t.Errorf("once more: %v after %d posts, want *RefusedBeforeError and none", err, idp(w))
			}
			signIn("the old session after the refusal", "wrong", login, false, false)

			// An outage at the identity provider loses the old session no more than a refusal.
			w.Net.Intercept(func(host string, _ *http.Request) http.Handler {
				if host != "jira.example.com" {
					return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
				}
				return nil
			})
			if _, err := fresh(client(w.Password)); err == nil {
				t.Error("signed in at an identity provider that is down")
			}
			w.Net.Intercept(nil)
			signIn("after an outage", "wrong", login, false, false)
		})
	}
}

// TestLoginFreshWithACode: the second run finishes what the first has begun, and knows
// that the password was tried then; no second message is sent.
func TestLoginFreshWithACode(t *testing.T) {
	for _, engine := range []string{"Classic", "IDX"} {
		t.Run(engine, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { freshWithACode(t, engine) }) })
	}
}

func freshWithACode(t *testing.T, engine string) {
	w, opts, ca := world(t)
	w.Okta.SetEngine(engine)
	conn := w.OktaConnection("User=sms@example.com", "MFAType=SMS", "MFARememberDevice=False", ca)
	phone := w.Okta.Phone("sms@example.com")
	for _, fresh := range [][2]bool{{false, false}, {true, true}, {true, false}} {
		run := func(c *sso.Client, fresh bool) (*sso.Session, error) {
			if fresh {
				return c.LoginFresh(t.Context())
			}
			return c.Login(t.Context())
		}
		before := phone.LastCode()
		if !fresh[0] {
			w.Okta.EndSessions("sms@example.com")
		}
		if _, err := run(open(t, conn, opts), fresh[0]); !errors.Is(err, sso.ErrPassCodeNeeded) {
			t.Fatalf("fresh %v: %v, want ErrPassCodeNeeded", fresh, err)
		}
		code := phone.LastCode()
		if code == before {
			t.Fatalf("fresh %v: no message was sent", fresh)
		}
		w.Net.Reset()
		second := open(t, conn, opts)
		second.PassCode(code)
		s, err := run(second, fresh[1])
		if err != nil {
			t.Fatalf("fresh %v: %v", fresh, err)
		}
		if !s.PasswordTried || phone.LastCode() != code || w.Net.Count("acme.okta.com", "POST", "/api/v1/authn") > 1 {
			t.Errorf("fresh %v: tried %v; %v", fresh, s.PasswordTried, walked(w))
		}
		time.Sleep(time.Minute) // Okta sends the next message after 30 s
	}
}

// TestLoginFreshKeepsTheDevice: the second factor is not asked for again on account of it.
func TestLoginFreshKeepsTheDevice(t *testing.T) {
	w, opts, ca := world(t)
	c := open(t, w.OktaConnection("User=totp@example.com", "MFAType=OktaVerifyTOTP", "MFASecret="+w.Okta.TOTPSecret("totp@example.com"), ca), opts)
	if _, err := c.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Net.Reset()
	s, err := c.LoginFresh(t.Context())
	if err != nil || !s.PasswordTried {
		t.Fatalf("tried: %v, %v", s != nil && s.PasswordTried, err)
	}
	if n := w.Net.Count("acme.okta.com", "POST", "/api/v1/authn/factors"); n != 0 {
		t.Errorf("%d posts to a factor, want none", n)
	}
}
