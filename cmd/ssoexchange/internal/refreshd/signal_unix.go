//go:build !windows

package refreshd

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyLook tells c when refresh is asked to look at every session now.
func notifyLook(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR1) }
