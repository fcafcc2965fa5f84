//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// world is the simulated servers. Jira has a context path and a balancer with an awkward
// cookie, packs its answers, and remembers no login: a session that it lost is renewed by
// an exchange or not at all.
type world struct{ *harness.Env }

func newWorld(dir string) (*world, error) {
	c, err := harness.NewEnv(dir, fixtures.WorldOptions{JiraContext: "/jira"})
	if err != nil {
		return nil, err
	}
	c.Jira.Configure(func(c *fixtures.JiraConfig) { c.StickyCookie, c.Compress, c.RememberMe = true, true, false })
	return &world{c}, nil
}

// userOf is who signs in: at Okta somebody with an authenticator app.
func (w *world) userOf(idp string) string {
	if idp == "Okta" {
		return "totp@example.com"
	}
	return "passwordonly@example.com"
}

func (w *world) connection(idp string) string {
	user := w.userOf(idp)
	props := []string{"User=" + user, "SSLServerCert=" + w.CA}
	if idp == "Crowd" {
		return w.CrowdConnection(props...)
	}
	return w.OktaConnection(append(props, "MFAType=OktaVerifyTOTP", "MFASecret="+w.Okta.TOTPSecret(user))...)
}

// atJira returns the REST calls and downloads that Jira was sent since the last reset.
func (w *world) atJira() []fixtures.Request {
	var out []fixtures.Request
	for _, r := range w.Net.Requests() {
		if strings.HasPrefix(r.Host, "jira.") && (strings.HasPrefix(r.Path, "/jira/rest/api/") || strings.HasPrefix(r.Path, "/jira/secure/attachment/")) {
			out = append(out, r)
		}
	}
	return out
}

// onlyTheSession looks through what Jira was sent: the session's cookies, no others, and
// nothing by which a tool identified itself or that gives the proxy away.
func (w *world) onlyTheSession(cookies []string, never ...string) error {
	seen := w.atJira()
	if len(seen) == 0 {
		return errors.New("nothing was asked of Jira")
	}
	for _, r := range seen {
		for _, name := range []string{"Authorization", "Proxy-Authorization", "X-Ssoexchange-Token", "Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host"} {
			if r.Header.Get(name) != "" {
				return fmt.Errorf("%s came with the header %s", r, name)
			}
		}
		if names := cookieNames(strings.Join(r.Header.Values("Cookie"), "; ")); !slices.Equal(names, cookies) {
			return fmt.Errorf("%s came with the cookies %q, want %q", r, names, cookies)
		}
		all := fmt.Sprint(r.Path, r.Query, map[string][]string(r.Header)) + string(r.Body)
		for _, secret := range never {
			if strings.Contains(all, secret) {
				return fmt.Errorf("%s shows what is the proxy's or the tool's own", r)
			}
		}
	}
	return nil
}

// cookieNames returns the names in a Cookie header, sorted, without those by which Jira
// knows for five minutes which sign-ins were started there.
func cookieNames(header string) []string {
	var names []string
	for _, pair := range strings.Split(header, "; ") {
		if name, _, _ := strings.Cut(pair, "="); !strings.HasPrefix(name, "session-data-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
