package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func gogc() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func TestCollectorIsDelayedOnce(t *testing.T) {
	before := debug.SetGCPercent(gcPercent)
	defer debug.SetGCPercent(before)

	t.Setenv("GOGC", "50")
	delayCollector()
	if got := gogc(); got != gcPercent {
		t.Errorf("GOGC is in the environment, and %d was set nevertheless", got)
	}

	t.Setenv("GOGC", "")
	delayCollector()
	if got := gogc(); got != gcPercentAtFirst {
		t.Errorf("at first GOGC is %d, want %d", got, gcPercentAtFirst)
	}
	for end := time.Now().Add(10 * time.Second); gogc() != gcPercent; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("after collections GOGC is %d, want %d", gogc(), gcPercent)
		}
		runtime.GC()
	}
}
