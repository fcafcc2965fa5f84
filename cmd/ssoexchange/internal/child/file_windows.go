package child

import "os"

// Windows keeps a file that is open from being renamed and removed: that is the lock.

const newCookieFileName = "ssoexchange-*.cookies"

func lockCookieFile(*os.File) {}

func removeCookieFile(f *os.File, path string) {
	_ = f.Close()
	_ = os.Remove(path)
}

// sweepCookieFile removes the file unless somebody has it open.
func sweepCookieFile(path string) bool { return os.Remove(path) == nil }
