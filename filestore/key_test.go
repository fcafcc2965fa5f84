package filestore_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/zalando/go-keyring"
	"pgregory.net/rapid"

	"github.com/ssoexchange/ssoexchange/filestore"
)

func TestParseKey(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	secret := identity.String()
	raw := make([]byte, 32)
	raw[0], raw[31] = 0xff, 0xfb
	tests := []struct {
		name, text string
		ok         bool
	}{
		{"age", secret, true},
		{"age with space", " " + secret + "\n", true},
		{"age, lower case", strings.ToLower(secret), false},
		{"base64", base64.StdEncoding.EncodeToString(raw), true},
		{"base64url without padding", base64.RawURLEncoding.EncodeToString(raw), true},
		{"age with a typing error", secret[:len(secret)-1] + "!", false},
		{"age cut", secret[:len(secret)-4], false},
		{"age public key", identity.Recipient().String(), false},
		{"31 bytes", base64.StdEncoding.EncodeToString(raw[:31]), false},
		{"33 bytes", base64.StdEncoding.EncodeToString(append(raw, 1)), false},
		{"pass phrase", "correct horse battery staple", false},
		{"empty", "", false},
	}
	for _, tt := range tests {
		_, err := filestore.ParseKey(tt.text)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && (hint(err) == "" || (tt.text != "" && strings.Contains(err.Error()+hint(err), tt.text))) {
			t.Errorf("%s: error %q with the hint %q", tt.name, err, hint(err))
		}
	}
}

// TestKeyOfBytes has package age read the keys that are made of bytes.
func TestKeyOfBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "raw")
		key, err := filestore.ParseKey(base64.StdEncoding.EncodeToString(raw))
		if err != nil {
			t.Fatal(err)
		}
		again, err := filestore.ParseKey(base64.RawURLEncoding.EncodeToString(raw))
		if err != nil || key.String() != again.String() || !strings.HasPrefix(key.String(), "key of age1") {
			t.Fatalf("%v, %v, %v", key, again, err)
		}
	})
}

func TestEnvKey(t *testing.T) {
	dir := stateDir(t)
	t.Setenv(filestore.KeyEnv, base64.StdEncoding.EncodeToString(make([]byte, 32)))
	s := open(t, dir, filestore.Options{})
	save(t, s, recordKey, []byte("x"))
	if got := files(t, dir, "key"); len(got) != 0 {
		t.Errorf("a key file was made: %v", got)
	}

	t.Setenv(filestore.KeyEnv, "hunter2")
	_, err := filestore.Open(dir, filestore.Options{})
	if err == nil || !strings.Contains(err.Error(), filestore.KeyEnv) || strings.Contains(err.Error(), "hunter2") || hint(err) == "" {
		t.Errorf("malformed: %v", err)
	}

	// Without the variable there is a record and no key: no new key may be made.
	t.Setenv(filestore.KeyEnv, "")
	for _, source := range []filestore.KeySource{nil, filestore.FileKey, filestore.KeyringKey} {
		_, err = filestore.Open(dir, filestore.Options{Key: source})
		if err == nil || !strings.Contains(err.Error(), "cannot be found") || hint(err) == "" {
			t.Errorf("without the key: %v", err)
		}
	}
	if got := files(t, dir, "key"); len(got) != 0 {
		t.Errorf("a key file was made: %v", got)
	}

	// With another one, the record is set aside.
	t.Setenv(filestore.KeyEnv, base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	log, logged := recorder()
	s = open(t, dir, filestore.Options{Logger: log})
	if load(t, s, recordKey) != "" || len(files(t, dir, ".damaged-")) != 1 || !strings.Contains(logged.String(), "written with another key") {
		t.Errorf("with the wrong key: %s", logged)
	}
}

func TestKeyFile(t *testing.T) {
	dir := stateDir(t)
	log, logged := recorder()
	s := open(t, dir, filestore.Options{Logger: log})
	save(t, s, recordKey, []byte("x"))
	if strings.Contains(logged.String(), "WARN") || !strings.Contains(logged.String(), "state_keyring_absent") {
		t.Errorf("the absent keyring: %s", logged)
	}
	path := filepath.Join(dir, "key")
	secret, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append([]byte("# created: today\n# public key: age1…\n"), secret...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := load(t, open(t, dir, filestore.Options{}), recordKey); got != "x" {
		t.Errorf("a key file as age-keygen writes it: %q", got)
	}
	for name, text := range map[string]string{"empty": "", "comment": "# nothing\n", "rubbish": "hunter2\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := filestore.Open(dir, filestore.Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") || hint(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if runtime.GOOS == "windows" {
		return // modes are not checked there
	}
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := filestore.Open(dir, filestore.Options{}); err == nil || hint(err) == "" {
		t.Errorf("a key file that the group can read: %v", err)
	}
}

// The keyring tests change the one mock of the package, so they do not run in parallel.
func mockKeyring(t *testing.T) {
	keyring.MockInit()
	t.Cleanup(func() { keyring.MockInitWithError(errors.New("no keyring in tests")) })
}

func TestKeyring(t *testing.T) {
	mockKeyring(t)
	dir := stateDir(t)
	save(t, open(t, dir, filestore.Options{}), recordKey, []byte("x"))
	text, err := os.ReadFile(filepath.Join(dir, "key"))
	name, found := strings.CutPrefix(strings.TrimSpace(string(text)), "keyring:")
	if err != nil || !found {
		t.Fatalf("the key file does not point into the keyring: %v", err)
	}
	if secret, err := keyring.Get("ssoexchange", name); err != nil || !strings.HasPrefix(secret, "AGE-SECRET-KEY-1") {
		t.Fatalf("the keyring has %d bytes, %v", len(secret), err)
	}
	if got := load(t, open(t, dir, filestore.Options{Key: filestore.FileKey}), recordKey); got != "x" {
		t.Errorf("loaded %q", got)
	}

	// A process without the keyring must not start with a key of its own.
	keyring.MockInitWithError(errors.New("no session bus"))
	_, err = filestore.Open(dir, filestore.Options{})
	if err == nil || !strings.Contains(err.Error(), "no session bus") || hint(err) == "" {
		t.Errorf("without the keyring: %v", err)
	}
	keyring.MockInit() // a keyring that has lost the item
	_, err = filestore.Open(dir, filestore.Options{})
	if err == nil || !strings.Contains(err.Error(), "no longer has") || hint(err) == "" {
		t.Errorf("with another keyring: %v", err)
	}
	if err := keyring.Set("ssoexchange", name, "hunter2"); err != nil {
		t.Fatal(err)
	}
	if _, err := filestore.Open(dir, filestore.Options{}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with rubbish in the keyring: %v", err)
	}
}

func TestKeyringKeyWithoutKeyring(t *testing.T) {
	dir := stateDir(t)
	if _, err := filestore.Open(dir, filestore.Options{Key: filestore.KeyringKey}); err == nil {
		t.Error("no error")
	}
	if got := files(t, dir, ""); len(got) != 0 {
		t.Errorf("files were made: %v", got)
	}
}

// TestKeyAtOnce has goroutines and then processes open one new directory.
func TestKeyAtOnce(t *testing.T) {
	dir := stateDir(t)
	var wg sync.WaitGroup
	stores := make([]*filestore.Store, 8)
	for i := range stores {
		wg.Go(func() { stores[i], _ = filestore.Open(dir, filestore.Options{}) })
	}
	wg.Wait()
	for _, s := range stores {
		if s == nil {
			t.Fatal("a store did not open")
		}
		save(t, s, recordKey, []byte("x"))
		if load(t, stores[0], recordKey) != "x" {
			t.Fatal("two stores have two keys")
		}
	}

	for range 5 {
		dir := stateDir(t)
		for i := range 2 {
			cmd := child(t.Context(), "one-record", dir, "FILESTORE_TEST_RECORD="+strings.Repeat(string(rune('a'+i)), 16))
			wg.Go(func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		wg.Wait()
		s := open(t, dir, filestore.Options{})
		for _, key := range []string{strings.Repeat("a", 16), strings.Repeat("b", 16)} {
			if got := load(t, s, key); got != key {
				t.Errorf("the record of one process is %q", got)
			}
		}
	}
}

func writeOneRecord(dir string) error {
	s, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		return err
	}
	key := os.Getenv("FILESTORE_TEST_RECORD")
	lease, err := s.Acquire(context.Background(), key)
	if err != nil {
		return err
	}
	defer lease.Release()
	return lease.Save(context.Background(), []byte(key))
}
