//go:build linux

package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed package.json
var packageJSON []byte

//go:embed package-lock.json
var packageLock []byte

// tools are the readers' programs.
type tools struct {
	curl, wget, python, node, npm, chromium string
	playwright                              string // folder of the package
}

// findTools finds the readers, and installs what is missing, which takes root on a
// Debian system. Playwright comes from npm, pinned by the lock file, and goes into
// dir; its own browsers are not downloaded.
func findTools(ctx context.Context, dir string) (tools, error) {
	var t tools
	programs := []struct {
		path *string
		name string
		pkg  string
	}{
		{&t.curl, "curl", "curl"}, {&t.wget, "wget", "wget"}, {&t.python, "python3", "python3"},
		{&t.node, "node", "nodejs"}, {&t.npm, "npm", "npm"}, {&t.chromium, "chromium", "chromium"},
	}
	look := func() (missing []string) {
		for _, p := range programs {
			path, err := exec.LookPath(p.name)
			if err != nil {
				missing = append(missing, p.pkg)
			}
			*p.path = path
		}
		return missing
	}
	if missing := look(); len(missing) > 0 {
		if err := install(ctx, missing); err != nil {
			return t, err
		}
		if missing := look(); len(missing) > 0 {
			return t, fmt.Errorf("%s is missing although it was installed", missing[0])
		}
	}
	for name, data := range map[string][]byte{"package.json": packageJSON, "package-lock.json": packageLock} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return t, err
		}
	}
	cmd := exec.CommandContext(ctx, t.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return t, fmt.Errorf("npm ci: %w: %s", err, tail(out, 400))
	}
	t.playwright = filepath.Join(dir, "node_modules", "playwright-core")
	return t, nil
}

func install(ctx context.Context, packages []string) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("not installed: %s; on Debian, as root, run apt-get install with these names", strings.Join(packages, " "))
	}
	for _, args := range [][]string{{"update", "-q"}, append([]string{"install", "-q", "-y", "--no-install-recommends"}, packages...)} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, tail(out, 400))
		}
	}
	return nil
}
