package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	gcPercentAtFirst = 200 // the first collection is at 8 MiB instead of 4
	gcPercent        = 100 // Go's default
)

// delayCollector puts the first garbage collection off. A command that signs in and
// prints cookies allocates some 5 MiB in all: collecting once on the way would take a
// tenth of its processor time, and a megabyte for the collector's own accounts. From
// the first collection on, which a command that stays will see, all is as usual.
// Whoever sets GOGC is not contradicted.
func delayCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(gcPercentAtFirst)
	firstToGo := new(*byte)
	runtime.AddCleanup(firstToGo, func(percent int) { debug.SetGCPercent(percent) }, gcPercent)
}
