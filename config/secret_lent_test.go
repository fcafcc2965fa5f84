//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
	"testing"
	"time"
)

type fakeFile struct {
	mode fs.FileMode
	uid  uint32
}

func (f fakeFile) Name() string       { return "password" }
func (f fakeFile) Size() int64        { return 1 }
func (f fakeFile) Mode() fs.FileMode  { return f.mode }
func (f fakeFile) ModTime() time.Time { return time.Time{} }
func (f fakeFile) IsDir() bool        { return false }
func (f fakeFile) Sys() any           { return &syscall.Stat_t{Uid: f.uid} }

// TestSecretFileOfRoot: what systemd and Kubernetes mount is taken, by a reader who
// is not root; a file that more than one group may read, or anybody may change, is not.
func TestSecretFileOfRoot(t *testing.T) {
	mine := os.Geteuid() != 0 // as root, every file of root's is one's own
	for _, tt := range []struct {
		file fakeFile
		ok   bool
	}{
		{fakeFile{0o400, 0}, true},
		{fakeFile{0o440, 0}, mine},
		{fakeFile{0o640, 0}, mine},
		{fakeFile{0o660, 0}, false},
		{fakeFile{0o444, 0}, false},
		{fakeFile{0o440, 12345}, false},
		{fakeFile{0o400, 12345}, true},
	} {
		if bad := checkSecretFile(tt.file); (bad == nil) != tt.ok {
			t.Errorf("mode %v of user %d: %v", tt.file.mode, tt.file.uid, bad)
		}
	}
}
