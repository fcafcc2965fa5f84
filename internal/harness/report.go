//go:build linux

// Package harness is what the judges in interop share: counting checks, installing
// programs, running them so that nothing outlives the run, and the simulated servers
// that others are let loose on. [Main] runs a judge, on a [Stage].
package harness

import (
	"fmt"
	"io"
	"strings"
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

// Tail returns the last n bytes of b, where programs say what went wrong.
func Tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}
