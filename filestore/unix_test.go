//go:build unix

package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ssoexchange/ssoexchange/filestore"
)

func TestRefusedDirectories(t *testing.T) {
	for _, mode := range []fs.FileMode{0o755, 0o750, 0o710, 0o701, 0o777, 0o770} {
		dir := stateDir(t)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := filestore.Open(dir, filestore.Options{}); err == nil || !strings.Contains(hint(err), "chmod 700") {
			t.Errorf("mode %o: %v", mode, err)
		}
		if got := files(t, dir, ""); len(got) != 0 {
			t.Errorf("mode %o: files were made: %v", mode, got)
		}
	}
	file := stateDir(t)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, ""} {
		if _, err := filestore.Open(dir, filestore.Options{}); err == nil {
			t.Errorf("%q: no error", dir)
		}
	}
	// The root directory is not ours, or, for root, it is open to others.
	if _, err := filestore.Open("/", filestore.Options{}); err == nil {
		t.Error("/: no error")
	}
}

func TestReadableRecordRefused(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	save(t, s, recordKey, []byte("x"))
	path := filepath.Join(dir, recordKey+".age")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if data, err := s.Load(t.Context(), recordKey); err == nil || data != nil || !strings.Contains(hint(err), "chmod 600") {
		t.Errorf("%q, %v", data, err)
	}
	if err := os.Chmod(path, 0o600); err != nil || load(t, s, recordKey) != "x" {
		t.Error("the record was not left in place")
	}
}

// TestUnwritableDirectory runs in a process that is not root, whom modes do not stop.
func TestUnwritableDirectory(t *testing.T) {
	if out, err := child(t.Context(), "unwritable", "").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func openUnwritable(string) error {
	const nobody = 65534
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "filestore")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer os.Chmod(dir, 0o700)
	ctx := context.Background()
	s, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		return err
	}
	lease, err := s.Acquire(ctx, recordKey)
	if err != nil {
		return err
	}
	if err := lease.Save(ctx, []byte("old")); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		return err
	}
	if err := lease.Save(ctx, []byte("new")); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("Save in a directory without write permission: %v", err)
	}
	if err := lease.Save(ctx, nil); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("removing in a directory without write permission: %v", err)
	}
	lease.Release()
	if _, err := s.Acquire(ctx, "ffffffffffffffff"); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("Acquire in a directory without write permission: %v", err)
	}
	if s, err = filestore.Open(dir, filestore.Options{}); err != nil {
		return fmt.Errorf("opening for reading: %w", err)
	}
	if data, err := s.Load(ctx, recordKey); string(data) != "old" || err != nil {
		return fmt.Errorf("loaded %q, %v", data, err)
	}
	empty := filepath.Join(dir, "sub")
	if _, err := filestore.Open(empty, filestore.Options{}); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("making a directory without write permission: %v", err)
	}
	return nil
}

// TestFullDisk has writes fail half way, by the limit that the kernel puts on the
// size of files: the record must stay as it was, and nothing be left behind.
func TestFullDisk(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	save(t, s, recordKey, []byte("old"))
	if out, err := child(t.Context(), "full-disk", dir).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if got := load(t, s, recordKey); got != "old" {
		t.Errorf("loaded %.20q", got)
	}
	if left := files(t, dir, ".tmp"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func saveOnFullDisk(dir string) error {
	ctx := context.Background()
	s, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		return err
	}
	lease, err := s.Acquire(ctx, recordKey)
	if err != nil {
		return err
	}
	defer lease.Release()
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 10_000, Max: 10_000}); err != nil {
		return err
	}
	if err := lease.Save(ctx, make([]byte, 100_000)); !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("Save on a full disk: %v", err)
	}
	return nil
}
