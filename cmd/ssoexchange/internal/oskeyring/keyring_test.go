package oskeyring

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/sso"
)

// TestKeyringSilent: a locked keyring is not the same as none.
func TestKeyringSilent(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	for _, c := range []struct {
		name       string
		takes      time.Duration
		err        error
		text, hint string
	}{
		{"locked", time.Hour, nil, "did not answer", "unlock it"},
		{"none", 0, errors.New("no such service"), "cannot be read", "PasswordFile"},
		{"no such item", 0, keyring.ErrNotFound, "no account work/Password", "store it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := keyringAnswer(t.Context(), "work/Password", func() (string, error) {
					time.Sleep(c.takes)
					return "", c.err
				})
				if !errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), c.text) || !strings.Contains(sso.Hint(err), c.hint) {
					t.Errorf("%v (hint: %s)", err, sso.Hint(err))
				}
				time.Sleep(time.Hour) // for the call that nobody waits for
			})
		})
	}
}

// TestKeyringStoredTooLate: what a person approves of after the program has said that
// it failed does not stay.
func TestKeyringStoredTooLate(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	for _, c := range []struct {
		name  string
		takes time.Duration
		stop  time.Duration // when the user interrupts; 0: never
		err   error
		stays bool
	}{
		{name: "in time", takes: keyringWait - time.Second, stays: true},
		{name: "too late", takes: keyringWait + time.Second, err: errSilent},
		{name: "interrupted", takes: 2 * time.Second, stop: time.Second, err: context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.stop > 0 {
					time.AfterFunc(c.stop, cancel)
				}
				there := make(chan bool, 2)
				err := setInTime(ctx,
					func() error { time.Sleep(c.takes); there <- true; return nil },
					func() error { there <- false; return nil })
				if !errors.Is(err, c.err) {
					t.Errorf("%v, want %v", err, c.err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				close(there)
				stays := false
				for stays = range there {
				}
				if stays != c.stays {
					t.Errorf("the secret is there: %t", stays)
				}
			})
		})
	}
}

// TestStoreUnread: what the keyring had before and could not be read is not lost by storing
// something else that fails.
func TestStoreUnread(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	synctest.Test(t, func(t *testing.T) {
		keyring.MockInit()
		if err := keyring.Set(Service, "work/Password", "old"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := Store(ctx, []Item{{Account: "work/Password", Secret: func() string { return "new" }}})
		synctest.Wait()
		if got, gone := keyring.Get(Service, "work/Password"); err == nil || got != "old" {
			t.Errorf("%v: the keyring has %q (%v)", err, got, gone)
		}
	})
}

// TestStoreUndoneLate: an interrupted command still puts back what was there.
func TestStoreUndoneLate(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	synctest.Test(t, func(t *testing.T) {
		keyring.MockInit()
		if err := keyring.Set(Service, "work/Password", "old"); err != nil {
			t.Fatal(err)
		}
		undo, err := Store(t.Context(), []Item{{Account: "work/Password", Secret: func() string { return "new" }}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := undo(ctx); err != nil {
			t.Error(err)
		}
		if got, err := keyring.Get(Service, "work/Password"); got != "old" {
			t.Errorf("the keyring has %q (%v)", got, err)
		}
	})
}
