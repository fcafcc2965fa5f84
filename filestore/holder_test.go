package filestore_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/filestore"
)

func TestHolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the lock is on the file's content")
	}
	dir := filepath.Join(t.TempDir(), "state")
	s, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key := strings.Repeat("ab", 32)
	if who, since := s.Holder(t.Context(), key); who != "" || !since.IsZero() {
		t.Errorf("before any: %q %v", who, since)
	}
	lease, err := s.Acquire(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	if who, since := s.Holder(t.Context(), key); who != "this process" || time.Since(since) > time.Minute {
		t.Errorf("own lease: %q %v", who, since)
	}
	locks, _ := filepath.Glob(filepath.Join(dir, key+"*lock*"))
	if len(locks) != 1 {
		t.Fatalf("locks %q", locks)
	}
	for text, want := range map[string]string{"4711 1700000000\n": "process 4711", "": "", "x": "", "-1 5": "", "4711": "", "99999999999999999999 1": "", strings.Repeat("1", 100): ""} {
		if err := os.WriteFile(locks[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		who, since := s.Holder(t.Context(), key)
		if who != want || want != "" && since.Unix() != 1700000000 {
			t.Errorf("%q: %q %v, want %q", text, who, since, want)
		}
	}
	if who, _ := s.Holder(t.Context(), "../x"); who != "" {
		t.Error("a key that is none")
	}
}
