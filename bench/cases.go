//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// scenario is one way to a session.
type scenario struct {
	Name string

	// Requests is how many requests must follow one another before the cookies are
	// there; Handshakes how many TLS handshakes cannot be made meanwhile. Together,
	// times the round trip, they are the floor.
	Requests, Handshakes int

	TOTP bool // the user has Google Authenticator
	Held held // what is left of an earlier sign-in

	connection func(w *world, p person) string // for the product
	more       []string                        // flags of the product
	kind       string                          // of curl.sh
	org, link  func(w *world) string           // for the rivals
}

// held is what a user has before the run.
type held int

const (
	nothing    held = iota
	idpSession      // signed in at the identity provider, no more at Jira
	spSession       // signed in at Jira
)

func scenarios() []scenario {
	classic := func(props ...string) func(*world, person) string {
		return func(w *world, p person) string { return w.okta(p, appClassic, props...) }
	}
	atClassic := func(w *world) string { return w.classic.BaseURL() }
	atIDX := func(w *world) string { return w.idx.BaseURL() }
	app := func(name string) func(*world) string { return func(w *world) string { return w.apps[name] } }
	return []scenario{
		{Name: "Okta Classic, password", Requests: 3, Handshakes: 1,
			connection: classic("OktaEngine=Classic"), kind: "classic", org: atClassic, link: app(appClassic)},
		{Name: "Okta Classic, password, engine not known yet", Requests: 4, Handshakes: 1,
			connection: classic(), kind: "classic", org: atClassic, link: app(appClassic)},
		{Name: "Okta Classic, password and TOTP", Requests: 4, Handshakes: 1, TOTP: true,
			connection: classic("OktaEngine=Classic"), kind: "classic", org: atClassic, link: app(appClassic)},
		{Name: "Okta Classic, live IdP session", Requests: 2, Handshakes: 1, Held: idpSession,
			connection: classic("OktaEngine=Classic"), more: []string{"--force"}, kind: "session", org: atClassic, link: app(appClassic)},
		{Name: "Okta Classic, live SP session", Requests: 1, Handshakes: 1, Held: spSession,
			connection: classic("OktaEngine=Classic"), kind: "check", org: atClassic, link: app(appClassic)},
		{Name: "Okta Identity Engine, password", Requests: 5, Handshakes: 1,
			connection: func(w *world, p person) string { return w.okta(p, appIDX) }, kind: "idx", org: atIDX, link: app(appIDX)},
		{Name: "Okta Identity Engine, password and TOTP", Requests: 6, Handshakes: 1, TOTP: true,
			connection: func(w *world, p person) string { return w.okta(p, appIDXTOTP) }, kind: "idx", org: atIDX, link: app(appIDXTOTP)},
		{Name: "Crowd, password", Requests: 4, Handshakes: 1,
			connection: (*world).crowdConnection, kind: "crowd",
			org: func(w *world) string { return w.crowd.BaseURL() }, link: func(w *world) string { return w.start }},
	}
}

func (w *world) okta(p person, app string, props ...string) string {
	if p.seed != "" {
		props = append(props, "MFAType=GoogleAuthenticator", "MFASecret="+p.seed, "MFARememberDevice=False")
	}
	return strings.Join(append([]string{
		"AuthScheme=Okta", "URL=" + w.jira.BaseURL(), "SSOLoginURL=" + w.apps[app], "SSOExchangeURL=" + w.jira.ACS(),
		"User=" + p.login, "Password=" + p.password,
	}, props...), ";")
}

func (w *world) crowdConnection(p person) string {
	return strings.Join([]string{
		"AuthScheme=Crowd", "URL=" + w.jira.BaseURL(), "SSOLoginURL=" + w.crowd.SSOURL(), "SSOExchangeURL=" + w.jira.ACS(),
		"SSOStartURL=" + w.start, "User=" + p.login, "Password=" + p.password, "SSOAppName=" + crowdApp, "SSOAppPassword=" + crowdKey,
	}, ";")
}

// rival is one of those who race.
type rival struct {
	Name string
	Runs func(all int) int
	// command returns the command line and what it adds to the environment.
	command func(b *bench, s scenario, p person, dir string) ([]string, []string, error)
}

const (
	byProduct  = "ssoexchange"
	byNoVerify = "without the check"
	byLibrary  = "library"
	byCurl     = "curl"
	byBrowser  = "Chromium"
)

func rivals() []rival {
	all := func(n int) int { return n }
	return []rival{
		{byProduct, all, (*bench).product},
		{byNoVerify, all, func(b *bench, s scenario, p person, dir string) ([]string, []string, error) {
			args, env, err := b.product(s, p, dir)
			return append(args, "--no-verify"), env, err
		}},
		{byLibrary, all, library(true)},
		{byCurl, all, (*bench).curl},
		{byBrowser, func(n int) int { return (n + 1) / 2 }, (*bench).browser},
	}
}

func (b *bench) product(s scenario, p person, dir string) ([]string, []string, error) {
	file := filepath.Join(dir, "connection")
	if err := os.WriteFile(file, []byte(s.connection(b.world, p)), 0o600); err != nil {
		return nil, nil, err
	}
	state := filepath.Join(dir, "state")
	if b.key != nil {
		if err := os.MkdirAll(state, 0o700); err != nil {
			return nil, nil, err
		}
		if err := os.WriteFile(filepath.Join(state, "key"), b.key, 0o600); err != nil {
			return nil, nil, err
		}
	}
	args := append([]string{b.binary, "cookies", "--connection-file", file, "--state-dir", state}, s.more...)
	return args, []string{"SSL_CERT_FILE=" + b.world.ca}, nil
}

func (b *bench) curl(s scenario, p person, dir string) ([]string, []string, error) {
	return []string{"sh", filepath.Join(b.dir, "curl.sh")}, append(b.rivalEnv(s, p, filepath.Join(dir, "jar")),
		"KIND="+s.kind, "CA="+b.world.ca, "ORG="+s.org(b.world), "ACS="+b.world.jira.ACS(), "APP="+crowdApp+":"+crowdKey), nil
}

func (b *bench) browser(s scenario, p person, dir string) ([]string, []string, error) {
	if s.Held != nothing {
		p.login, p.password = "", "" // nobody is there to type anything
	}
	env := append(b.rivalEnv(s, p, filepath.Join(dir, "state.json")), "CHROMIUM="+b.chromium, "NODE_PATH="+filepath.Join(b.dir, "node_modules"))
	if s.Held == spSession {
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "LINK=") })
		env = append(env, "LINK="+b.world.jira.BaseURL()+"/secure/Dashboard.jspa")
	}
	return []string{"node", filepath.Join(b.dir, "browser.cjs")}, env, nil
}

func (b *bench) rivalEnv(s scenario, p person, state string) []string {
	env := []string{"USERNAME=" + p.login, "PASSWORD=" + p.password, "LINK=" + s.link(b.world), "JIRA=" + b.world.jira.BaseURL(), "STATE=" + state}
	if s.TOTP {
		org := b.world.classic
		if s.kind == "idx" {
			org = b.world.idx
		}
		env = append(env, "CODE="+org.Code(p.login, fixtures.FactorTOTP, "GOOGLE"))
	}
	return env
}

// run has a rival sign a new person in once.
func (b *bench) run(ctx context.Context, s scenario, r rival, rtt time.Duration, memory bool) (cost, traffic, error) {
	dir, err := os.MkdirTemp(b.dir, "run-")
	if err != nil {
		return cost{}, traffic{}, err
	}
	defer os.RemoveAll(dir)
	var factors []fixtures.Factor
	seed := ""
	if s.TOTP {
		seed = newSeed()
		factors = []fixtures.Factor{{Type: fixtures.FactorTOTP, Provider: "GOOGLE", Secret: seed}}
	}
	p := b.world.newPerson(factors...)
	p.seed = seed
	if s.Held != nothing {
		if err := b.hold(ctx, s, r, p, dir); err != nil {
			return cost{}, traffic{}, err
		}
	}
	args, env, err := r.command(b, s, p, dir)
	if err != nil {
		return cost{}, traffic{}, err
	}
	if err := b.world.slow(ctx, rtt); err != nil {
		return cost{}, traffic{}, err
	}
	seen := b.world.watch()
	c, err := measure(ctx, request{Args: args, Env: append(b.env(dir), env...), Dir: dir, Memory: memory})
	t := seen()
	if err == nil && r.Name == byLibrary {
		err = ownTime(&c)
	}
	if err == nil {
		err = b.world.proves(ctx, c.Output, p.login)
	}
	if err != nil {
		err = fmt.Errorf("%s, %s, %v: %w: %s", s.Name, r.Name, rtt, err, c.Talk)
	}
	return c, t, err
}

// hold makes the sign-in before the one that counts.
func (b *bench) hold(ctx context.Context, s scenario, r rival, p person, dir string) error {
	first := s
	first.Held, first.more, first.kind = nothing, nil, "classic"
	args, env, err := r.command(b, first, p, dir)
	if err == nil {
		err = b.world.slow(ctx, 0)
	}
	if err == nil {
		_, err = measure(ctx, request{Args: args, Env: append(b.env(dir), env...), Dir: dir})
	}
	if s.Held == idpSession {
		b.world.jira.EndSessions(p.login)
	}
	return err
}

// env is the environment of every command.
func (b *bench) env(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"}
}

// proves asks Jira, past the slow link, whether the cookies that were printed are those
// of login: a wrong answer would be a fast one.
func (w *world) proves(ctx context.Context, printed, login string) error {
	_, value, found := strings.Cut(printed, "JSESSIONID=")
	if !found {
		return fmt.Errorf("no session was printed")
	}
	if end := strings.IndexAny(value, "; \n"); end >= 0 {
		value = value[:end]
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.jira.BaseURL()+"/rest/api/2/myself", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Cookie", "JSESSIONID="+value)
	resp, err := w.net.Client().Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if who := resp.Header.Get("X-AUSERNAME"); !strings.EqualFold(strings.ReplaceAll(who, "%40", "@"), login) {
		return fmt.Errorf("the printed session is that of %q", who)
	}
	return nil
}
