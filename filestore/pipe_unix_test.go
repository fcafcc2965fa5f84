//go:build unix

package filestore_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ssoexchange/ssoexchange/filestore"
)

// TestNoFile: what is no regular file in the place of one is an error, at once, and
// stays as it is; a pipe that nobody writes to would be waited for.
func TestNoFile(t *testing.T) {
	const key = "0123456789abcdef"
	makers := map[string]func(path string) error{
		"pipe":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"socket": func(path string) error {
			ln, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { ln.Close() })
			}
			return err
		},
		"device":         func(path string) error { return os.Symlink("/dev/zero", path) },
		"link to a pipe": func(path string) error { syscall.Mkfifo(path+"-pipe", 0o600); return os.Symlink(path+"-pipe", path) },
	}
	for what, place := range makers {
		for _, file := range []string{key + ".age", key + ".lock", "key"} {
			t.Run(what+" as "+file, func(t *testing.T) {
				dir, err := os.MkdirTemp("", "s") // a socket's path is short
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(dir) })
				os.Chmod(dir, 0o700)
				if file != "key" {
					if _, err := filestore.Open(dir, filestore.Options{Key: filestore.FileKey}); err != nil {
						t.Fatal(err)
					}
				}
				path := filepath.Join(dir, file)
				if err := place(path); err != nil {
					t.Skip(err)
				}
				before, _ := os.Lstat(path)
				s, err := filestore.Open(dir, filestore.Options{Key: filestore.FileKey})
				switch {
				case err != nil:
				case strings.HasSuffix(file, ".age"):
					_, err = s.Load(t.Context(), key)
					lease, acquireErr := s.Acquire(t.Context(), key)
					if acquireErr != nil {
						t.Fatal(acquireErr)
					}
					if lease.Save(t.Context(), []byte("{}")) == nil || lease.Save(t.Context(), nil) == nil {
						t.Error("a record was written in its place, or it was removed")
					}
					lease.Release()
				default:
					_, err = s.Acquire(t.Context(), key)
				}
				if err == nil {
					t.Error("no error")
				}
				if after, _ := os.Lstat(path); after == nil || after.Mode() != before.Mode() {
					t.Errorf("it was replaced: %v", after)
				}
			})
		}
	}
}
