package coredump

import "golang.org/x/sys/unix"

// forbidDumps also covers what the limit does not: a program that takes dumps by a pipe
// (systemd-coredump, apport), and other processes of the user that attach to this one.
// The kernel forgets it when another program is executed.
func forbidDumps() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
