//go:build unix

// Package coredump keeps the memory of the process, which holds secrets, out of core dumps.
package coredump

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// ownCores is the limit on core dumps that this process was started with.
var ownCores unix.Rlimit

// Forbid keeps the memory of this process, which holds secrets, out of core dumps.
// The limit is the soft one: what exec runs gets its own back.
func Forbid() {
	if unix.Getrlimit(unix.RLIMIT_CORE, &ownCores) == nil {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 0, Max: ownCores.Max})
	}
	forbidDumps()
}

// Start starts a command with the limit that this process was started with. The
// limit is this process's own for that moment: there is no other way to hand it down.
func Start(cmd *exec.Cmd) error {
	if ownCores.Cur > 0 {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &ownCores)
		defer func() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 0, Max: ownCores.Max}) }()
	}
	return cmd.Start()
}
