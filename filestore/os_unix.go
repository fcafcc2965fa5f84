//go:build unix

package filestore

import (
	"io/fs"
	"os"
	"syscall"
)

// private refuses a file or directory that another user owns, reads or writes.
// Only root passes over modes, and root is not kept out by them either.
func private(path string, info fs.FileInfo, remedy string) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int64(stat.Uid) != int64(os.Geteuid()) {
		return fail("run this as the user who owns it, or name another state directory", nil,
			"%s belongs to user %d, not to %d", path, stat.Uid, os.Geteuid())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fail(remedy, nil, "other users have access to %s (mode %#o)", path, mode)
	}
	return nil
}

// syncDir makes a rename within dir survive a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}

// replace renames a file over another one, whoever is reading that.
func replace(from, to string) error { return os.Rename(from, to) }
