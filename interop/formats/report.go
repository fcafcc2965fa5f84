//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
)

// report prints one line for each check and counts them.
type report struct {
	out            io.Writer
	passed, failed int
}

// check prints how a check ended: well if err is nil.
func (r *report) check(name string, err error) {
	if err == nil {
		r.passed++
		fmt.Fprintf(r.out, "ok   %s\n", name)
		return
	}
	r.failed++
	fmt.Fprintf(r.out, "FAIL %s: %s\n", name, strings.Join(strings.Fields(err.Error()), " "))
}

// close prints the sum and returns the exit code.
func (r *report) close() int {
	fmt.Fprintf(r.out, "%d passed, %d failed\n", r.passed, r.failed)
	if r.failed > 0 || r.passed == 0 {
		return 1
	}
	return 0
}
