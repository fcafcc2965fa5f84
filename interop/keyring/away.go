//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// lockedOut are the checks on a keyring that is there and gives nothing.
func (b *bench) lockedOut(ctx context.Context, d *desktop) {
	state := filepath.Join(d.Home, "state")
	cannot := []string{"the key of the state is in the OS keyring", "unlock the keyring"}
	cron := d.CLI // the same user, without the desktop's bus
	cron.Env = nil
	other := d.With("SSOEXCHANGE_STATE_DIR=" + filepath.Join(d.Home, "other")) // whose key need not come from the keyring

	if err := d.lock(ctx); err != nil {
		b.Check("the keyring can be locked", err)
		return
	}
	b.Check("locked: a command ends with an error, and nothing is lost", unchanged(state, func() error {
		return b.refused(ctx, d.CLI, b.connection(), cookiesArgs, cannot)
	}))
	b.Check("locked: a new state keeps its key in a file, and PasswordKeyring is an error", b.refused(ctx, other,
		b.keyringConnection(), cookiesArgs, []string{"the keyring did not give the secret", "unlocked"}))
	b.Check("locked: profile add --keyring writes nothing", b.addRefused(ctx, d.CLI))

	b.Check("from cron, without the bus: an error, and nothing is lost", unchanged(state, func() error {
		return b.refused(ctx, cron, b.connection(), cookiesArgs, cannot)
	}))

	d.logOut()
	if err := d.logIn(ctx); err != nil {
		b.Check("somebody can log in again", err)
		return
	}
	_, err := b.company.Cookies(ctx, d.CLI, b.connection(), 0)
	b.Check("after the next login the session is there", err)

	if err := d.freeze(true); err != nil {
		b.Check("the keyring can be stopped", err)
		return
	}
	b.Check("dumb: a command does not hang, and nothing is lost", unchanged(state, func() error {
		return b.refused(ctx, d.CLI, b.connection(), cookiesArgs, append(cannot, "no answer within 3 s"))
	}))
	b.Check("it answers again", d.freeze(false))
	_, err = b.company.Cookies(ctx, d.CLI, b.connection(), 0)
	b.Check("and the session is there", err)
}

// dumbFor is how long a person has for the keyring, with something on top.
const dumbFor = 40 * time.Second

// askDumb begins to sign in with a password from a keyring that does not answer. That
// takes as long as a person may need to unlock one, so other checks go on meanwhile;
// what is returned makes this one, and ends that desktop.
func (b *bench) askDumb(ctx context.Context) (verdict func(), err error) {
	d, err := b.newDesktop(ctx, "dumb")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(d.logIn(ctx), d.freeze(true)); err != nil {
		d.close()
		return nil, err
	}
	d.Env = append(d.Env, "SSOEXCHANGE_STATE_KEY="+keyText) // so that only the password is asked for
	ctx, cancel := context.WithTimeout(ctx, dumbFor)
	asking, err := d.Start(ctx, strings.NewReader(b.keyringConnection("User=google@example.com", "Timeout=2")), cookiesArgs...)
	if err != nil {
		cancel()
		d.close()
		return nil, err
	}
	return func() {
		defer d.close()
		defer cancel()
		res := asking.Wait()
		switch {
		case ctx.Err() != nil:
			err = fmt.Errorf("it did not end within %s", dumbFor)
		case res.Code != 2 || !strings.Contains(res.Stderr, "the keyring did not give the secret"):
			err = fmt.Errorf("exit code %d: %s", res.Code, harness.Tail([]byte(res.Stderr), 300))
		}
		b.Check("dumb: PasswordKeyring is an error in the end", err)
	}, nil
}

// addRefused tries to add a profile whose secret has no place to go.
func (b *bench) addRefused(ctx context.Context, cli harness.CLI) error {
	err := b.refused(ctx, cli, b.connection(), []string{"profile", "add", "nowhere", "--connection-file", "-", "--keyring"},
		[]string{"no OS keyring that keeps secrets", "ends in File or Command"})
	text, readErr := os.ReadFile(filepath.Join(cli.Home, "config", "ssoexchange", "config.yaml"))
	if err == nil && readErr == nil && strings.Contains(string(text), "nowhere") {
		err = errors.New("the profile is in the file")
	}
	return err
}

// keyGone takes the key away. The session cannot be read any more, and it must not be
// written over by whoever does not know that.
func (b *bench) keyGone(ctx context.Context, d *desktop, record, account, key string) {
	state := filepath.Join(d.Home, "state")
	if err := d.clear(ctx, account); err != nil {
		b.Check("secret-tool can remove the key", err)
		return
	}
	b.Check("key gone: an error names the item, and nothing is written over", unchanged(state, func() error {
		return b.refused(ctx, d.CLI, b.connection(), cookiesArgs, []string{"no longer has the key", account, "restore it"})
	}))
	err := d.store(ctx, account, key)
	if err == nil {
		_, err = b.company.Cookies(ctx, d.CLI, b.connection(), 0)
	}
	b.Check("key gone, and restored with secret-tool: the session is there", err)

	if err := d.clear(ctx, account); err != nil {
		b.Check("secret-tool can remove the key again", err)
		return
	}
	b.Check("key gone for good, another one in $SSOEXCHANGE_STATE_KEY: the record is set aside with a warning", b.setAside(ctx, d, record))
}

// setAside signs in with another key and finds the old record, unchanged, beside the
// new one.
func (b *bench) setAside(ctx context.Context, d *desktop, record string) error {
	old, err := os.ReadFile(record)
	if err != nil {
		return err
	}
	cli := d.With("SSOEXCHANGE_STATE_KEY=" + keyText)
	res, err := b.company.Cookies(ctx, cli, b.connection(), 1)
	if err != nil {
		return err
	}
	if !strings.Contains(res.Stderr, "level=WARN msg=state_record_set_aside") {
		return fmt.Errorf("there is no warning: %s", harness.Tail([]byte(res.Stderr), 300))
	}
	aside, err := filepath.Glob(record + ".damaged-*")
	if err != nil || len(aside) != 1 {
		return errors.Join(err, fmt.Errorf("%d records of that name were set aside", len(aside)))
	}
	kept, err := os.ReadFile(aside[0])
	if err == nil && !bytes.Equal(kept, old) {
		err = errors.New("what was set aside is not the old record")
	}
	if err == nil {
		_, err = b.company.Cookies(ctx, cli, b.connection(), 0)
	}
	return err
}
