//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/judge"
)

const address = "127.0.0.1" // where everything here comes from

// checkProduct signs in with the built command, asks a client about the token, signs
// out and asks again.
func checkProduct(ctx context.Context, r *judge.Report, group *judge.Group, dir string, env []string) error {
	binary, err := judge.BuildCLI(ctx, group, dir)
	if err != nil {
		return err
	}
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	c, err := judge.NewCompany(home)
	if err != nil {
		return err
	}
	defer c.Close()
	c.Crowd.Configure(func(cfg *fixtures.CrowdConfig) { cfg.IgnoreAddress = false })
	p, err := judge.NewProxy()
	if err != nil {
		return err
	}
	defer p.Close()
	cli := judge.CLI{Group: group, Binary: binary, Home: home, CA: c.CA, Proxy: p.Address()}
	connection := c.CrowdConnection("RemoteAddress=" + address)

	res, err := cli.Run(ctx, connection, "cookies", "--format", "header", "--connection-file", "-")
	if err != nil {
		return err
	}
	if err = res.Err(); err == nil && !strings.Contains(res.Stdout, "JSESSIONID=") {
		err = errors.New("it printed no session of Jira's")
	}
	r.Check("the product signs in to a Crowd that looks at addresses", err)
	token := tokenSent(c)
	if token == "" {
		return errors.New("the console was shown no token")
	}
	ask := func(left string) error {
		return judge.Script{Group: group, Dir: dir, Name: "product.cjs", Text: productScript, Env: append(slices.Clone(env),
			"NODE_EXTRA_CA_CERTS="+c.CA, "BASE="+c.Crowd.BaseURL(), "APP="+c.AppName, "APP_PASSWORD="+c.AppPassword,
			"TOKEN="+token, "USERNAME="+c.User, "ADDRESS="+address, "LEFT="+left)}.Run(ctx, r)
	}
	if err := ask(""); err != nil {
		return err
	}
	if res, err = cli.Run(ctx, connection, "logout", "--connection-file", "-"); err != nil {
		return err
	}
	if err = res.Err(); err == nil && c.Crowd.Sessions(c.User) != 0 {
		err = fmt.Errorf("there are still %d sessions of the user", c.Crowd.Sessions(c.User))
	}
	r.Check("the product signs out", err)
	if err := ask("yes"); err != nil {
		return err
	}
	r.Check("the product asked for no connection to any other machine", p.Strangers())
	return nil
}

// tokenSent returns the token that Crowd's console was shown last.
func tokenSent(c *judge.Company) string {
	for _, q := range slices.Backward(c.Net.Requests()) {
		if !strings.HasSuffix(c.Crowd.SSOURL(), q.Path) {
			continue
		}
		for _, line := range q.Header.Values("Cookie") {
			for pair := range strings.SplitSeq(line, "; ") {
				if value, found := strings.CutPrefix(pair, "crowd.token_key="); found {
					return strings.Trim(value, `"`)
				}
			}
		}
	}
	return ""
}
