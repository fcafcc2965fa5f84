//go:build linux

package main

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// The hosts of a world.
const (
	okta  = "okta"  // Okta Classic
	oie   = "oie"   // Okta Identity Engine
	crowd = "crowd" // Atlassian Crowd
	jira  = "jira"
)

var hosts = []string{okta, oie, crowd, jira}

// world is the simulated servers, each on a port that nobody is told of: their addresses
// are those of toxiproxy's ports. It plays one cell at a time.
type world struct {
	*fixtures.World
	name  string
	dir   string           // of this world alone
	ca    string           // file
	doors map[string]*door // by host
	lines map[string]*line
	sites map[string]http.Handler

	mu      sync.Mutex
	users   int
	plot    *plot               // of the command that runs now; nil: nothing is done to it
	cookies map[string][]string // by host: the values that it has set
	codes   []string            // one-time codes that the users were given
}

func newWorld(t *harness.Toxiproxy, dir string, number int) (_ *world, err error) {
	w := &world{name: fmt.Sprintf("w%d", number), dir: dir, doors: make(map[string]*door), lines: make(map[string]*line)}
	for _, host := range hosts {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		if w.doors[host], err = newDoor(); err != nil {
			return nil, err
		}
		w.lines[host] = &line{t: t, name: w.name + "-" + host, listen: fmt.Sprintf("127.0.0.1:%d", port), target: w.doors[host].Addr().String()}
	}
	w.World = fixtures.NewWorld(fixtures.WorldOptions{
		OktaHost: w.address(okta), IDXHost: w.address(oie), CrowdHost: w.address(crowd), JiraHost: w.address(jira),
	})
	w.sites = map[string]http.Handler{okta: w.Okta, oie: w.IDX, crowd: w.World.Crowd, jira: w.Jira}
	w.IDX.SetIDXPolicy(fixtures.IDXPolicy{IdentifierFirst: true})
	w.World.Crowd.Configure(func(c *fixtures.CrowdConfig) { c.AnswerUnsolicited = w.AppName })
	for _, org := range []*fixtures.Okta{w.Okta, w.IDX} {
		org.RateLimit(1 << 20)
		org.OnMessage(w.deliver)
	}
	w.Net.Intercept(func(host string, _ *http.Request) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve(rw, r, strings.TrimSuffix(host, ".localhost")) })
	})
	for _, host := range hosts {
		w.Net.Serve(w.doors[host])
	}
	w.ca, err = w.Net.CAFile(dir)
	return w, err
}

// address returns "jira.localhost:20001".
func (w *world) address(host string) string {
	_, port, _ := net.SplitHostPort(w.lines[host].listen)
	return net.JoinHostPort(host+".localhost", port)
}

// open puts the lines up, with toxics that were there from the start.
func (w *world) open(toxics map[string][]toxic) error {
	for _, host := range hosts {
		w.doors[host].shut(false)
		l := w.lines[host]
		if err := l.open(); err != nil {
			return err
		}
		for _, x := range toxics[host] {
			if err := l.add(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// shut takes the lines away, and with them all connections.
func (w *world) shut() error {
	for _, host := range hosts {
		if err := w.lines[host].remove(); err != nil {
			return err
		}
	}
	return nil
}

// user is somebody who signs in once in their life, so that cells do not disturb each
// other.
type user struct {
	login, password string
	mail            string // file with the newest code that was sent
}

// newUser adds one who has the factors at both Oktas. What was recorded of others is
// forgotten.
func (w *world) newUser(factors []fixtures.Factor) user {
	w.mu.Lock()
	w.users++
	u := user{login: fmt.Sprintf("ana%d@example.com", w.users), password: fmt.Sprintf("%s correct horse %d", w.name, w.users)}
	u.mail = filepath.Join(w.dir, u.login)
	w.cookies, w.codes = make(map[string][]string), nil
	w.mu.Unlock()
	w.Net.Reset()
	for _, org := range []*fixtures.Okta{w.Okta, w.IDX} {
		org.AddUser(fixtures.User{Login: u.login, Password: u.password, FirstName: "Ana", LastName: "Example", Factors: factors})
	}
	w.Crowd.AddUser(fixtures.CrowdUser{Name: u.login, Password: u.password, Email: u.login, FirstName: "Ana", LastName: "Example"})
	w.Jira.AddUser(fixtures.JiraUser{Name: u.login, Email: u.login, DisplayName: "Ana Example"})
	return u
}

// deliver is the users' mailbox: a file that holds the newest code, for MFACommand.
func (w *world) deliver(m fixtures.Message) {
	if m.Code == "" {
		return
	}
	w.issued(m.Code)
	// A mail that is not there makes its cell fail.
	_ = os.WriteFile(filepath.Join(w.dir, m.User), []byte(m.Code+"\n"), 0o600)
}

// issued notes a code, for [world.abused].
func (w *world) issued(code string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes = append(w.codes, code)
}

// code returns what the user's authenticator app shows now, or will show so many steps
// of 30 seconds later. Okta takes the next one as well.
func (w *world) code(org *fixtures.Okta, login string, later int) (string, error) {
	code, err := totp.GenerateCode(org.TOTPSecret(login), time.Now().Add(time.Duration(later)*30*time.Second))
	if err == nil {
		w.issued(code)
	}
	return code, err
}

// connection returns the connection string of a walk for a user.
func (w *world) connection(k *walk, u user, more ...string) string {
	props := slices.Concat([]string{"User=" + u.login, "Password=" + u.password, "SSLServerCert=" + w.ca}, k.props, more)
	for i, p := range props {
		props[i] = strings.ReplaceAll(p, "{mail}", u.mail)
	}
	switch k.idp {
	case crowd:
		conn := w.CrowdConnection(props...)
		if k.form {
			conn = strings.NewReplacer("SSOAppName="+w.AppName+";", "", "SSOAppPassword="+w.AppPassword+";", "").Replace(conn)
		}
		return conn
	case oie:
		return w.IDXConnection(props...)
	}
	return w.OktaConnection(props...)
}

// serve answers a request: the site does, the answer is written down, and then the
// plot has its way with it.
func (w *world) serve(rw http.ResponseWriter, r *http.Request, host string) {
	rec := httptest.NewRecorder()
	w.sites[host].ServeHTTP(rec, r)
	a := &answer{status: rec.Code, header: rec.Header(), body: rec.Body.Bytes(), to: rw, wire: w.doors[host].of(r.RemoteAddr)}
	w.mu.Lock()
	for _, c := range rec.Result().Cookies() {
		w.cookies[host] = append(w.cookies[host], c.Value)
	}
	p := w.plot
	w.mu.Unlock()
	if p == nil {
		a.write()
		return
	}
	p.play(host, r, a)
}

// follow has the plot played from now on; nil: none.
func (w *world) follow(p *plot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plot = p
}

// noted returns what was written down of the newest user.
func (w *world) noted() (cookies map[string][]string, codes []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.cookies), slices.Clone(w.codes)
}
