//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// world is the simulated servers on one loopback port.
type world struct {
	*fixtures.World
	listener *fixtures.Listener
	ca       string // file
}

func newWorld(dir string) (*world, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := ln.Addr().(*net.TCPAddr).Port
	host := func(name string) string { return fmt.Sprintf("%s.localhost:%d", name, port) }
	w := &world{World: fixtures.NewWorld(fixtures.WorldOptions{
		OktaHost: host("okta"), CrowdHost: host("crowd"), JiraHost: host("jira"), JiraContext: "/jira",
	})}
	w.Jira.Configure(func(c *fixtures.JiraConfig) {
		c.StickyCookie = true
		c.RememberMe = false // it would repair what a reader breaks
	})
	w.listener = w.Net.Serve(ln)
	w.ca, err = w.Net.CAFile(dir)
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) close() {
	w.listener.Close()
	w.Net.Close()
}

func (w *world) connection(idp string) string {
	props := []string{"User=passwordonly@example.com", "SSLServerCert=" + w.ca}
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
