package main

import (
	"fmt"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/loginform"
)

type formKey struct{}

// setupLoginForm adds a simulated Keycloak, which Jira trusts and whose users have the passwords
// of all others.
func setupLoginForm(env *testscript.Env, w *fixtures.World, host, ca string) {
	s := loginform.New("Keycloak", "https://"+host)
	s.TrustSP(w.Jira.EntityID(), w.Jira.ACS())
	s.AddUser(loginform.User{Name: w.User, Password: w.Password})
	s.AddUser(loginform.User{Name: "totp@example.com", Password: w.Password,
		Seed: w.Okta.TOTPSecret("totp@example.com")})
	w.Net.Handle(host, s)
	w.Jira.TrustIdP(s.Metadata(), "Keycloak")
	env.Values[formKey{}] = s
	env.Setenv("KEYCLOAK", fmt.Sprintf("AuthScheme=Keycloak;URL=%s;SSOLoginURL=%s;SSOExchangeURL=%s;SSLServerCert=%s;",
		w.Jira.BaseURL(), s.LoginURL(), w.Jira.ACS(), ca))
	env.Setenv("ANA", w.User)
}

// operateLoginForm operates it: "idp captcha|down on|off", and "idp password|code|refused N", which
// fails unless there were N of those.
func operateLoginForm(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(formKey{}).(*loginform.Server)
	if len(args) != 2 {
		ts.Fatalf("usage: idp captcha|down on|off; idp password|code|refused N")
	}
	switch args[0] {
	case "captcha":
		s.SetCaptcha(args[1] == "on")
	case "down":
		s.SetDown(args[1] == "on")
	default:
		if want, err := strconv.Atoi(args[1]); err != nil || s.Count(args[0]) != want {
			ts.Fatalf("%d of %s, want %s: %+v", s.Count(args[0]), args[0], args[1], s.Events())
		}
	}
}
