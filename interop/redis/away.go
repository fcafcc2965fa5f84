//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// doors are the ways to log in at Redis.
func (b *bench) doors(ctx context.Context) error {
	cli, err := b.host()
	if err != nil {
		return err
	}
	at := "127.0.0.1:" + b.redis.port
	_, err = b.cookies(ctx, cli.With("SSOEXCHANGE_STORE=redis://:"+b.redis.admin+"@"+at), first, 0)
	b.Check("requirepass: the password stands in the URL", err)
	_, err = b.cookies(ctx, cli.With("SSOEXCHANGE_STORE=redis://bots:"+b.redis.bots+"@"+at+"/0"), first, 0)
	b.Check("an ACL user: name and password stand in the URL", err)
	tls := "rediss://bots@127.0.0.1:" + b.redis.tls + "?password_file=" + url.QueryEscape(b.redis.dir+"/"+botsFile)
	_, err = b.cookies(ctx, cli.With("SSOEXCHANGE_STORE="+tls+"&ca_file="+url.QueryEscape(b.redis.ca)), first, 0)
	b.Check("rediss://: TLS with a CA of one's own", err)
	b.Check("rediss:// without that CA: exit 7, and no password goes out",
		b.refused(ctx, cli.With("SSOEXCHANGE_STORE="+tls), first, 7, "certificate"))

	words := "check user and password of the store"
	b.Check("a wrong password in the URL: an error that does not show it",
		b.refused(ctx, cli.With("SSOEXCHANGE_STORE=redis://bots:"+wrongPassword+"@"+at), first, 2, words))
	b.Check("a wrong password in the file: an error that does not show it",
		b.refused(ctx, cli.With("SSOEXCHANGE_STORE="+b.redis.url(wrongFile)), first, 2, words))
	b.Check("no password at all: the same", b.refused(ctx, cli.With("SSOEXCHANGE_STORE=redis://"+at), first, 2, words))
	b.Check("another prefix than the user may use: the same",
		b.refused(ctx, cli.With("SSOEXCHANGE_STORE="+b.redis.url(botsFile)+"&prefix=elsewhere:"), first, 2, words))
	return nil
}

// ends are the ways in which a session goes.
func (b *bench) ends(ctx context.Context) error {
	one, err := b.host()
	if err != nil {
		return err
	}
	two, err := b.host()
	if err != nil {
		return err
	}
	logout := func(flags ...string) error {
		res, err := one.Run(ctx, b.connection(first), append([]string{"logout", "--connection-file", "-"}, flags...)...)
		return errors.Join(err, res.Err())
	}
	err = logout()
	if err == nil {
		_, err = b.cookies(ctx, two, first, 1)
	}
	b.Check("logout on one host: the others have no session either", err)

	before, err := b.values(ctx)
	if err == nil {
		err = logout("--forget-device")
	}
	after, valuesErr := b.values(ctx)
	if err = errors.Join(err, valuesErr); err == nil && after != before-1 {
		err = fmt.Errorf("of %d values %d are left", before, after)
	}
	b.Check("logout --forget-device removes the identity's value", err)

	_, err = b.cookies(ctx, one, first, 1)
	if err == nil {
		_, err = b.redis.cli(ctx, "FLUSHALL")
	}
	if err == nil {
		_, err = b.cookies(ctx, two, first, 1)
	}
	if err == nil {
		_, err = b.cookies(ctx, one, first, 0)
	}
	b.Check("after FLUSHALL one host signs in again, and the others have that session", err)
	return nil
}

// values counts the identities.
func (b *bench) values(ctx context.Context) (int, error) {
	out, err := b.redis.cli(ctx, "--scan", "--pattern", "ssoexchange:*:value")
	return len(strings.Fields(out)), err
}

// away takes Redis away.
func (b *bench) away(ctx context.Context) error {
	cli, err := b.host()
	if err != nil {
		return err
	}
	if err := b.redis.freeze(true); err != nil {
		return err
	}
	b.Check("a Redis that does not answer: exit 7 in time, and nobody signs in",
		b.refused(ctx, cli, first, 7, "check that Redis runs"))
	if err := b.redis.freeze(false); err != nil {
		return err
	}
	_, err = b.cookies(ctx, cli, first, 0)
	b.Check("it answers again: the session is there", err)

	b.company.Net.Reset()
	b.Check("Redis dies while a host signs in: the session is handed over with a warning, one password was sent", b.diesMeanwhile(ctx))
	b.Check("a Redis that is not there: exit 7, and nobody signs in", b.refused(ctx, cli, second, 7, "check that Redis runs"))
	if err := b.redis.start(ctx); err != nil {
		return err
	}
	_, err = b.cookies(ctx, cli, first, 1)
	b.Check("it comes back, empty: one host signs in", err)
	return nil
}

// diesMeanwhile kills Redis between the password and its verdict. What has been paid
// for by a sign-in is not thrown away: the caller gets it, though nobody else can.
func (b *bench) diesMeanwhile(ctx context.Context) error {
	cli, err := b.host()
	if err != nil {
		return err
	}
	slow := b.slowOkta()
	defer slow.letGo()
	run, err := cli.Start(ctx, strings.NewReader(b.connection(fourth)), cookiesArgs...)
	if err != nil {
		return err
	}
	err = slow.password(ctx)
	b.redis.stop()
	slow.letGo()
	res := run.Wait()
	switch {
	case err != nil:
		return err
	case res.Code != 0 || sessionOf(res.Stdout) == "":
		return fmt.Errorf("exit code %d: %s", res.Code, res.Stderr)
	case !strings.Contains(res.Stderr, "could not be stored"):
		return fmt.Errorf("it does not warn: %s", res.Stderr)
	case b.company.SignIns() != 1:
		return fmt.Errorf("%d passwords were sent", b.company.SignIns())
	}
	return b.company.Leaks(map[string]string{"what it said": res.Stderr}, b.key, b.redis.bots)
}
