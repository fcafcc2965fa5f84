package filestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	asideInfix  = ".damaged-"
	asideFormat = "20060102T150405.000000000Z" // sorts by time
	keepAside   = 5                            // files per key
)

// setAside renames a file that could not be read, so that nothing is lost and the
// next writer starts afresh. info is of the file that was read. again is true if a
// writer has put a new file there meanwhile, which then is the record.
func (s *Store) setAside(path string, info fs.FileInfo, reason error) (again bool, err error) {
	now := time.Now()
	target := path + asideInfix + now.UTC().Format(asideFormat)
	for exists(target) { // two at one instant: never overwrite
		now = now.Add(time.Nanosecond)
		target = path + asideInfix + now.UTC().Format(asideFormat)
	}
	if err := replace(path, target); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil // another process was faster; perhaps there is a good one now
		}
		return false, fail("", err, "setting aside a record that cannot be read (%v)", reason)
	}
	// Between reading and renaming, a writer that holds the lock may have put a good
	// record there. Readers do not lock, so it is put back instead of prevented.
	if moved, err := os.Stat(target); err == nil && !sameFile(moved, info) {
		if err := os.Link(target, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return false, fail("rename "+target+" to "+path, err, "putting back a record")
		}
		_ = os.Remove(target) // it is at its place, or a still newer one is
		return true, nil
	}
	s.log.Warn("state_record_set_aside", "file", filepath.Base(target), "reason", reason.Error())
	s.pruneAside(path, target)
	return false, nil
}

// sameFile also compares times, since the file that was read is no longer open and
// its number may have gone to a new one.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// pruneAside keeps the newest few of the files set aside for one key. latest is the one
// that was set aside just now: names that sort after it are of a clock that was wrong,
// and the first to go.
func (s *Store) pruneAside(path, latest string) {
	entries, err := os.ReadDir(s.dir) // sorted by name, and so by time
	if err != nil {
		return
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+asideInfix) {
			names = append(names, e.Name())
		}
	}
	later, _ := slices.BinarySearch(names, filepath.Base(latest)+"\x00")
	names = slices.Concat(names[later:], names[:later])
	for _, name := range names[:max(0, len(names)-keepAside)] {
		if err := os.Remove(filepath.Join(s.dir, name)); err == nil {
			s.log.Warn("state_damaged_record_removed", "file", name, "kept", keepAside)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// sweep removes what writers left behind that were killed before the rename. entries
// are those of the directory.
func (s *Store) sweep(entries []fs.DirEntry) {
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), tempSuffix) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()).Abs() < tempAge { // a time to come is that of a clock that was wrong
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err == nil {
			s.log.Debug("state_leftover_removed", "file", e.Name())
		}
	}
}
