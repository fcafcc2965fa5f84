package filestore

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	keyringService = "ssoexchange"
	// keyringTimeout bounds every call: some keyrings wait for somebody to unlock
	// them and never answer a process that has no screen.
	keyringTimeout = 3 * time.Second
)

var errKeyringSilent = errors.New("no answer within 3 s")

// errNoBus tells of a machine without a desktop session.
var errNoBus = errors.New("there is no session bus")

// sessionBus reports whether the keyring can be where this system has it. Asking for
// the Secret Service without a session bus would start one (dbus-launch), which has
// no keyring and stays behind.
func sessionBus() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" || os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	return filepath.IsAbs(dir) && exists(filepath.Join(dir, "bus"))
}

// withTimeout runs one keyring call. A call that does not come back keeps its
// goroutine; there is one such call in the life of a process.
func withTimeout(call func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	if !sessionBus() {
		return "", errNoBus
	}
	done := make(chan answer, 1)
	go func() {
		text, err := call()
		done <- answer{text, err}
	}()
	timer := time.NewTimer(keyringTimeout)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.text, a.err
	case <-timer.C:
		return "", errKeyringSilent
	}
}

// keyringStore puts the key under a new name, and reads it back: some keyrings take
// what they do not keep.
func keyringStore(key *Key) (name string, err error) {
	name = "state-" + rand.Text()
	got, err := withTimeout(func() (string, error) {
		if err := keyring.Set(keyringService, name, key.Secret()); err != nil {
			return "", err
		}
		return keyring.Get(keyringService, name)
	})
	if err != nil {
		return "", fail("", err, "no usable keyring")
	}
	if got != key.Secret() {
		return "", fail("", nil, "the keyring does not keep what it is given")
	}
	return name, nil
}

func keyringLoad(name string) (*Key, error) {
	text, err := withTimeout(func() (string, error) { return keyring.Get(keyringService, name) })
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return nil, fail("restore it, or remove the state directory and sign in again", nil,
			"the OS keyring no longer has the key of the state (service %q, item %q)", keyringService, name)
	case err != nil:
		return nil, fail("unlock the keyring, run this in the session that has it, or set $"+KeyEnv, err,
			"the key of the state is in the OS keyring, which cannot be read")
	}
	key, err := ParseKey(text)
	if err != nil {
		return nil, fail("remove the state directory and sign in again", nil,
			"malformed key in the OS keyring (service %q, item %q)", keyringService, name)
	}
	return key, nil
}

func keyringDelete(name string) {
	_, _ = withTimeout(func() (string, error) { return "", keyring.Delete(keyringService, name) })
}
