//go:build linux

package main

import (
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	user     = "ana@example.com"
	password = "correct horse battery staple"
	appName  = "jira"

	// awkward is what a directory may hold and canonicalisation must keep.
	awkward = " zoë\t<o'neil>\r\n& \"co\" ]]> 🔑\u0085 "
)

// world is both engines of Okta, and a Crowd, which sign in to a Jira, on one loopback
// port.
type world struct {
	net     *fixtures.Net
	classic *fixtures.Okta
	idx     *fixtures.Okta
	crowd   *fixtures.Crowd
	jira    *fixtures.Jira
	ids     map[string]int // of the providers at Jira, by name
}

func newWorld() (*world, error) {
	ln, host, err := harness.Listen()
	if err != nil {
		return nil, err
	}
	w := &world{
		net:     fixtures.NewNet(),
		classic: fixtures.NewOkta(host("classic")),
		idx:     fixtures.NewOkta(host("idx")),
		crowd:   fixtures.NewCrowd("https://" + host("crowd") + "/crowd"),
		jira:    fixtures.NewJira("https://" + host("jira")),
		ids:     make(map[string]int),
	}
	w.idx.SetEngine("IDX")
	w.net.Handle(host("jira"), w.jira)
	w.net.Handle(host("crowd"), w.crowd)
	for name, org := range map[string]*fixtures.Okta{"classic": w.classic, "idx": w.idx} {
		w.net.Handle(host(name), org)
		org.AddUser(fixtures.User{Login: user, Password: password, FirstName: "Ana"})
		org.AddApp(fixtures.App{Name: appName, EntityID: w.jira.EntityID(), ACS: w.jira.ACS(), Attributes: map[string]string{"memo": awkward, "empty": ""}})
		w.ids[name] = w.jira.TrustIdP(org.Metadata(), name)
	}
	w.crowd.AddUser(fixtures.CrowdUser{Name: user, Password: password, Email: user, FirstName: awkward, LastName: "<&>"})
	w.crowd.AddApplication(fixtures.CrowdApp{Name: appName, Password: password, EntityID: w.jira.EntityID(), ACS: w.jira.ACS(), SSO: true, UserAttributes: true})
	w.crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress, c.AnswerUnsolicited = true, appName })
	w.ids["crowd"] = w.jira.TrustIdP(w.crowd.Metadata(), "crowd")
	w.jira.AddUser(fixtures.JiraUser{Name: user})
	w.net.Serve(ln)
	return w, nil
}

// org returns the org of a provider, nil for Crowd.
func (w *world) org(provider string) *fixtures.Okta {
	return map[string]*fixtures.Okta{"classic": w.classic, "idx": w.idx}[provider]
}

// metadata returns a provider's metadata.
func (w *world) metadata(provider string) []byte {
	if org := w.org(provider); org != nil {
		return org.Metadata()
	}
	return w.crowd.Metadata()
}

// start is where somebody begins who does not begin at Jira.
func (w *world) start(provider string) string {
	if org := w.org(provider); org != nil {
		return org.AppLink()
	}
	return w.crowd.SSOURL()
}

// setFault makes a provider's responses wrong.
func (w *world) setFault(provider string, fault fixtures.Fault) {
	if org := w.org(provider); org != nil {
		org.SetFault(fault)
		return
	}
	w.crowd.SetFault(fault)
}
