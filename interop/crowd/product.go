//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const address = "127.0.0.1" // where everything here comes from

// checkProduct signs in with the built command, asks a client about the token, signs
// out and asks again.
func checkProduct(ctx context.Context, s *harness.Processes, env []string) error {
	if err := s.Build(ctx); err != nil {
		return err
	}
	cli, err := s.User("home")
	if err != nil {
		return err
	}
	c, err := harness.NewEnv(cli.Home, fixtures.WorldOptions{})
	if err != nil {
		return err
	}
	defer c.Close()
	c.Crowd.Configure(func(cfg *fixtures.CrowdConfig) { cfg.IgnoreAddress = false })
	cli.CA = c.CA
	connection := c.CrowdConnection("RemoteAddress=" + address)

	res, err := cli.Run(ctx, connection, "cookies", "--format", "header", "--connection-file", "-")
	if err != nil {
		return err
	}
	if err = res.Err(); err == nil && !strings.Contains(res.Stdout, "JSESSIONID=") {
		err = errors.New("it printed no session of Jira's")
	}
	s.Check("the product signs in to a Crowd that looks at addresses", err)
	token := tokenSent(c)
	if token == "" {
		return errors.New("the console was shown no token")
	}
	ask := func(left string) error {
		return s.Script(ctx, "product.cjs", append(slices.Clone(env),
			"NODE_EXTRA_CA_CERTS="+c.CA, "BASE="+c.Crowd.BaseURL(), "APP="+c.AppName, "APP_PASSWORD="+c.AppPassword,
			"TOKEN="+token, "USERNAME="+c.User, "ADDRESS="+address, "LEFT="+left)...)
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
	s.Check("the product signs out", err)
	if err := ask("yes"); err != nil {
		return err
	}
	s.Check("the product asked for no connection to any other machine", s.Proxy.Strangers())
	return nil
}

// tokenSent returns the token that Crowd's console was shown last.
func tokenSent(c *harness.Env) string {
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
