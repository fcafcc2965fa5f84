//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	// tokenLife is how long access tokens live at the server that the command uses: it counts them
	// as ended ten seconds before, and eight processes must be through by then on a busy machine.
	tokenLife = 40 * time.Second
	early     = 10 * time.Second

	processes = 8
)

// commands are checks of the built command.
type commands struct {
	*harness.Processes
	ctx context.Context
	op  *server
	cli harness.CLI
	box *dovecot
}

// command lets the built command sign in, renew and hand over tokens.
func command(ctx context.Context, s *harness.Processes, op *server) error {
	if err := s.Build(ctx); err != nil {
		return err
	}
	box, err := startDovecot(ctx, s, op)
	if err != nil {
		return err
	}
	defer box.stop()
	port, err := harness.FreePort()
	if err != nil {
		return err
	}
	opener := filepath.Join(s.Dir, "opener")
	script := fmt.Sprintf("#!/bin/sh\ncd %s && CHROMIUM=%s exec node browser.mjs \"$1\" >/dev/null\n", s.Dir, chromium)
	if err := os.WriteFile(opener, []byte(script), 0o700); err != nil {
		return err
	}
	// With CI set nobody would be asked anything.
	cli, err := s.User("bot", "CI=", "BROWSER="+opener, "SSOEXCHANGE_CONNECTION="+fmt.Sprintf(
		"AuthScheme=OAuth;Site=Mail;URL=imap://127.0.0.1:%d;User=jdoe;OAuthIssuer=%s;OAuthClientId=native;"+
			"CallbackURL=http://localhost:%d/cb;Scope=openid read;InitiateOAuth=GETANDREFRESH", box.Port, op.issuer, port))
	if err != nil {
		return err
	}
	c := &commands{Processes: s, ctx: ctx, op: op, cli: cli, box: box}
	c.signIn()
	c.mail()
	c.together()
	c.logout()
	return nil
}

func (c *commands) run(args ...string) (string, error) {
	r, err := c.cli.Run(c.ctx, "", args...)
	if err == nil {
		err = r.Err()
	}
	return strings.TrimSpace(r.Stdout), err
}

// signIn: without a person the command says so; with a browser it obtains a token.
func (c *commands) signIn() {
	r, err := c.cli.Run(c.ctx, "", "token")
	if err == nil && r.Code != 4 {
		err = fmt.Errorf("exit code %d: %s", r.Code, r.Stderr)
	}
	c.Check("token: nobody has consented, and no browser is opened", err)
	_, err = c.run("login")
	c.Check("login: Chromium presses the consent button (GETANDREFRESH)", err)
	first, err := c.run("token")
	again, err1 := c.run("token")
	if err = errors.Join(err, err1); err == nil && (first != again || first == "") {
		err = errors.New("the token differs")
	}
	if n := c.op.count("grant.success", ""); err == nil && n != 1 {
		err = fmt.Errorf("the server was asked %d times", n)
	}
	c.Check("token: what is good is printed without asking the server", err)
}

// together: many processes find one token ended, and renew it once.
func (c *commands) together() {
	select {
	case <-time.After(tokenLife - early + time.Second):
	case <-c.ctx.Done():
		return
	}
	before := c.op.count("grant.success", "refresh_token")
	type result struct {
		token string
		err   error
	}
	results := make(chan result, processes)
	for range processes {
		go func() {
			token, err := c.run("token")
			results <- result{token, err}
		}()
	}
	tokens, err := make(map[string]bool), error(nil)
	for range processes {
		r := <-results
		tokens[r.token] = true
		err = errors.Join(err, r.err)
	}
	if err == nil && len(tokens) != 1 {
		err = fmt.Errorf("%d different tokens", len(tokens))
	}
	c.Check(fmt.Sprintf("%d processes print one renewed token", processes), err)
	if n := c.op.count("grant.success", "refresh_token") - before; n != 1 {
		err = fmt.Errorf("%d refreshes", n)
	}
	c.Check("the journal has one refresh, and no grant that was presented twice", errors.Join(err, c.op.spentOnce(0)))
}

// logout revokes the grant.
func (c *commands) logout() {
	_, err := c.run("logout")
	if revoked := c.op.count("grant.revoked", ""); err == nil && revoked != 1 {
		err = fmt.Errorf("%d grants were revoked", revoked)
	}
	c.Check("logout revokes the grant at the server", err)
	r, err := c.cli.Run(c.ctx, "", "token")
	if err == nil && r.Code != 4 {
		err = fmt.Errorf("exit code %d: %s", r.Code, r.Stderr)
	}
	c.Check("after that a person is needed", err)
}
