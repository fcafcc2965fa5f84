package sso_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/loginform"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	formHost = "idp.example.com"
	formSeed = "JBSWY3DPEHPK3PXP"
)

// formWorld is a [world] whose Jira trusts a simulated identity provider with a login form, too.
// connection returns the connection string of its user, with props in place of its own.
func formWorld(t *testing.T, product string) (w *fixtures.World, s *loginform.Server, opts *sso.Options,
	connection func(props ...string) string) {
	t.Helper()
	w, opts, ca := world(t)
	s = loginform.New(product, "https://"+formHost)
	s.TrustSP(w.Jira.EntityID(), w.Jira.ACS())
	s.AddUser(loginform.User{Name: w.User, Password: w.Password})
	s.AddUser(loginform.User{Name: "totp@example.com", Password: w.Password, Seed: formSeed})
	w.Net.Handle(formHost, s)
	w.Jira.TrustIdP(s.Metadata(), product)
	return w, s, opts, func(props ...string) string {
		return w.OktaConnection(append([]string{"AuthScheme=" + product, "SSOLoginURL=" + s.LoginURL(), ca},
			props...)...)
	}
}

var formProducts = []string{"ADFS", "Keycloak", "Shibboleth", "CAS"}

// Each product signs in with one password; when Jira's session has ended its own session is
// enough, in another process too; and when both have, the password is sent again.
func TestLoginForms(t *testing.T) {
	for _, product := range formProducts {
		t.Run(product, func(t *testing.T) {
			w, s, opts, connection := formWorld(t, product)
			for _, tt := range []struct {
				name      string
				before    func()
				passwords int
			}{
				{"cold", func() {}, 1},
				{"Jira's session has ended", func() { w.Jira.EndSessions(w.User) }, 1},
				{"both have", func() { w.Jira.EndSessions(w.User); s.EndSessions() }, 2},
			} {
				tt.before()
				session, err := open(t, connection(), opts).Session(t.Context())
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				if session.User != w.User || s.Count("password") != tt.passwords || s.Count("refused") != 0 {
					t.Errorf("%s: user %q, events %+v", tt.name, session.User, s.Events())
				}
			}
		})
	}
}

// A sign-in takes at most six requests, the proof of the session included, and four while the
// identity provider's session lasts.
func TestLoginFormRequests(t *testing.T) {
	w, _, opts, connection := formWorld(t, "Keycloak")
	if _, err := open(t, connection(), opts).Session(t.Context()); err != nil { // learns where to start
		t.Fatal(err)
	}
	w.Jira.EndSessions(w.User)
	w.Net.Reset()
	if _, err := open(t, connection(), opts).Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := walked(w)
	for len(got) > 0 && strings.HasSuffix(got[0], "/rest/api/2/myself") {
		got = got[1:] // what found that the stored session had ended
	}
	if len(got) > 4 {
		t.Errorf("%d requests with a live session:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// A refused password is remembered: not sent again by whoever has this state.
func TestLoginFormRefusal(t *testing.T) {
	for _, product := range formProducts {
		t.Run(product, func(t *testing.T) {
			_, s, opts, connection := formWorld(t, product)
			for range 3 {
				_, err := open(t, connection("Password=wrong"), opts).Session(t.Context())
				if !errors.Is(err, sso.ErrCredentials) {
					t.Fatal(err)
				}
			}
			if s.Count("password") != 1 {
				t.Errorf("events %+v", s.Events())
			}
		})
	}
}

// A code can be computed, or come in a second run, which sends no password.
func TestLoginFormCodes(t *testing.T) {
	for _, product := range formProducts {
		t.Run(product, func(t *testing.T) {
			_, s, opts, connection := formWorld(t, product)
			conn := connection("User=totp@example.com")
			if _, err := open(t, conn, opts).Session(t.Context()); !errors.Is(err, sso.ErrPassCodeNeeded) {
				t.Fatal(err)
			}
			if _, err := open(t, conn+"MFAPassCode="+formCode(t), opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if s.Count("password") != 1 || s.Count("code") != 1 || s.Count("refused") != 0 {
				t.Errorf("events %+v", s.Events())
			}
			_, s, opts, connection = formWorld(t, product)
			if _, err := open(t, connection("User=totp@example.com", "MFASecret="+formSeed),
				opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if s.Count("password") != 1 || s.Count("code") != 1 {
				t.Errorf("events %+v", s.Events())
			}
		})
	}
}

// What no client can do is found before the password leaves, and an outage is no refusal.
func TestLoginFormLimits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*loginform.Server)
		kind   error
	}{
		{"captcha", func(s *loginform.Server) { s.SetCaptcha(true) }, sso.ErrUnsupported},
		{"outage", func(s *loginform.Server) { s.SetDown(true) }, sso.ErrUnreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, s, opts, connection := formWorld(t, "CAS")
			tt.change(s)
			if _, err := open(t, connection(), opts).Session(t.Context()); !errors.Is(err, tt.kind) {
				t.Errorf("error %v", err)
			}
			if s.Count("password") != 0 {
				t.Errorf("events %+v", s.Events())
			}
			s.SetCaptcha(false)
			s.SetDown(false)
			if _, err := open(t, connection(), opts).Session(t.Context()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// An identity provider behind another one sees the password only if the configuration says so.
func TestLoginFormBehindAnother(t *testing.T) {
	w, s, opts, connection := formWorld(t, "Keycloak")
	w.Net.Handle("front.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, s.LoginURL()+"?"+r.URL.RawQuery, http.StatusFound)
	}))
	front := "SSOLoginURL=https://front.example.com/sso"
	for _, tt := range []struct {
		name, property string
		kind           error
		passwords      int
	}{
		{"unknown host", "", sso.ErrConfig, 0},
		{"visited only", "SSOHosts=" + formHost, sso.ErrConfig, 0},
		{"may see it", "SSOSecretHosts=" + formHost, nil, 1},
	} {
		_, err := open(t, connection(front, tt.property), opts).Session(t.Context())
		if !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if s.Count("password") != tt.passwords {
			t.Errorf("%s: events %+v", tt.name, s.Events())
		}
	}
}

// Doctor tells what would be filled in, and sends nothing.
func TestDiagnoseLoginForm(t *testing.T) {
	_, s, opts, connection := formWorld(t, "Keycloak")
	var found *sso.Finding
	open(t, connection(), opts).Diagnose(t.Context(), func(f sso.Finding) {
		if f.Check == "idp.form" {
			found = &f
		}
	})
	if found == nil || found.Status != sso.FindingOK || !strings.Contains(found.Message,
		`user in "username", password in "password", pressed in "login"`) {
		t.Errorf("finding %+v", found)
	}
	if s.Count("password") != 0 {
		t.Errorf("events %+v", s.Events())
	}
}

// Values that cannot work are refused before anything is sent.
func TestLoginFormConfig(t *testing.T) {
	const base = "AuthScheme=Keycloak;URL=https://jira.example.com;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;" +
		"User=ana;Password=x;SSOLoginURL=https://idp.example.com/;"
	for text, property := range map[string]string{
		"SSOChoose='=x'":       "SSOChoose",
		"SSOHosts=a/b":         "SSOHosts",
		"SSOSecretHosts=http:": "SSOSecretHosts",
		"SSOFlow=IdPInitiated": "SSOLoginURL",
		"MFAMailbox=imaps://ana@mail.example.com;MFAMailboxPassword=x": "MFAMailboxFrom",
	} {
		_, err := sso.ParseConfig(base + text)
		var bad *sso.ConfigError
		if !errors.As(err, &bad) || bad.Property != property {
			t.Errorf("%s: %v", text, err)
		}
	}
	c, err := sso.ParseConfig(strings.Replace(base, "Keycloak", "lemonldap-ng", 1) +
		"SSOChoose='sf=totp;lmAuth=2';SSODomain=CORP")
	if err != nil || c.Scheme != "LemonLDAP" || c.Form.Choose != "sf=totp;lmAuth=2" {
		t.Errorf("%v, %v", c, err)
	}
}

// formCode is the code of this moment.
func formCode(t *testing.T) string {
	t.Helper()
	code, err := totp.GenerateCode(formSeed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}
