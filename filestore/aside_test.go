package filestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/filestore"
)

// TestAsideOfTheFuture: files that were set aside while the clock was ahead do not push
// out what is set aside later.
func TestAsideOfTheFuture(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	save(t, s, recordKey, []byte("good"))
	path := filepath.Join(dir, recordKey+".age")
	for day := range 8 {
		if err := os.WriteFile(fmt.Sprintf("%s.damaged-204001%02dT000000.000000000Z", path, day+1), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 {
		if err := os.WriteFile(path, fmt.Appendf(nil, "damaged %d", n), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := load(t, s, recordKey); got != "" {
			t.Fatalf("loaded %q", got)
		}
	}
	names, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(names) != 5 {
		t.Fatalf("%d files are kept, %v", len(names), err)
	}
	now := 0
	for _, name := range names {
		if !strings.Contains(name, "damaged-2040") {
			now++
		}
	}
	if now != 3 {
		t.Errorf("%d of the 3 that were set aside last are kept: %v", now, names)
	}
}
