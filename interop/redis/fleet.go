//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// Users without a second factor, each with a record of their own.
const (
	first  = "passwordonly@example.com"
	second = "second@example.com"
	third  = "third@example.com"
	fourth = "fourth@example.com"
)

// addUsers adds those whom the company does not have.
func (b *bench) addUsers() {
	for _, user := range []string{second, third, fourth} {
		b.company.Okta.AddUser(fixtures.User{Login: user, Password: b.company.Password, FirstName: "Ada", LastName: "Example"})
		b.company.Jira.AddUser(fixtures.JiraUser{Name: user, Email: user, DisplayName: "Ada Example"})
	}
}

// sessionOf returns the cookie that is the session, of what "cookies" printed.
func sessionOf(cookies string) string {
	_, session, _ := strings.Cut(cookies, "JSESSIONID=")
	session, _, _ = strings.Cut(strings.TrimSpace(session), ";")
	return session
}

// keyForm is what the names of keys may be.
var keyForm = regexp.MustCompile(`^ssoexchange:\{[0-9a-f]{32}\}:(value|lease|fence|written)$`)

// fleet signs in on one host, and looks at what the others and Redis make of it.
func (b *bench) fleet(ctx context.Context) error {
	b.addUsers()
	one, err := b.host()
	if err != nil {
		return err
	}
	two, err := b.host()
	if err != nil {
		return err
	}
	signedIn, err := b.cookies(ctx, one, first, 1)
	b.Check("a host signs in, as a user with the documented rights", err)
	if err != nil {
		return nil // nothing below means anything
	}
	read, err := b.cookies(ctx, two, first, 0)
	if err == nil && sessionOf(read) != sessionOf(signedIn) {
		err = errors.New("it has another one")
	}
	b.Check("another host has the same session, and sends no password", err)

	keys, err := b.redis.keys(ctx)
	value := ""
	for _, key := range keys {
		if !keyForm.MatchString(key) {
			err = errors.Join(err, fmt.Errorf("there is the key %.60q", key))
		}
		if strings.HasSuffix(key, ":value") {
			value = key
		}
	}
	if err == nil && value == "" {
		err = errors.New("there is no value")
	}
	b.Check("redis-cli sees keys of the documented form, and no others", err)
	all, err := b.redis.everything(ctx)
	if err == nil {
		err = b.company.Leaks(all, first, "passwordonly", "localhost", "JSESSIONID", "samlconsumer", b.key)
	}
	b.Check("redis-cli sees no cookie, no user, no host, no password and no key", err)
	b.Check("age opens the value with the key of the fleet, and finds the session", b.ageOpens(ctx, value))
	b.Check("the value does not expire, and there is no lease while nobody signs in", b.expiry(ctx, value))
	b.Check("doctor looks at this store, and shows no secret", b.doctor(ctx, two.Home))

	other := two.With("SSOEXCHANGE_STATE_KEY=" + strings.Repeat("A", 43) + "=")
	before, err := b.redis.cli(ctx, "HGET", value, "data")
	if err == nil {
		err = b.refused(ctx, other, first, 2, "another key")
	}
	if after, getErr := b.redis.cli(ctx, "HGET", value, "data"); err == nil && (getErr != nil || after != before) {
		err = errors.New("it has changed the value")
	}
	b.Check("a host with another key: an error, and the value stays", err)
	return nil
}

// ageOpens takes the value out of Redis and decrypts it.
func (b *bench) ageOpens(ctx context.Context, value string) error {
	data, err := b.redis.cli(ctx, "HGET", value, "data")
	if err != nil {
		return err
	}
	file := filepath.Join(b.Dir, "value.age")
	if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
		return err
	}
	age := b.Group.Command(ctx, "age", "--decrypt", "--identity", "-", file)
	age.Stdin = strings.NewReader(b.key)
	out, err := age.Output()
	if err != nil {
		return errors.New("age does not open it")
	}
	if !strings.Contains(string(out), "JSESSIONID") || !strings.Contains(string(out), first) {
		return errors.New("there is no session in it")
	}
	return nil
}

// expiry wants what the documentation of the store says of it.
func (b *bench) expiry(ctx context.Context, value string) error {
	ttl, err := b.redis.cli(ctx, "TTL", value)
	if err == nil && ttl != "-1" {
		err = fmt.Errorf("it lives for %s seconds", ttl)
	}
	leases, leaseErr := b.leases(ctx)
	if len(leases) > 0 {
		err = errors.Join(err, fmt.Errorf("there are %d leases", len(leases)))
	}
	return errors.Join(err, leaseErr)
}

// leases lists the keys of leases.
func (b *bench) leases(ctx context.Context) ([]string, error) {
	out, err := b.redis.cli(ctx, "--scan", "--pattern", "ssoexchange:*:lease")
	return strings.Fields(out), err
}

// doctor runs "doctor" against the store.
func (b *bench) doctor(ctx context.Context, home string) error {
	cli, err := b.host()
	if err != nil {
		return err
	}
	res, err := cli.Run(ctx, b.connection(first), "doctor", "--connection-file", "-")
	if err = errors.Join(err, res.Err()); err != nil {
		return err
	}
	for _, want := range []string{"the shared store answers", "state.lease", "state.records"} {
		if !strings.Contains(res.Stdout, want) {
			return fmt.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(res.Stdout, home) || strings.Contains(res.Stdout, cli.Home) {
		return errors.New("it looked at a directory")
	}
	return b.company.Leaks(map[string]string{"what doctor said": res.Stdout + res.Stderr}, b.key, b.redis.bots)
}
