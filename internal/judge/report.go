//go:build linux

// Package judge is what the judges of this folder share: counting checks, installing
// programs, running them so that nothing outlives the run, and the simulated org that
// Okta's own clients are let loose on.
package judge

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Report prints one line for each check and counts them. It is for one goroutine.
type Report struct {
	Out            io.Writer
	passed, failed int
}

// Check prints how a check ended: well if err is nil.
func (r *Report) Check(name string, err error) {
	if err == nil {
		r.passed++
		fmt.Fprintf(r.Out, "ok   %s\n", name)
		return
	}
	r.failed++
	fmt.Fprintf(r.Out, "FAIL %s: %s\n", name, strings.Join(strings.Fields(err.Error()), " "))
}

// Close prints the sum and returns the exit code. A run that checked nothing failed.
func (r *Report) Close() int {
	fmt.Fprintf(r.Out, "%d passed, %d failed\n", r.passed, r.failed)
	if r.failed > 0 || r.passed == 0 {
		return 1
	}
	return 0
}

// Main runs a judge for at most limit and returns its exit code. The context of run
// ends with an interrupt too; an error of run counts as a failed check.
func Main(limit time.Duration, run func(ctx context.Context, r *Report) error) int {
	// The kernel ends what was started when the thread that started it ends (see
	// [Group]); this one lives as long as the process.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := &Report{Out: os.Stdout}
	if err := run(ctx, r); err != nil {
		r.Check("all checks could be made", err)
	}
	return r.Close()
}

// Tail returns the last n bytes of b, where programs say what went wrong.
func Tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}
