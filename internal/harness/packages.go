//go:build linux

package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Needs is a program by its name, or a file by its path, and the Debian package that
// has it.
type Needs struct{ File, Package string }

// Node is what judges need that npm installs.
var Node = []Needs{{"node", "nodejs"}, {"npm", "npm"}}

// Install installs what is missing, which takes root on a Debian system. Packages of
// services should be those without the service: it would be started.
func Install(ctx context.Context, needs ...Needs) error {
	missing := missing(needs)
	if len(missing) == 0 {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("not installed: %s; on Debian, as root, run apt-get install with these names", strings.Join(missing, " "))
	}
	for _, args := range [][]string{
		{"update", "-q"},
		append([]string{"install", "-q", "-y", "--no-install-recommends"}, missing...),
	} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, Tail(out, 400))
		}
	}
	return stillMissing(needs)
}

func stillMissing(needs []Needs) error {
	if m := missing(needs); len(m) > 0 {
		return fmt.Errorf("installed, but without what is needed of it: %s", strings.Join(m, " "))
	}
	return nil
}

// missing lists the packages of what is not there.
func missing(needs []Needs) []string {
	var out []string
	for _, n := range needs {
		var err error
		if filepath.IsAbs(n.File) {
			_, err = os.Stat(n.File)
		} else {
			_, err = exec.LookPath(n.File)
		}
		if err != nil {
			out = append(out, n.Package)
		}
	}
	return out
}

// NPM installs into dir what lock pins by version and hash. No script of a package is
// run for that.
func NPM(ctx context.Context, dir string, packageJSON, lock []byte) error {
	for name, data := range map[string][]byte{"package.json": packageJSON, "package-lock.json": lock} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return npmInstall(ctx, dir)
}

// npmInstall is [NPM] for a directory in which both files are.
func npmInstall(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, Tail(out, 400))
	}
	return nil
}

// PythonVenv is what [Python] needs of Debian.
var PythonVenv = Needs{"/usr/share/doc/python3-venv", "python3-venv"}

// Python installs what requirements pins by version and hash into an environment of its own below
// dir, and returns the path of its interpreter. Wheels only: nothing of a package is run for that.
func Python(ctx context.Context, dir, requirements string) (interpreter string, err error) {
	interpreter = filepath.Join(dir, "venv", "bin", "python")
	for _, args := range [][]string{
		{"python3", "-m", "venv", filepath.Join(dir, "venv")},
		{interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "-r", requirements},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", strings.Join(args[:4], " "), err, Tail(out, 400))
		}
	}
	return interpreter, nil
}

// TempDir returns a new directory and what removes it.
func TempDir(name string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "ssoexchange-"+name+"-")
	return dir, func() { os.RemoveAll(dir) }, err
}
