//go:build !windows

package child

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
)

// forwarded are the signals that a command run by exec gets when this process gets
// them.
var forwarded = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1,
	syscall.SIGUSR2}

// fromTerminal reports whether a signal was made by a key (Ctrl-C, Ctrl-\): then the
// terminal has sent it to the command as well, and once more would be twice. A
// process in the foreground of its terminal takes these signals for such.
func fromTerminal(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := terminal.Open()
	if err != nil {
		return false
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == syscall.Getpgrp()
}
