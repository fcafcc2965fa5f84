package main

import (
	"context"
	"time"
)

// grace is how long a command may take to end after it was told to. What serves
// others (refresh, proxy) needs a few; a service manager kills after 30 or more.
const grace = 20 * time.Second

// endInTime makes sure that the process ends once ctx has ended by a signal, also if
// a call into a library never returns: a second signal ends it at once, and time does
// by exit. The system gives back its locks. The function that is returned must be
// called when the command has ended by itself.
//
// A command that waits for a child (exec) ends with the child.
func (a *app) endInTime(ctx context.Context, stopSignals func(), exit func(status int)) (ended func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		stopSignals()
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
			if !a.hasChild.Load() {
				a.tui.Printf("interrupted; something did not end in time")
				exit(exitInterrupted)
			}
		}
	})
	return func() {
		stop()
		close(done)
	}
}
