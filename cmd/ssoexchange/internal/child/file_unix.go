//go:build unix

package child

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const newCookieFileName = "ssoexchange-*.cookies" + unfinished

func lockCookieFile(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

func removeCookieFile(f *os.File, path string) {
	_ = os.Remove(path)
	_ = f.Close()
}

// sweepCookieFile removes the file at path if it is ours alone and nobody holds its lock.
// It follows no link, waits for no pipe, and looks at what it has opened: the directory
// may be one that others can write to. They cannot put anything in place of a file of
// ours there (the sticky bit), and if they could, nothing but the name would be removed.
func sweepCookieFile(path string) bool {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o600 {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) != os.Geteuid() || stat.Nlink != 1 {
		return false
	}
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false // its exec is alive
	}
	if there, err := os.Lstat(path); err != nil || !os.SameFile(there, info) {
		return false
	}
	return os.Remove(path) == nil
}
