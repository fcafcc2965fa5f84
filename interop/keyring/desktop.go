//go:build linux

package main

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	// loginPassword opens the throwaway keyring.
	loginPassword = "throwaway"

	secretsBus  = "org.freedesktop.secrets"
	secretsPath = "/org/freedesktop/secrets"
)

// desktop is a user's session: a bus, and perhaps a keyring that is unlocked.
type desktop struct {
	harness.CLI
	bench   *bench
	bus     *exec.Cmd
	keyring *exec.Cmd // nil: nobody has logged in to it
}

// newDesktop starts a bus, with dbus-daemon itself because it is to end with this
// program even if that is killed. The bus starts services by itself, as on every desktop:
// GNOME Keyring too, locked.
func (b *bench) newDesktop(ctx context.Context, name string) (*desktop, error) {
	user, err := b.User(name)
	if err != nil {
		return nil, err
	}
	address := "unix:path=" + filepath.Join(user.Home, "bus")
	d := &desktop{CLI: user.With("DBUS_SESSION_BUS_ADDRESS=" + address), bench: b}
	d.bus = b.Group.Command(ctx, "dbus-daemon", "--session", "--nofork", "--nopidfile", "--address="+address)
	d.bus.Env = d.Environ()
	if err := d.bus.Start(); err != nil {
		return nil, err
	}
	return d, harness.Wait(ctx, "the session bus", func() bool {
		return d.busCall(ctx, "org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames") == nil
	})
}

// logIn starts the keyring and unlocks it, as the display manager does.
func (d *desktop) logIn(ctx context.Context) error {
	d.keyring = d.Group.Command(ctx, "gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground",
		"--control-directory="+filepath.Join(d.Home, "control"))
	d.keyring.Env, d.keyring.Stdin = d.Environ(), strings.NewReader(loginPassword)
	if err := d.keyring.Start(); err != nil {
		return err
	}
	// A question to the service itself would have the bus start another one.
	return harness.Wait(ctx, "the keyring", func() bool {
		return d.busCall(ctx, "org.freedesktop.DBus", "/", "org.freedesktop.DBus.GetNameOwner", "string:"+secretsBus) == nil
	})
}

// logOut ends the keyring. What is in it is in files below the home.
func (d *desktop) logOut() {
	if d.keyring != nil {
		_ = d.keyring.Process.Kill()
		_ = d.keyring.Wait() // it was killed
		d.keyring = nil
	}
}

// lock locks the keyring. There is no screen on which it could ask for its password,
// so whoever asks to have it unlocked is denied.
func (d *desktop) lock(ctx context.Context) error {
	return d.busCall(ctx, secretsBus, secretsPath, "org.freedesktop.Secret.Service.Lock", "array:objpath:"+secretsPath+"/collection/login")
}

// freeze lets the keyring answer nobody, or again, as one does whose question nobody sees.
func (d *desktop) freeze(dumb bool) error {
	signal := syscall.SIGCONT
	if dumb {
		signal = syscall.SIGSTOP
	}
	return d.keyring.Process.Signal(signal)
}

// close ends the session. The keyring that the bus has started ends with the bus.
func (d *desktop) close() {
	d.logOut()
	_ = d.bus.Process.Signal(syscall.SIGTERM)
	_ = d.bus.Wait() // by that signal
}

func (d *desktop) busCall(ctx context.Context, to, path, method string, args ...string) error {
	res, err := d.Execute(ctx, "", "dbus-send", append([]string{"--session", "--print-reply", "--reply-timeout=5000", "--dest=" + to, path, method}, args...)...)
	return errors.Join(err, res.Err())
}

// store has secret-tool keep a secret, in the form that the command's hints give.
func (d *desktop) store(ctx context.Context, account, secret string) error {
	res, err := d.Execute(ctx, secret, "secret-tool", "store", "--label", "ssoexchange", "service", "ssoexchange", "username", account)
	return errors.Join(err, res.Err())
}

// lookup returns what secret-tool finds, "" if nothing.
func (d *desktop) lookup(ctx context.Context, account string) (string, error) {
	res, err := d.Execute(ctx, "", "secret-tool", "lookup", "service", "ssoexchange", "username", account)
	if err == nil && res.Code != 0 && res.Stdout+res.Stderr != "" {
		err = res.Err()
	}
	return res.Stdout, err
}

// accounts lists the accounts of the service; the secrets that secret-tool prints
// between them are not kept.
func (d *desktop) accounts(ctx context.Context) ([]string, error) {
	res, err := d.Execute(ctx, "", "secret-tool", "search", "--all", "service", "ssoexchange")
	var list []string
	for line := range strings.Lines(res.Stdout + res.Stderr) { // the attributes are on the latter
		if account, ok := strings.CutPrefix(strings.TrimSpace(line), "attribute.username = "); ok {
			list = append(list, account)
		}
	}
	return list, err
}

// clear has secret-tool remove a secret.
func (d *desktop) clear(ctx context.Context, account string) error {
	res, err := d.Execute(ctx, "", "secret-tool", "clear", "service", "ssoexchange", "username", account)
	return errors.Join(err, res.Err())
}
