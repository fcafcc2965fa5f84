package filestore_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/filestore"
)

func newIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// opens reports whether one age identity alone opens the record's file.
func opens(t *testing.T, dir string, identity *age.X25519Identity) bool {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, recordKey+".age"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = age.Decrypt(f, identity)
	return err == nil
}

// TestRotation replaces the key in the environment: the new one in front of the old
// one, and then alone.
func TestRotation(t *testing.T) {
	dir := stateDir(t)
	old, young, reader := newIdentity(t), newIdentity(t), newIdentity(t)
	at := func(keys ...string) *filestore.Store {
		t.Setenv(filestore.KeyEnv, strings.Join(keys, ","))
		return open(t, dir, filestore.Options{})
	}
	save(t, at(old.String()), recordKey, []byte("x"))
	both := at(young.String(), old.String())
	if got := load(t, both, recordKey); got != "x" || !opens(t, dir, old) {
		t.Errorf("with the new key in front: %q", got)
	}
	save(t, both, recordKey, []byte("y"))
	if opens(t, dir, old) || !opens(t, dir, young) {
		t.Error("what is written anew is not for the new key alone")
	}
	if got := load(t, at(young.String()), recordKey); got != "y" {
		t.Errorf("with the new key alone: %q", got)
	}
	save(t, at(young.String(), reader.Recipient().String()), recordKey, []byte("z"))
	if !opens(t, dir, young) || !opens(t, dir, reader) || opens(t, dir, old) {
		t.Error("one more reader cannot read, or too many can")
	}
	for name, keys := range map[string]string{
		"one of them malformed": young.String() + ",hunter2", "nobody but readers": reader.Recipient().String(),
		"a damaged reader": young.String() + ",age1hunter2", "commas": ",,,", "too many": strings.Repeat(young.String()+",", 65),
	} {
		t.Setenv(filestore.KeyEnv, keys)
		if _, err := filestore.Open(dir, filestore.Options{}); err == nil || hint(err) == "" || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if aside := files(t, dir, ".damaged-"); len(aside) != 0 {
		t.Errorf("set aside: %v", aside)
	}
}

// TestRotationInKeyFile puts a new key above the old one, which may be in the keyring.
func TestRotationInKeyFile(t *testing.T) {
	for _, where := range []string{"file", "keyring"} {
		t.Run(where, func(t *testing.T) {
			if where == "keyring" {
				mockKeyring(t)
			}
			dir, young := stateDir(t), newIdentity(t)
			save(t, open(t, dir, filestore.Options{}), recordKey, []byte("x"))
			path := filepath.Join(dir, "key")
			old, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write := func(lines string) {
				t.Helper()
				if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("# new\n" + young.String() + "\n\n# old\n" + string(old))
			s := open(t, dir, filestore.Options{})
			if got := load(t, s, recordKey); got != "x" {
				t.Errorf("with both: %q", got)
			}
			save(t, s, recordKey, []byte("y"))
			write(young.String())
			if got := load(t, open(t, dir, filestore.Options{}), recordKey); got != "y" {
				t.Errorf("with the new one: %q", got)
			}
			write(young.String() + "\nhunter2\n")
			if _, err := filestore.Open(dir, filestore.Options{}); err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("with rubbish below: %v", err)
			}
		})
	}
}

// TestEnvironmentAfterFile: who sets the variable later does not lose what is there.
func TestEnvironmentAfterFile(t *testing.T) {
	dir, young := stateDir(t), newIdentity(t)
	save(t, open(t, dir, filestore.Options{}), recordKey, []byte("x"))
	t.Setenv(filestore.KeyEnv, young.String())
	s := open(t, dir, filestore.Options{})
	if got := load(t, s, recordKey); got != "x" {
		t.Errorf("loaded %q", got)
	}
	save(t, s, recordKey, []byte("y"))
	if !opens(t, dir, young) {
		t.Error("not written with the key of the environment")
	}
}

// TestNoSessionBus: a machine without a desktop is not asked for a keyring at all.
func TestNoSessionBus(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return // the keyring is always there
	}
	keyring.MockInit() // it would answer, if it were asked
	t.Cleanup(func() { keyring.MockInitWithError(errors.New("no keyring in tests")) })
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir := stateDir(t)
	log, logged := recorder()
	start := time.Now()
	save(t, open(t, dir, filestore.Options{Logger: log}), recordKey, []byte("x"))
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v", took)
	}
	text, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil || !strings.HasPrefix(string(text), "AGE-SECRET-KEY-1") {
		t.Errorf("the key is not in the file: %v", err)
	}
	if strings.Contains(logged.String(), "WARN") || strings.Count(logged.String(), "session bus") != 1 {
		t.Errorf("the log is not one quiet line: %s", logged)
	}
	if _, err := filestore.Open(stateDir(t), filestore.Options{Key: filestore.KeyringKey}); err == nil || !strings.Contains(err.Error(), "session bus") {
		t.Errorf("a keyring that is insisted on: %v", err)
	}
	runtimeDir := t.TempDir() // with systemd the bus is here, and no variable says so
	if err := os.WriteFile(filepath.Join(runtimeDir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", runtimeDir)
	if _, err := filestore.Open(stateDir(t), filestore.Options{Key: filestore.KeyringKey}); err != nil {
		t.Errorf("with a bus: %v", err)
	}
}
