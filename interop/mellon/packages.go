//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// packages hold the server without its service: apache2 itself would be started
// on port 80 by its installation.
var packages = []string{"apache2-bin", "libapache2-mod-auth-mellon", "curl"}

const curlBinary = "/usr/bin/curl"

// ensurePackages installs what is missing, which takes root on a Debian system.
func ensurePackages(ctx context.Context) error {
	missing := missingFiles()
	if len(missing) == 0 {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return fmt.Errorf("%s is missing and there is no apt-get: install Apache 2.4, mod_auth_mellon and curl", missing[0])
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%s is missing: as root, run apt-get install %s", missing[0], strings.Join(packages, " "))
	}
	for _, args := range [][]string{
		{"update", "-q"},
		append([]string{"install", "-q", "-y", "--no-install-recommends"}, packages...),
	} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, tail(out, 400))
		}
	}
	if missing := missingFiles(); len(missing) > 0 {
		return fmt.Errorf("%s is missing although its package is installed", missing[0])
	}
	return nil
}

func missingFiles() []string {
	var missing []string
	for _, f := range []string{apacheBinary, filepath.Join(moduleDir, "mod_auth_mellon.so"), curlBinary} {
		if _, err := os.Stat(f); err != nil {
			missing = append(missing, f)
		}
	}
	return missing
}

func tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}
