//go:build linux

// Command redis proves what several hosts do that share their sessions in a real Redis.
//
//	go run ./interop/redis
//
// Hosts are runs of the built command that have nothing in common but the address of
// Redis and the key of the fleet. redis-cli looks at what they leave there, as whoever
// operates that Redis could, and the age tool opens it with the key. The user that they
// log in with may do what the documentation asks for and nothing else.
//
// Everything listens on 127.0.0.1 and is ended, also after a failure or an interrupt.
// The last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together; installing the programs is part of it.
const limit = 4 * time.Minute

var needs = []judge.Needs{
	{File: "redis-server", Package: "redis-server"}, {File: "redis-cli", Package: "redis-tools"},
	{File: "age", Package: "age"}, {File: "openssl", Package: "openssl"},
}

func main() { os.Exit(judge.Main(limit, run)) }

// bench is what all checks share.
type bench struct {
	*judge.Report
	company *judge.Company
	redis   *server
	group   *judge.Group
	binary  string
	proxy   string
	dir     string
	key     string // of the fleet: an age secret key
	hosts   int
}

func run(ctx context.Context, r *judge.Report) (err error) {
	if err := judge.Install(ctx, needs...); err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("redis")
	if err != nil {
		return err
	}
	defer remove()
	company, err := judge.NewCompany(dir)
	if err != nil {
		return err
	}
	defer company.Close()
	p, err := judge.NewProxy()
	if err != nil {
		return err
	}
	defer p.Close()
	group := judge.NewGroup()
	defer func() { err = errors.Join(err, group.End()) }()
	b := &bench{Report: r, company: company, group: group, proxy: p.Address(), dir: dir}
	if b.binary, err = judge.BuildCLI(ctx, group, dir); err != nil {
		return err
	}
	if b.redis, err = newServer(ctx, group, dir); err != nil {
		return err
	}
	defer b.redis.stop()
	if err := b.makeKey(ctx); err != nil {
		return err
	}
	for _, part := range []func(*bench, context.Context) error{
		(*bench).fleet, (*bench).together, (*bench).replicas, (*bench).doors, (*bench).ends, (*bench).away,
	} {
		if err := part(b, ctx); err != nil {
			return err
		}
	}
	r.Check("no connection was asked for to any other machine", p.Strangers())
	return nil
}

// makeKey has age-keygen make the key of the fleet.
func (b *bench) makeKey(ctx context.Context) error {
	out, err := b.group.Command(ctx, "age-keygen").Output()
	if err != nil {
		return fmt.Errorf("age-keygen: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "AGE-SECRET-KEY-1") {
			b.key = strings.TrimSpace(line)
		}
	}
	if b.key == "" {
		return errors.New("age-keygen made no key")
	}
	return nil
}

// host is the command on another host of the fleet: with a home of its own.
func (b *bench) host() (judge.CLI, error) {
	b.hosts++
	home := filepath.Join(b.dir, fmt.Sprintf("host%d", b.hosts))
	return judge.CLI{Group: b.group, Binary: b.binary, Home: home, Proxy: b.proxy, Env: []string{
		"SSOEXCHANGE_STORE=" + b.redis.url(botsFile), "SSOEXCHANGE_STATE_KEY=" + b.key,
	}}, os.Mkdir(home, 0o700)
}

// with is cli with another value of a variable.
func with(cli judge.CLI, env ...string) judge.CLI {
	cli.Env = append(cli.Env[:len(cli.Env):len(cli.Env)], env...)
	return cli
}

// connection is the connection string of a user of the company.
func (b *bench) connection(user string, props ...string) string {
	return b.company.OktaConnection(append([]string{"User=" + user, "SSLServerCert=" + b.company.CA}, props...)...)
}

// cookiesArgs are the arguments of the command that reads its connection from
// standard input.
var cookiesArgs = []string{"cookies", "--connection-file", "-"}

// cookies returns what "cookies" printed; wantSignIns passwords must have been sent.
func (b *bench) cookies(ctx context.Context, cli judge.CLI, user string, wantSignIns int) (string, error) {
	b.company.Net.Reset()
	res, err := cli.Run(ctx, b.connection(user), cookiesArgs...)
	switch err = errors.Join(err, res.Err()); {
	case err != nil:
		return "", err
	case sessionOf(res.Stdout) == "":
		return "", errors.New("it printed no session cookie")
	case b.company.SignIns() != wantSignIns:
		return "", fmt.Errorf("%d passwords were sent, not %d", b.company.SignIns(), wantSignIns)
	}
	return res.Stdout, nil
}

// refused runs the command, which must end soon with an exit code and a hint, say all
// of the words, show no secret and have sent no password.
func (b *bench) refused(ctx context.Context, cli judge.CLI, user string, code int, words ...string) error {
	b.company.Net.Reset()
	start := time.Now()
	res, err := cli.Run(ctx, b.connection(user), cookiesArgs...)
	switch took := time.Since(start); {
	case err != nil:
		return err
	case res.Code != code:
		return fmt.Errorf("exit code %d, not %d: %s", res.Code, code, judge.Tail([]byte(res.Stderr), 400))
	case took > soon:
		return fmt.Errorf("it took %s", took.Round(time.Second))
	case !strings.Contains(res.Stderr, "hint: "):
		return fmt.Errorf("there is no hint: %s", res.Stderr)
	case b.company.SignIns() > 0:
		return errors.New("a password was sent")
	}
	for _, word := range words {
		if !strings.Contains(res.Stderr, word) {
			return fmt.Errorf("it does not say %q: %s", word, judge.Tail([]byte(res.Stderr), 400))
		}
	}
	return b.company.Leaks(map[string]string{"what it said": res.Stdout + res.Stderr}, b.key, b.redis.bots, b.redis.admin, wrongPassword)
}

// soon is how long a failure may take.
const soon = 20 * time.Second
