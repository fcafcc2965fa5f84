//go:build linux

package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// world is the simulated servers, with a Jira that is awkward.
type world struct{ *harness.Env }

func newWorld(dir string) (*world, error) {
	c, err := harness.NewEnv(dir, fixtures.WorldOptions{JiraContext: "/jira"})
	if err != nil {
		return nil, err
	}
	c.Jira.Configure(func(c *fixtures.JiraConfig) {
		c.StickyCookie = true
		c.RememberMe = false // it would repair what a reader breaks
	})
	return &world{c}, nil
}

func (w *world) connection(idp string) string {
	props := []string{"User=passwordonly@example.com", "SSLServerCert=" + w.CA}
	if idp == "Crowd" {
		return w.CrowdConnection(props...)
	}
	return w.OktaConnection(props...)
}

// cookiesSent returns the cookies of the newest request for myself, sorted.
func (w *world) cookiesSent() []string {
	for _, r := range slices.Backward(w.Net.Requests()) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.Path, "/rest/api/2/myself") {
			return pairs(strings.Join(r.Header.Values("Cookie"), "; "))
		}
	}
	return nil
}

// pairs takes a Cookie header apart.
func pairs(header string) []string {
	list := strings.Split(strings.TrimSpace(header), "; ")
	slices.Sort(list)
	return list
}
