// Package oskeyring keeps secrets in the keyring of the operating system. Every call has a
// bound: some keyrings never answer when nobody can unlock them.
package oskeyring

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
)

// Service is the name under which the OS keyring has what is ours.
const Service = "ssoexchange"

// Secret returns the secret that the OS keyring has for an account of
// service ssoexchange. Some keyrings never answer when nobody can unlock them, and the
// time that a sign-in may take does not bound this: a person may be typing. So the
// wait has a bound of its own.
func Secret(ctx context.Context, account string) (string, error) {
	return keyringAnswer(ctx, account, func() (string, error) { return keyring.Get(Service, account) })
}

// keyringAnswer is what get returns in time, or why that is nothing.
func keyringAnswer(ctx context.Context, account string, get func() (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, keyringWait)
	defer cancel()
	secret, err := Ask(ctx, get)
	switch {
	case err == nil:
		return secret, nil
	case errors.Is(err, keyring.ErrNotFound):
		return "", clierror.Config("the keyring has no account "+account+" of service ssoexchange",
			"store it: secret-tool store --label ssoexchange service ssoexchange username "+account)
	case errors.Is(err, errSilent):
		return "", err
	case errors.Is(context.Cause(ctx), context.Canceled):
		return "", context.Cause(ctx)
	}
	return "", clierror.Config("the OS keyring cannot be read",
		"use PasswordFile or PasswordCommand where there is no keyring")
}

// errNoBus tells of a machine without a desktop session.
var errNoBus = errors.New("there is no session bus")

// errSilent tells of a keyring that has not answered: most likely it is locked.
var errSilent = clierror.Config("the OS keyring did not answer in time",
	"unlock it, and answer its question within 30 s; "+
		"where nobody can (servers, cron), use a property that ends in File or Command")

// Ask makes one call to the keyring, which may hang, and waits for it no
// longer than ctx lasts.
//
// Without a session bus the library would start one (dbus-launch), which has no
// keyring and stays behind; so it is not called then.
func Ask(ctx context.Context, call func() (string, error)) (string, error) {
	if !sessionBus() {
		return "", errNoBus
	}
	type answer struct {
		secret string
		err    error
	}
	done := make(chan answer, 1)
	go func() {
		s, err := call()
		done <- answer{s, err}
	}()
	select {
	case a := <-done:
		return a.secret, a.err
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return "", errSilent
		}
		return "", context.Cause(ctx)
	}
}

// sessionBus reports whether there can be a keyring where this system has it.
func sessionBus() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" || os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return filepath.IsAbs(dir) && err == nil
}

// Item is a secret on its way to the keyring.
type Item struct {
	Account string
	Secret  func() string // a function, so that no print shows it
}

// Store puts secrets into the keyring, all or none, and reads each back: some keyrings take what
// they do not keep. undo puts back what was there before.
func Store(ctx context.Context, items []Item) (undo func(context.Context) error, err error) {
	var undos []func() error
	undo = func(ctx context.Context) error {
		var errs []error
		ctx = context.WithoutCancel(ctx) // an interrupted command puts back, too
		for _, u := range slices.Backward(undos) {
			if err := inTime(ctx, u); err != nil && !errors.Is(err, keyring.ErrNotFound) {
				errs = append(errs, clierror.Config("the keyring could not be put back as it was", "give the secret again"))
			}
		}
		return errors.Join(errs...)
	}
	for _, item := range items {
		back := func() error { return keyring.Delete(Service, item.Account) }
		old, err := read(ctx, item.Account)
		if err == nil {
			back = func() error { return keyring.Set(Service, item.Account, old) }
		}
		if err == nil || errors.Is(err, keyring.ErrNotFound) { // else what is there could not be put back
			err = setInTime(ctx, func() error { return keyring.Set(Service, item.Account, item.Secret()) }, back)
			if err == nil {
				var kept string
				if kept, err = read(ctx, item.Account); err == nil && kept != item.Secret() {
					err = errors.New("it does not keep what it is given")
				}
			}
			undos = append(undos, back)
		}
		if err != nil {
			_ = undo(ctx)
			if errors.Is(err, errSilent) {
				return undo, err
			}
			return undo, clierror.Config("there is no OS keyring that keeps secrets here",
				"use a property that ends in File or Command")
		}
	}
	return undo, nil
}

// read is what the keyring has for an account. The error is the keyring's own.
func read(ctx context.Context, account string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, keyringWait)
	defer cancel()
	return Ask(ctx, func() (string, error) { return keyring.Get(Service, account) })
}

// Remove removes items; those that are not there are gone already.
func Remove(ctx context.Context, Accounts []string) error {
	for _, account := range Accounts {
		err := inTime(ctx, func() error { return keyring.Delete(Service, account) })
		if err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return clierror.Config("the keyring's item "+account+" could not be removed",
				"remove it with the keyring's own program (service "+Service+")")
		}
	}
	return nil
}

// keyringWait is how long a person may take to unlock the keyring.
const keyringWait = 30 * time.Second

// inTime is Ask for a call without an answer, of which a person may have to
// approve.
func inTime(ctx context.Context, call func() error) error {
	ctx, cancel := context.WithTimeout(ctx, keyringWait)
	defer cancel()
	_, err := Ask(ctx, func() (string, error) { return "", call() })
	return err
}

// setInTime is inTime for a call that stores something. If a person approves of it when
// nobody waits any more, it is undone at once: its caller was told that it has failed.
func setInTime(ctx context.Context, set, undo func() error) error {
	ctx, cancel := context.WithTimeout(ctx, keyringWait)
	defer cancel()
	_, err := Ask(ctx, func() (string, error) {
		err := set()
		if err == nil && ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), undo())
		}
		return "", err
	})
	return err
}
