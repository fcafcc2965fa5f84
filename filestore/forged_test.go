package filestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ssoexchange/ssoexchange/filestore"
)

const (
	forgedKey  = "0123456789abcdef"
	forgedText = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
)

// unauthenticated is a record as earlier versions wrote it, and as anybody can write it
// who knows the public half of the key.
func unauthenticated(t *testing.T, key *filestore.Key, name, data string) []byte {
	t.Helper()
	identity, err := age.ParseX25519Identity(key.Secret())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, identity.Recipient())
	if err == nil {
		_, err = fmt.Fprintf(w, `{"format":"ssoexchange-state","version":1,"key":%q}`+"\n%s", name, data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestUnauthenticatedRecord: what an earlier version wrote is read, and no longer once
// it was written again.
func TestUnauthenticatedRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	key, err := filestore.ParseKey(forgedText)
	if err != nil {
		t.Fatal(err)
	}
	logger, log := recorder()
	store := func() *filestore.Store {
		s, err := filestore.Open(dir, filestore.Options{Key: func(filestore.KeyRequest) (*filestore.Key, error) { return key, nil }, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	put := func(name, data string) {
		if err := os.WriteFile(filepath.Join(dir, name+".age"), unauthenticated(t, key, name, data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save := func(name string, data []byte) {
		lease, err := store().Acquire(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer lease.Release()
		if err := lease.Save(t.Context(), data); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what, name, want string) {
		t.Helper()
		got, err := store().Load(t.Context(), name)
		if string(got) != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", what, got, err, want)
		}
	}
	store()
	put(forgedKey, "of yesterday")
	check("before it is written again", forgedKey, "of yesterday")
	check("read twice", forgedKey, "of yesterday")
	save(forgedKey, []byte("of today"))
	check("written again", forgedKey, "of today")

	put(forgedKey, "forged")
	check("put back", forgedKey, "")
	if !strings.Contains(log.String(), "state_record_set_aside") {
		t.Errorf("no warning: %s", log.String())
	}
	save(forgedKey, nil)
	put(forgedKey, "forged after a removal")
	check("after a removal", forgedKey, "")

	// Another key of the same directory is not affected.
	put("fedcba9876543210", "of yesterday")
	check("another key", "fedcba9876543210", "of yesterday")
}
