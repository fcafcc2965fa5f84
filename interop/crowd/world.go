//go:build linux

package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// lab makes a Crowd for each scene, all on one loopback port, and has a remote control
// for scripts.
type lab struct {
	net    *fixtures.Net
	host   func(name string) string // with the port
	remote *harness.Remote

	mu     sync.Mutex
	crowds map[string]*fixtures.Crowd // by base URL
}

// scene is what a Crowd is like that has one user and one application. What a script
// leaves out is as newScene has it.
type scene struct {
	User   fixtures.CrowdUser
	App    fixtures.CrowdApp
	Config fixtures.CrowdConfig
}

func newScene() scene {
	return scene{
		User:   fixtures.CrowdUser{Name: "ana", Password: `pässword <&> "1"`, Email: "ana@example.com", FirstName: "Ana", LastName: "Lee"},
		App:    fixtures.CrowdApp{Name: "jira", Password: `app:sécret <&> "2"`},
		Config: fixtures.CrowdConfig{CookieName: "crowd.token_key"},
	}
}

// setting is what a script is told of its scene.
type setting struct {
	Base        string `json:"base"` // of Crowd, without a slash at its end
	User        string `json:"user"`
	Password    string `json:"password"`
	App         string `json:"app"`
	AppPassword string `json:"appPassword"`
}

func newLab(dir string) (*lab, error) {
	ln, host, err := harness.Listen()
	if err != nil {
		return nil, err
	}
	l := &lab{net: fixtures.NewNet(), host: host, crowds: make(map[string]*fixtures.Crowd)}
	l.net.Serve(ln)
	if l.remote, err = harness.NewRemote(dir, l.net); err != nil {
		l.net.Close()
		return nil, err
	}
	l.control()
	return l, nil
}

func (l *lab) close() {
	l.remote.Close()
	l.net.Close()
}

// open makes the Crowd of a scene.
func (l *lab) open(s scene) (*fixtures.Crowd, setting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	host := l.host(fmt.Sprintf("crowd%d", len(l.crowds)+1))
	c := fixtures.NewCrowd("https://" + host + "/crowd")
	c.AddUser(s.User)
	c.AddApplication(s.App)
	c.Configure(func(cfg *fixtures.CrowdConfig) { *cfg = s.Config })
	l.net.Handle(host, c)
	l.crowds[c.BaseURL()] = c
	return c, setting{Base: c.BaseURL(), User: s.User.Name, Password: s.User.Password, App: s.App.Name, AppPassword: s.App.Password}
}

// control has scripts open scenes, and ask what a Crowd knows of a user.
func (l *lab) control() {
	harness.Act(l.remote, "scene", newScene(), func(s scene) (setting, error) {
		_, out := l.open(s)
		return out, nil
	})
	type question struct{ Base, User string }
	for name, count := range map[string]func(c *fixtures.Crowd, user string) int{
		"sessions": (*fixtures.Crowd).Sessions,
		"attempts": (*fixtures.Crowd).PasswordAttempts,
	} {
		harness.Act(l.remote, name, question{}, func(of question) (int, error) {
			l.mu.Lock()
			c := l.crowds[of.Base]
			l.mu.Unlock()
			if c == nil {
				return 0, errors.New("no such Crowd")
			}
			return count(c, of.User), nil
		})
	}
}
