//go:build linux

package main

import (
	"fmt"
	"net/url"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	password    = "correct horse; battery 'staple'"
	appName     = "mellon"
	appPassword = "app-secret"
)

// world is the simulated Okta, Crowd and Jira on one loopback port.
type world struct {
	net      *fixtures.Net
	okta     *fixtures.Okta
	crowd    *fixtures.Crowd
	jira     *fixtures.Jira
	oktaLink string // embed link of the service provider's app
}

// newWorld starts it. sp is the base URL of mellon, which both identity providers
// know as an application; Jira trusts the forge.
func newWorld(f *forge, sp string) (*world, error) {
	ln, host, err := harness.Listen()
	if err != nil {
		return nil, err
	}
	w := &world{
		net:   fixtures.NewNet(),
		okta:  fixtures.NewOkta(host("okta")),
		crowd: fixtures.NewCrowd("https://" + host("crowd") + "/crowd"),
		jira:  fixtures.NewJira("https://" + host("jira")),
	}
	w.net.Handle(host("okta"), w.okta)
	w.net.Handle(host("crowd"), w.crowd)
	w.net.Handle(host("jira"), w.jira)
	w.net.Serve(ln)

	w.okta.AddUser(fixtures.User{Login: user, Password: password})
	w.oktaLink = w.okta.AddApp(fixtures.App{Name: "mellon", EntityID: sp, ACS: sp + acsPath})

	w.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: password})
	w.crowd.AddApplication(fixtures.CrowdApp{Name: appName, Password: appPassword, EntityID: sp, ACS: sp + acsPath, SSO: true})

	w.jira.AddUser(fixtures.JiraUser{Name: user})
	w.jira.AddUser(fixtures.JiraUser{Name: "admin"})
	w.jira.TrustIdP(f.metadata(), "forge")
	return w, nil
}

// sawRequests compares how many different SAMLRequests the identity providers were
// shown. Okta sees the one twice: before the login and after.
func (w *world) sawRequests(want int) error {
	got := make(map[string]bool)
	for _, r := range w.net.Requests() {
		if r.Query.Has("SAMLRequest") {
			got[r.Query.Get("SAMLRequest")] = true
		}
	}
	if len(got) != want {
		return fmt.Errorf("the identity provider was shown %d requests, want %d", len(got), want)
	}
	return nil
}

// scenarios are the ways to sign in. mellon's own redirect begins those that start
// at the service provider; IdP picks one of the several that it trusts.
func scenarios(w *world, a *apache) []scenario {
	quoted := `"` + password + `"`
	start := func(entityID string) string {
		q := url.Values{"ReturnTo": {a.base() + "/secure/"}, "IdP": {entityID}}
		return fmt.Sprintf(`SSOFlow=SPInitiated;SSOStartURL="%s/plugins/servlet/mellon/login?%s";`, a.base(), q.Encode())
	}
	okta := fmt.Sprintf("AuthScheme=Okta;SSOLoginURL=%s;Password=%s;", w.oktaLink, quoted)
	crowd := fmt.Sprintf("AuthScheme=Crowd;SSOLoginURL=%s;SSOAppName=%s;SSOAppPassword=%s;RemoteAddress=127.0.0.1;Password=%s;",
		w.crowd.SSOURL(), appName, appPassword, quoted)
	return []scenario{
		{"Okta, started at the identity provider", okta + "SSOFlow=IdPInitiated;", 0},
		{"Okta, started by mellon", okta + start(entityID(w.okta.Metadata())), 1},
		{"Crowd, started by mellon", crowd + start(w.crowd.BaseURL()), 1},
	}
}
