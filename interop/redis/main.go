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
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "redis",
		Limit: 4 * time.Minute, // installing the programs is part of it
		Needs: []harness.Needs{
			{File: "redis-server", Package: "redis-server"}, {File: "redis-cli", Package: "redis-tools"},
			{File: "age", Package: "age"}, {File: "openssl", Package: "openssl"},
		},
	}, run))
}

// bench is what all checks share.
type bench struct {
	*harness.Processes
	company *harness.Env
	redis   *server
	key     string // of the fleet: an age secret key
	hosts   int
}

func run(ctx context.Context, s *harness.Processes) error {
	company, err := harness.NewEnv(s.Dir, fixtures.WorldOptions{})
	if err != nil {
		return err
	}
	defer company.Close()
	if err := s.Build(ctx); err != nil {
		return err
	}
	b := &bench{Processes: s, company: company}
	if b.redis, err = newServer(ctx, s.Group, s.Dir); err != nil {
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
	s.CheckLoopback()
	return nil
}

// makeKey has age-keygen make the key of the fleet.
func (b *bench) makeKey(ctx context.Context) error {
	out, err := b.Group.Command(ctx, "age-keygen").Output()
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
func (b *bench) host() (harness.CLI, error) {
	b.hosts++
	return b.User(fmt.Sprintf("host%d", b.hosts), "SSOEXCHANGE_STORE="+b.redis.url(botsFile), "SSOEXCHANGE_STATE_KEY="+b.key)
}

// connection is the connection string of a user of the company.
func (b *bench) connection(user string, props ...string) string {
	return b.company.OktaConnection(append([]string{"User=" + user, "SSLServerCert=" + b.company.CA}, props...)...)
}

// cookiesArgs are the arguments of the command that reads its connection from
// standard input.
var cookiesArgs = []string{"cookies", "--connection-file", "-"}

// cookies returns what "cookies" printed; wantSignIns passwords must have been sent.
func (b *bench) cookies(ctx context.Context, cli harness.CLI, user string, wantSignIns int) (string, error) {
	res, err := b.company.Cookies(ctx, cli, b.connection(user), wantSignIns)
	return res.Stdout, err
}

// refused runs the command, which must end with an exit code and all of the words, and
// show neither a key nor a password.
func (b *bench) refused(ctx context.Context, cli harness.CLI, user string, code int, words ...string) error {
	return b.company.Refused(ctx, cli, harness.Refusal{
		Code: code, Within: soon, Words: words,
		Secrets: []string{b.key, b.redis.bots, b.redis.admin, wrongPassword},
	}, b.connection(user), cookiesArgs...)
}

// soon is how long a failure may take.
const soon = 20 * time.Second
