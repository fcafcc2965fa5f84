package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// labOrg is one of the simulated organisations.
type labOrg struct {
	*fixtures.Okta
	name, engine string // "oie", "IDX": as in commands and as in OktaEngine
	connection   func(props ...string) string
}

func (w *localWorld) orgs() []labOrg {
	return []labOrg{
		{w.Okta, "okta", "Classic", w.OktaConnection},
		{w.IDX, "oie", "IDX", w.IDXConnection},
	}
}

// scenario is one kind of sign-in that the lab offers.
type scenario struct{ title, connection string }

func (w *localWorld) scenarios() []scenario {
	var all []scenario
	for _, org := range w.orgs() {
		all = append(all, w.scenariosAt(org)...)
	}
	return append(all, scenario{"Crowd", w.CrowdConnection("SSLServerCert=" + w.ca)})
}

func (w *localWorld) scenariosAt(org labOrg) []scenario {
	connection := func(user string, more ...string) string {
		return org.connection(append([]string{"User=" + user, "SSLServerCert=" + w.ca}, more...)...)
	}
	title := func(text string) string { return "Okta " + org.engine + ": " + text }
	var all []scenario
	for _, s := range fixtures.Scenarios() {
		if !s.On(org.engine) {
			continue
		}
		text, props := s.Shows, []string{}
		if s.MFAType != "" {
			props = append(props, "MFAType="+s.MFAType)
		}
		switch name(s.Login) {
		case "passwordonly":
			text = "password only"
		case "devices":
			text += ", one of them named"
			props = append(props, "MFADevice=Home phone")
		case "webauthn":
			text += " (exit 9)"
		}
		all = append(all, scenario{title(text), connection(s.Login, props...)})
		if seed := seedOf(org, s); seed != "" {
			all = append(all, scenario{title(text + ", computed"), connection(s.Login, append(props, "MFASecret="+seed)...)})
		}
	}
	if org.engine == "IDX" {
		all = append(all, scenario{title("Okta FastPass only, an app for managed devices (exit 9)"),
			connection("push@example.com", "SSOLoginURL="+org.AppLink(fixtures.ManagedApp))})
	}
	return append(all, scenario{title("wrong password (exit 3; the second time nothing is sent)"), connection("passwordonly@example.com", "Password=wrong")})
}

// seedOf is the seed of a user's authenticator app, "" if there is none.
func seedOf(org labOrg, s fixtures.Scenario) string {
	for _, f := range s.Add {
		if f.Type != fixtures.FactorTOTP {
			continue
		}
		if f.Provider == "" {
			return org.TOTPSecret(s.Login)
		}
		return org.TOTPSecret(s.Login, f.Provider)
	}
	return ""
}

func printScenarios(out io.Writer, w *localWorld) {
	for _, s := range w.scenarios() {
		fmt.Fprintf(out, "# %s\nssoexchange cookies -c '%s'\n\n", s.title, strings.ReplaceAll(s.connection, "'", `'\''`))
	}
}

// labUsers are the users of the simulated servers, by the first part of the login.
func labUsers() []string {
	users := []string{name(fixtures.WorldUser)}
	for _, s := range fixtures.Scenarios() {
		users = append(users, name(s.Login))
	}
	return users
}

// name is the first part of a login, which stands for it in commands.
func name(login string) string {
	first, _, _ := strings.Cut(login, "@")
	return first
}

// labFactors are the second factors of a user.
func labFactors(login string) []fixtures.Factor {
	all := fixtures.Scenarios()
	i := slices.IndexFunc(all, func(s fixtures.Scenario) bool { return s.Login == login })
	if i < 0 {
		return nil
	}
	return all[i].Add
}
