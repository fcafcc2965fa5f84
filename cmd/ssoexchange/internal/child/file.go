package child

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// cookieFile is the file of one exec. While f is open it is locked: that is how another
// exec tells it from one whose owner was killed.
type cookieFile struct {
	path string
	f    *os.File
}

// cookieFileName is what cookie files are called. One in the making, which may have no
// lock yet, has another ending for a moment.
var cookieFileName = lazyregexp.New(`^ssoexchange-[0-9]+\.cookies(\.new)?$`)

const (
	unfinished = ".new"
	// unfinishedAge is how old an unfinished file must be for its exec to be dead.
	unfinishedAge = time.Hour
)

// cookieDirs are where cookie files may be: the first one that is there gets the next.
// Memory is used instead of a disk if the system has such a place for its users.
func cookieDirs() []string {
	var dirs []string
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir()} {
		if info, err := os.Stat(dir); dir != "" && err == nil && info.IsDir() && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// writeCookieFile makes a file of mode 0600, and locks it before it has its name.
func writeCookieFile(cookies []byte) (*cookieFile, error) {
	dir := os.TempDir()
	if dirs := cookieDirs(); len(dirs) > 0 {
		dir = dirs[0]
	}
	f, err := os.CreateTemp(dir, newCookieFileName) // mode 0600
	if err != nil {
		return nil, clierror.Config("no cookie file can be made in "+dir, "set TMPDIR to a directory that may be written to")
	}
	hidden := f.Name()
	path := strings.TrimSuffix(hidden, unfinished)
	lockCookieFile(f) // without locks (some network file systems) nobody sweeps it
	_, err = f.Write(cookies)
	if err == nil && path != hidden {
		err = os.Rename(hidden, path)
	}
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		f.Close()
		_ = os.Remove(hidden)
		return nil, clierror.Config("the cookie file in "+dir+" cannot be written", "is the disk full?")
	}
	return &cookieFile{path: path, f: f}, nil
}

// remove removes the file, before the lock ends.
func (c *cookieFile) remove() {
	removeCookieFile(c.f, c.path)
}

// sweepCookieFiles removes the cookie files of this user whose exec was killed. What
// cannot be removed is left.
func sweepCookieFiles(log *slog.Logger) {
	for _, dir := range cookieDirs() {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !cookieFileName().MatchString(e.Name()) || !e.Type().IsRegular() {
				continue
			}
			info, err := e.Info()
			if err != nil || strings.HasSuffix(e.Name(), unfinished) && time.Since(info.ModTime()) < unfinishedAge {
				continue
			}
			if path := filepath.Join(dir, e.Name()); sweepCookieFile(path) {
				log.Debug("a cookie file that was left behind is removed", "file", path)
			}
		}
	}
}
