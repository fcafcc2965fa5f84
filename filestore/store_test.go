package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/filestore"
)

func TestSaveAndLoad(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	if data, err := s.Load(t.Context(), recordKey); data != nil || err != nil {
		t.Errorf("before saving: %q, %v", data, err)
	}
	save(t, s, recordKey, []byte("JSESSIONID=hunter2"))
	save(t, s, "fedcba9876543210", []byte{})
	again := open(t, dir, filestore.Options{})
	if got := load(t, again, recordKey); got != "JSESSIONID=hunter2" {
		t.Errorf("loaded %q", got)
	}
	if data, err := again.Load(t.Context(), "fedcba9876543210"); data == nil || len(data) != 0 || err != nil {
		t.Errorf("an empty record is not none: %v, %v", data, err)
	}
	keys, err := again.Keys(t.Context())
	if diff := cmp.Diff([]string{recordKey, "fedcba9876543210"}, keys); err != nil || diff != "" {
		t.Error(err, diff)
	}
	save(t, again, recordKey, nil)
	save(t, again, recordKey, nil) // nothing to remove is no error
	if data, err := s.Load(t.Context(), recordKey); data != nil || err != nil {
		t.Errorf("after removing: %q, %v", data, err)
	}
	for _, name := range files(t, dir, "") {
		data, _ := os.ReadFile(filepath.Join(dir, name))
		if bytes.Contains(data, []byte("hunter2")) {
			t.Errorf("%s is not encrypted", name)
		}
		if info, _ := os.Stat(filepath.Join(dir, name)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	if left := files(t, dir, ".tmp"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLease(t *testing.T) {
	dir := stateDir(t)
	s, other := open(t, dir, filestore.Options{}), open(t, dir, filestore.Options{})
	lease, err := s.Acquire(t.Context(), recordKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]*filestore.Store{"same store": s, "other store": other} {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		if _, err := store.Acquire(ctx, recordKey); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: a second lease: %v", name, err)
		}
		cancel()
	}
	free, err := other.Acquire(t.Context(), "aaaaaaaaaaaaaaaa")
	if err != nil {
		t.Fatalf("another key is not free: %v", err)
	}
	free.Release()

	waiting := make(chan error)
	go func() {
		next, err := other.Acquire(context.Background(), recordKey)
		if err == nil {
			next.Release()
		}
		waiting <- err
	}()
	lease.Release()
	lease.Release()
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	if err := lease.Save(t.Context(), []byte("late")); err == nil {
		t.Error("saved after Release")
	}
	if got := load(t, s, recordKey); got != "" {
		t.Errorf("the late save is there: %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Load(ctx, recordKey); !errors.Is(err, context.Canceled) {
		t.Errorf("Load with an ended context: %v", err)
	}
	if _, err := s.Acquire(ctx, recordKey); !errors.Is(err, context.Canceled) {
		t.Errorf("Acquire with an ended context: %v", err)
	}
}

func TestBadKeys(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	for _, key := range []string{"", "0123456", "../01234567", "0123456G", "ABCDEF01", strings.Repeat("a", 65), "0123456789abcdef.age", "0123\x0056789"} {
		if _, err := s.Load(t.Context(), key); err == nil {
			t.Errorf("Load(%q): no error", key)
		}
		if _, err := s.Acquire(t.Context(), key); err == nil {
			t.Errorf("Acquire(%q): no error", key)
		}
	}
	if got := files(t, dir, ""); len(got) != 1 {
		t.Errorf("files were made: %v", got)
	}
}

// keyOf reads the key of a directory made in these tests, which have no keyring.
func keyOf(t *testing.T, dir string) *age.X25519Identity {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func sealed(t *testing.T, identity *age.X25519Identity, plain string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, identity.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(plain))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSetAside puts files in the place of a record that are none.
func TestSetAside(t *testing.T) {
	head := func(format string, version int, key string) string {
		return fmt.Sprintf(`{"format":%q,"version":%d,"key":%q}`+"\n", format, version, key)
	}
	tests := []struct {
		name string
		file func(t *testing.T, good []byte, key *age.X25519Identity) []byte
		want string // in the log; "" if it is a good record
	}{
		{"good", func(_ *testing.T, good []byte, _ *age.X25519Identity) []byte { return good }, ""},
		{"empty", func(*testing.T, []byte, *age.X25519Identity) []byte { return nil }, "damaged"},
		{"cut", func(_ *testing.T, good []byte, _ *age.X25519Identity) []byte { return good[:len(good)-7] }, "damaged"},
		{"one bit", func(_ *testing.T, good []byte, _ *age.X25519Identity) []byte {
			bad := bytes.Clone(good)
			bad[len(bad)-3] ^= 4
			return bad
		}, "damaged"},
		{"plain text", func(*testing.T, []byte, *age.X25519Identity) []byte { return []byte("JSESSIONID=hunter2") }, "damaged"},
		{"another key", func(t *testing.T, _ []byte, _ *age.X25519Identity) []byte {
			other, _ := age.GenerateX25519Identity()
			return sealed(t, other, head("ssoexchange-state", 1, recordKey)+"x")
		}, "another key"},
		{"foreign", func(t *testing.T, _ []byte, k *age.X25519Identity) []byte { return sealed(t, k, "hello\n") }, "not a record"},
		{"foreign format", func(t *testing.T, _ []byte, k *age.X25519Identity) []byte {
			return sealed(t, k, head("other", 1, recordKey))
		}, "not a record"},
		{"no header", func(t *testing.T, _ []byte, k *age.X25519Identity) []byte { return sealed(t, k, "") }, "not a record"},
		{"newer", func(t *testing.T, _ []byte, k *age.X25519Identity) []byte {
			return sealed(t, k, head("ssoexchange-state", 3, recordKey)+"x")
		}, "newer version"},
		{"moved", func(t *testing.T, _ []byte, k *age.X25519Identity) []byte {
			return sealed(t, k, head("ssoexchange-state", 1, "ffffffffffffffff")+"x")
		}, "another key"},
		{"too long", func(*testing.T, []byte, *age.X25519Identity) []byte { return make([]byte, 4<<20+1) }, "longer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := stateDir(t)
			log, logged := recorder()
			s := open(t, dir, filestore.Options{Logger: log})
			save(t, s, recordKey, []byte("good"))
			path := filepath.Join(dir, recordKey+".age")
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			file := tt.file(t, good, keyOf(t, dir))
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			logged.Reset()
			got := load(t, s, recordKey)
			if tt.want == "" {
				if got != "good" {
					t.Errorf("loaded %q", got)
				}
				return
			}
			if got != "" {
				t.Errorf("loaded %q", got)
			}
			if load(t, s, recordKey) != "" || strings.Count(logged.String(), "level=WARN") != 1 || !strings.Contains(logged.String(), tt.want) {
				t.Errorf("not one warning with %q: %s", tt.want, logged)
			}
			if strings.Contains(logged.String(), "hunter2") {
				t.Errorf("the log has the contents: %s", logged)
			}
			aside := files(t, dir, ".damaged-")
			if len(aside) != 1 {
				t.Fatalf("set aside: %v", aside)
			}
			if kept, _ := os.ReadFile(filepath.Join(dir, aside[0])); !bytes.Equal(kept, file) {
				t.Error("the file that was set aside is not the one that was there")
			}
			save(t, s, recordKey, []byte("new"))
			if load(t, s, recordKey) != "new" {
				t.Error("no record can be saved afterwards")
			}
		})
	}
}

func TestMovedRecord(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	save(t, s, recordKey, []byte("the admin's"))
	const victim = "ffffffffffffffff"
	if err := os.Rename(filepath.Join(dir, recordKey+".age"), filepath.Join(dir, victim+".age")); err != nil {
		t.Fatal(err)
	}
	if got := load(t, s, victim); got != "" || len(files(t, dir, victim+".age.damaged-")) != 1 {
		t.Errorf("a record under another name was read: %q", got)
	}
}

func TestKeepsFiveDamaged(t *testing.T) {
	dir := stateDir(t)
	log, logged := recorder()
	s := open(t, dir, filestore.Options{Logger: log})
	for i := range 8 {
		if err := os.WriteFile(filepath.Join(dir, recordKey+".age"), []byte{byte('0' + i)}, 0o600); err != nil {
			t.Fatal(err)
		}
		load(t, s, recordKey)
	}
	var kept string
	for _, name := range files(t, dir, ".damaged-") {
		data, _ := os.ReadFile(filepath.Join(dir, name))
		kept += string(data)
	}
	if kept != "34567" {
		t.Errorf("kept %q", kept)
	}
	if n := strings.Count(logged.String(), "msg=state_damaged_record_removed"); n != 3 {
		t.Errorf("%d removals are in the log, of 3", n)
	}
}

func TestSweep(t *testing.T) {
	dir := stateDir(t)
	open(t, dir, filestore.Options{})
	for name, age := range map[string]time.Duration{
		"." + recordKey + ".age.1.tmp": 2 * time.Hour,
		"." + recordKey + ".age.2.tmp": time.Minute,
		"mine.tmp":                     2 * time.Hour,
		recordKey + ".lock":            2 * time.Hour,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir, filestore.Options{})
	want := []string{"." + recordKey + ".age.2.tmp", recordKey + ".lock", "key", "mine.tmp"}
	if diff := cmp.Diff(want, files(t, dir, "")); diff != "" {
		t.Error(diff)
	}
}

func TestTooLongToSave(t *testing.T) {
	s := open(t, stateDir(t), filestore.Options{})
	save(t, s, recordKey, []byte("old"))
	lease, err := s.Acquire(t.Context(), recordKey)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	if err := lease.Save(t.Context(), make([]byte, 4<<20)); err == nil {
		t.Error("saved")
	}
	if err := lease.Save(t.Context(), make([]byte, 4<<20-64<<10)); err != nil {
		t.Error(err)
	}
	if data, err := s.Load(t.Context(), recordKey); err != nil || len(data) != 4<<20-64<<10 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestDefaultDir(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("LocalAppData", "")
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("STATE_DIRECTORY", "")
	check := func(want string) {
		t.Helper()
		if got, err := filestore.DefaultDir(); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	check(filepath.Join(home, ".local", "state", "ssoexchange"))
	t.Setenv("XDG_STATE_HOME", "relative")
	check(filepath.Join(home, ".local", "state", "ssoexchange"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(home, "xdg"))
	check(filepath.Join(home, "xdg", "ssoexchange"))
	if runtime.GOOS != "windows" {
		t.Setenv("STATE_DIRECTORY", "/var/lib/ssoexchange:/var/lib/second")
		check("/var/lib/ssoexchange")
	}
}

func TestNothingShowsTheKey(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	secret := keyOf(t, dir).String()
	key, err := filestore.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		K *filestore.Key
		S *filestore.Store
	}{key, s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb+verb, key, s, holder, filestore.Options{})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "k", key, "s", s, "h", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "k", key, "s", s, "h", holder)
	if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
		t.Errorf("the key is shown: %s", out.String())
	}
}
