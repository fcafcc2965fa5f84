//go:build !unix

package filestore

import (
	"io/fs"
	"os"
	"time"
)

// private has nothing to check: on Windows the permissions come from the profile
// folder that the directory is in, and modes say nothing.
func private(string, fs.FileInfo, string) error { return nil }

// syncDir does nothing: NTFS journals renames, and a directory cannot be flushed.
func syncDir(string) error { return nil }

// replace renames a file over another one. Windows refuses while somebody has the
// other open, which readers do for a moment only.
func replace(from, to string) error {
	err := os.Rename(from, to)
	for try := 0; err != nil && try < 40; try++ {
		time.Sleep(25 * time.Millisecond)
		err = os.Rename(from, to)
	}
	return err
}
