//go:build linux

package harness

import (
	"fmt"
	"strings"
	"sync"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// The engines of Okta, as a [Scene] names them.
const (
	Classic = "classic"
	IDX     = "idx"
)

// Lab is a simulated Okta org of each engine and the Jira that they sign in to, on one
// loopback port, with a remote control for scripts.
type Lab struct {
	Net    *fixtures.Net
	Jira   *fixtures.Jira
	orgs   map[string]*fixtures.Okta // by engine
	remote *Remote

	mu     sync.Mutex
	scenes int
}

// Case is a user and an app of their own, so that scenes do not disturb each other.
type Case struct {
	Engine  string // Classic or IDX
	User    fixtures.User
	Factors []fixtures.Factor
	Policy  *fixtures.Policy // of the user; nil asks those who have a factor for one
	IDX     fixtures.IDXPolicy
	App     fixtures.App
}

// setting is what a script is told of its scene.
type setting struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Base     string `json:"base"` // of the org
	Link     string `json:"link"` // of the app
	ACS      string `json:"acs"`  // where the app's assertions go
	Jira     string `json:"jira"` // base URL
}

// NewLab starts a lab, for scripts whose home is dir.
func NewLab(dir string) (*Lab, error) {
	ln, host, err := Listen()
	if err != nil {
		return nil, err
	}
	l := &Lab{
		Net:  fixtures.NewNet(),
		Jira: fixtures.NewJira("https://" + host("jira")),
		orgs: make(map[string]*fixtures.Okta),
	}
	for _, engine := range []string{Classic, IDX} {
		l.orgs[engine] = fixtures.NewOkta(host(engine))
		l.orgs[engine].SetEngine(engine)
		l.Net.Handle(host(engine), l.orgs[engine])
	}
	l.Net.Handle(host("jira"), l.Jira)
	l.Net.Serve(ln)
	if l.remote, err = NewRemote(dir, l.Net); err != nil {
		l.Net.Close()
		return nil, err
	}
	l.control()
	return l, nil
}

// Close ends everything that listens.
func (l *Lab) Close() {
	l.remote.Close()
	l.Net.Close()
}

// Org returns the org of an engine.
func (l *Lab) Org(engine string) *fixtures.Okta { return l.orgs[engine] }

// Env is [Remote.Env].
func (l *Lab) Env() []string { return l.remote.Env() }

// Forbidden says that somebody went where a sign-in has no business.
func (l *Lab) Forbidden() error {
	if f := l.Org(IDX).Forbidden(); len(f) > 0 {
		return fmt.Errorf("it went to %s", strings.Join(f, ", "))
	}
	return nil
}

// scene adds the user and the app of a scene.
func (l *Lab) scene(s Case) (setting, error) {
	org := l.orgs[s.Engine]
	if org == nil {
		return setting{}, fmt.Errorf("no engine %q", s.Engine)
	}
	l.mu.Lock()
	l.scenes++
	n := l.scenes
	l.mu.Unlock()
	u := s.User
	u.Login, u.Password = fmt.Sprintf("ana%d@example.com", n), fmt.Sprintf("correct horse %d battery", n)
	u.FirstName, u.Factors, u.Policy = "Ana", s.Factors, s.Policy
	org.AddUser(u)
	l.Jira.AddUser(fixtures.JiraUser{Name: u.Login, Email: u.Login, DisplayName: "Ana Example"})
	app := s.App
	app.Name, app.Label = fmt.Sprintf("jira%d", n), "Jira"
	app.EntityID, app.ACS = l.Jira.EntityID(), l.Jira.ACS()
	link := org.AddApp(app)
	if s.Engine == IDX {
		org.SetIDXPolicy(s.IDX, app.Name)
	}
	l.Jira.TrustIdP(org.Metadata(app.Name), app.Name)
	return setting{User: u.Login, Password: u.Password, Base: org.BaseURL(), Link: link, ACS: l.Jira.ACS(), Jira: l.Jira.BaseURL()}, nil
}

// act is what a script has the user of a scene do.
type act struct {
	Engine, User   string
	Type, Provider string // of a factor
	Number         int
}

// control has scripts open scenes, and play their users.
func (l *Lab) control() {
	Act(l.remote, "scene", Case{}, l.scene)
	for name, do := range map[string]func(org *fixtures.Okta, a act) any{
		"approve": func(org *fixtures.Okta, a act) any { return org.Phone(a.User).Approve() },
		"deny":    func(org *fixtures.Okta, a act) any { return org.Phone(a.User).Deny() },
		"ignore":  func(org *fixtures.Okta, a act) any { return org.Phone(a.User).Ignore() },
		"number":  func(org *fixtures.Okta, a act) any { return org.Phone(a.User).ShowNumber(a.Number) },
		"waiting": func(org *fixtures.Okta, a act) any { _, ok := org.Phone(a.User).Pending(); return ok },
		"shown":   func(org *fixtures.Okta, a act) any { push, _ := org.Phone(a.User).Pending(); return push.Number },
		"code":    func(org *fixtures.Okta, a act) any { return code(org, a) },
		"sent":    func(org *fixtures.Okta, a act) any { return len(org.Phone(a.User).Messages()) },
		"leave":   func(org *fixtures.Okta, a act) any { org.EndSessions(a.User); return true },
	} {
		Act(l.remote, name, act{}, func(a act) (any, error) {
			org := l.orgs[a.Engine]
			if org == nil {
				return nil, fmt.Errorf("no engine %q", a.Engine)
			}
			return do(org, a), nil
		})
	}
}

func code(org *fixtures.Okta, a act) string {
	if a.Provider == "" {
		return org.Code(a.User, a.Type)
	}
	return org.Code(a.User, a.Type, a.Provider)
}
