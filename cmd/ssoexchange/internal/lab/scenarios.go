package lab

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// Org is one of the simulated organisations.
type Org struct {
	*fixtures.Okta
	Name, Engine string // "oie", "IDX": as in commands and as in OktaEngine
	Connection   func(props ...string) string
}

// Orgs are the two organisations.
func (w *World) Orgs() []Org {
	return []Org{
		{w.Okta, "okta", "Classic", w.OktaConnection},
		{w.IDX, "oie", "IDX", w.IDXConnection},
	}
}

// Scenario is one kind of sign-in that the lab offers.
type Scenario struct{ Title, Connection string }

// Scenarios are all that the lab offers.
func (w *World) Scenarios() []Scenario {
	var all []Scenario
	for _, org := range w.Orgs() {
		all = append(all, w.scenariosAt(org)...)
	}
	return append(all, Scenario{"Crowd", w.CrowdConnection("SSLServerCert=" + w.CA)})
}

func (w *World) scenariosAt(org Org) []Scenario {
	connection := func(user string, more ...string) string {
		return org.Connection(append([]string{"User=" + user, "SSLServerCert=" + w.CA}, more...)...)
	}
	title := func(text string) string { return "Okta " + org.Engine + ": " + text }
	var all []Scenario
	for _, s := range fixtures.Scenarios() {
		if !s.On(org.Engine) {
			continue
		}
		text, props := s.Shows, []string{}
		if s.MFAType != "" {
			props = append(props, "MFAType="+s.MFAType)
		}
		switch Name(s.Login) {
		case "passwordonly":
			text = "password only"
		case "devices":
			text += ", one of them named"
			props = append(props, "MFADevice=Home phone")
		case "webauthn":
			text += " (exit 9)"
		}
		all = append(all, Scenario{title(text), connection(s.Login, props...)})
		if seed := seedOf(org, s); seed != "" {
			all = append(all, Scenario{title(text + ", computed"), connection(s.Login, append(props, "MFASecret="+seed)...)})
		}
	}
	if org.Engine == "IDX" {
		all = append(all, Scenario{title("Okta FastPass only, an app for managed devices (exit 9)"),
			connection("push@example.com", "SSOLoginURL="+org.AppLink(fixtures.ManagedApp))})
	}
	return append(all, Scenario{title("wrong password (exit 3; the second time nothing is sent)"),
		connection("passwordonly@example.com", "Password=wrong")})
}

// seedOf is the seed of a user's authenticator app, "" if there is none.
func seedOf(org Org, s fixtures.Scenario) string {
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

func printScenarios(out io.Writer, w *World) {
	for _, s := range w.Scenarios() {
		fmt.Fprintf(out, "# %s\nssoexchange cookies -c '%s'\n\n", s.Title, strings.ReplaceAll(s.Connection, "'", `'\''`))
	}
}

// userNames are the users of the simulated servers, by the first part of the login.
func userNames() []string {
	users := []string{Name(fixtures.WorldUser)}
	for _, s := range fixtures.Scenarios() {
		users = append(users, Name(s.Login))
	}
	return users
}

// Name is the first part of a login, which stands for it in commands.
func Name(login string) string {
	first, _, _ := strings.Cut(login, "@")
	return first
}

// factors are the second factors of a user.
func factors(login string) []fixtures.Factor {
	all := fixtures.Scenarios()
	i := slices.IndexFunc(all, func(s fixtures.Scenario) bool { return s.Login == login })
	if i < 0 {
		return nil
	}
	return all[i].Add
}
