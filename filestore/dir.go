package filestore

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// DefaultDir returns where the state belongs if nobody says otherwise: the directory
// that systemd made ($STATE_DIRECTORY, the first if there are several), then
// $XDG_STATE_HOME/ssoexchange, then ~/.local/state/ssoexchange, on macOS too; on
// Windows %LocalAppData%\ssoexchange. The directory need not exist.
func DefaultDir() (string, error) {
	if first, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); runtime.GOOS != "windows" && filepath.IsAbs(first) {
		return first, nil
	}
	// The XDG base directory specification says to ignore relative paths.
	if xdg := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(xdg) {
		return filepath.Join(xdg, "ssoexchange"), nil
	}
	if runtime.GOOS == "windows" {
		if local := os.Getenv("LocalAppData"); filepath.IsAbs(local) {
			return filepath.Join(local, "ssoexchange"), nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", fail("set XDG_STATE_HOME, or name a directory", nil, "there is no home directory to keep the state in")
	}
	return filepath.Join(home, ".local", "state", "ssoexchange"), nil
}

// prepareDir makes dir, or sees that it is a directory that is ours alone.
func prepareDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail("", err, "making the state directory")
	}
	info, err := os.Stat(dir) // systemd's is a symbolic link
	if err != nil {
		return fail("", err, "looking at the state directory")
	}
	if !info.IsDir() {
		return fail("name another directory", nil, "%s is not a directory", dir)
	}
	return private(dir, info, "chmod 700 "+dir+" (systemd: StateDirectoryMode=0700)")
}
