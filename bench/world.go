//go:build linux

package main

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

//go:embed page.js
var pageScript []byte

// world is the simulated servers behind a link of adjustable length.
type world struct {
	net          *fixtures.Net
	classic, idx *fixtures.Okta
	crowd        *fixtures.Crowd
	jira         *fixtures.Jira
	link         *link
	trips        *roundTrips
	https        *fixtures.Listener

	ca     string            // file with the authority of all certificates
	apps   map[string]string // app → embed link
	start  string            // Jira's page that starts at Crowd
	users  int
	opened atomic.Int64 // connections, each with a TLS handshake
}

const (
	appClassic = "classic"
	appIDX     = "idx"
	appIDXTOTP = "idx-totp"

	crowdApp = "jira"
	crowdKey = "a password of the application"
)

func newWorld(ctx context.Context, group *harness.Group, dir string) (*world, error) {
	port, err := harness.FreePort() // of the link: it is part of all names
	if err != nil {
		return nil, err
	}
	host := func(name string) string { return fmt.Sprintf("%s.localhost:%d", name, port) }
	w := &world{
		net: fixtures.NewNet(), classic: fixtures.NewOkta(host("okta")), idx: fixtures.NewOkta(host("oie")),
		crowd: fixtures.NewCrowd("https://" + host("crowd") + "/crowd"), jira: fixtures.NewJira("https://" + host("jira")),
		apps: make(map[string]string),
	}
	w.idx.SetEngine("IDX")
	w.net.Handle(host("okta"), w.classic)
	w.net.Handle(host("oie"), w.idx)
	w.net.Handle(host("crowd"), w.crowd)
	w.net.Handle(host("jira"), w.jira)
	w.addApp(w.classic, appClassic)
	w.addApp(w.idx, appIDX)
	w.addApp(w.idx, appIDXTOTP)
	password := fixtures.IDXStep{AnyOf: []string{"okta_password"}}
	w.idx.SetIDXPolicy(fixtures.IDXPolicy{Steps: []fixtures.IDXStep{password}}, appIDX)
	w.idx.SetIDXPolicy(fixtures.IDXPolicy{Steps: []fixtures.IDXStep{password, {AnyOf: []string{"google_otp"}}}, Direct: true}, appIDXTOTP)
	w.crowd.AddApplication(fixtures.CrowdApp{Name: crowdApp, Password: crowdKey, EntityID: w.jira.EntityID(), ACS: w.jira.ACS(), SSO: true})
	w.crowd.Configure(func(c *fixtures.CrowdConfig) { c.IgnoreAddress = true })
	w.start = fmt.Sprintf("%s/plugins/servlet/external-login/%d", w.jira.BaseURL(), w.jira.TrustIdP(w.crowd.Metadata(), "Crowd"))
	w.net.Intercept(w.pages)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.https = w.net.Serve(counting{ln, &w.opened})
	w.ca, err = w.net.CAFile(dir)
	if err == nil {
		w.link, err = newLink(ctx, group, dir, port, ln.Addr().String())
		w.trips = newRoundTrips(w)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) addApp(org *fixtures.Okta, name string) {
	w.apps[name] = org.AddApp(fixtures.App{Name: name, Label: "Jira", EntityID: w.jira.EntityID(), ACS: w.jira.ACS()})
	w.jira.TrustIdP(org.Metadata(name), name)
}

func (w *world) close() {
	if w.link != nil {
		w.link.close()
	}
	w.https.Close()
	w.net.Close()
}

// person is a user who has never signed in. Each run has one: neither limits nor codes
// that were used stand in the way of the next run.
type person struct{ login, password, seed string }

func (w *world) newPerson(factors ...fixtures.Factor) person {
	w.users++
	p := person{login: fmt.Sprintf("bot%d@example.com", w.users), password: fmt.Sprintf("correct horse %d", w.users)}
	for _, org := range []*fixtures.Okta{w.classic, w.idx} {
		org.AddUser(fixtures.User{Login: p.login, Password: p.password, FirstName: "Bot", Factors: factors})
	}
	w.crowd.AddUser(fixtures.CrowdUser{Name: p.login, Password: p.password, Email: p.login})
	w.jira.AddUser(fixtures.JiraUser{Name: p.login, Email: p.login, DisplayName: "Bot"})
	return p
}

// traffic is what the servers saw.
type traffic struct{ Requests, Connections int }

// watch forgets what was seen; the result returns what has been seen since.
func (w *world) watch() func() traffic {
	w.net.Reset()
	opened := w.opened.Load()
	return func() traffic {
		return traffic{Requests: len(w.net.Requests()), Connections: int(w.opened.Load() - opened)}
	}
}

// slow sets the round trip.
func (w *world) slow(ctx context.Context, rtt time.Duration) error { return w.trips.set(ctx, rtt) }

// counting counts the connections that come in.
type counting struct {
	net.Listener
	opened *atomic.Int64
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.opened.Add(1)
	}
	return conn, err
}

// pageScriptPath is where the sign-in pages have their script.
const pageScriptPath = "/js/sign-in.js"

// pages puts a form and the script for it into Okta's sign-in pages, when a browser
// asks: the simulator's own have what a client reads and nothing that runs. They are
// the leanest that can sign in, a fraction of what Okta serves.
func (w *world) pages(host string, r *http.Request) http.Handler {
	org := map[string]*fixtures.Okta{"okta.localhost": w.classic, "oie.localhost": w.idx}[host]
	switch {
	case org == nil || !strings.Contains(r.UserAgent(), "Chrome") || r.Method != http.MethodGet:
		return nil
	case r.URL.Path == pageScriptPath:
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			w.Write(pageScript)
		})
	case filepath.Ext(r.URL.Path) == ".ico":
		return http.NotFoundHandler()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		org.ServeHTTP(answer, r)
		page := answer.Body.String()
		if strings.Contains(page, "var stateToken = '") {
			page = strings.Replace(page, "</head>", `<script src="`+pageScriptPath+`" defer></script></head>`, 1)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		w.Write([]byte(page))
	})
}
