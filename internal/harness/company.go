//go:build linux

package harness

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// Env is a simulated Okta, Crowd and Jira on one loopback port, for a [CLI] that
// signs in there.
type Env struct {
	*fixtures.World
	CA string // PEM file of the authority that signed the servers' certificates
}

// NewEnv starts one, and writes the CA's file to dir. Its hosts are okta, crowd and
// jira below localhost, whatever o says of them; the second org, if o asks for one, is
// the host of that name there.
func NewEnv(dir string, o fixtures.WorldOptions) (*Env, error) {
	ln, host, err := Listen()
	if err != nil {
		return nil, err
	}
	o.OktaHost, o.CrowdHost, o.JiraHost = host("okta"), host("crowd"), host("jira")
	if o.IDXHost != "" {
		o.IDXHost = host(o.IDXHost)
	}
	c := &Env{World: fixtures.NewWorld(o)}
	c.Net.Serve(ln)
	if c.CA, err = c.Net.CAFile(dir); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends all servers.
func (c *Env) Close() { c.Net.Close() }

// SignIns counts the passwords that Okta was sent since the last Net.Reset.
func (c *Env) SignIns() int {
	return c.posts(c.Okta.BaseURL() + "/api/v1/authn")
}

// Exchanges counts the assertions that Jira was sent since the last Net.Reset.
func (c *Env) Exchanges() int {
	return c.posts(c.Jira.ACS())
}

func (c *Env) posts(address string) int {
	_, path, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
	n := 0
	for _, r := range c.Net.Requests() {
		if r.Method == http.MethodPost && r.Path == "/"+path {
			n++
		}
	}
	return n
}

// shortest is the length of a secret that is looked for: shorter ones (codes) also
// stand where nobody put them.
const shortest = 8

// Leaks names where one of the company's secrets, or one of more, shows in texts, each
// by its name; nil: nowhere. It fails if there is nothing to look for, or in.
func (c *Env) Leaks(texts map[string]string, more ...string) error {
	var known []string
	for _, s := range append(c.Secrets(), more...) {
		if len(s) >= shortest {
			known = append(known, s)
		}
	}
	if len(known) < 3 || len(texts) == 0 {
		return fmt.Errorf("%d secrets in %d places: nothing would be found", len(known), len(texts))
	}
	for where, text := range texts {
		for _, s := range known {
			if strings.Contains(text, s) {
				return fmt.Errorf("a secret of %d bytes shows in %s", len(s), where)
			}
		}
	}
	return nil
}

// Files reads every file below dir but those with a suffix of except, for [Company.Leaks].
func Files(dir string, except ...string) (map[string]string, error) {
	texts := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		for _, suffix := range except {
			if strings.HasSuffix(path, suffix) {
				return nil
			}
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		texts[name] = string(data)
		return err
	})
	return texts, err
}
