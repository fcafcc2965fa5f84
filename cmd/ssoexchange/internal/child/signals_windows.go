package child

import (
	"os"
	"syscall"
)

// forwarded are the signals that must not end this process before its command.
var forwarded = []os.Signal{os.Interrupt, syscall.SIGTERM}

// fromTerminal is true: the console sends Ctrl-C to every process in it.
func fromTerminal(os.Signal) bool { return true }
