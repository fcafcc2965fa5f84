package config

import (
	"io/fs"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A command that waits for somebody who is not there is given up, and says so.
func TestSecretCommandThatNeverEnds(t *testing.T) {
	if len(commandArgs("sleep 60")) != 2 {
		t.Fatal("sleep is not run directly")
	}
	out, bad := runSecretCommand(t.Context(), "sleep 60", 50*time.Millisecond)
	if bad == nil || !strings.Contains(bad.Error(), "did not end within 50ms") || out != nil {
		t.Errorf("%q, %v", out, bad)
	}
}

// TestSourceFailures: what may pass without a change here is told apart from what does not.
func TestSourceFailures(t *testing.T) {
	for _, bad := range []error{syscall.EACCES, syscall.EPERM, syscall.EMFILE, syscall.ENFILE, syscall.ENOENT, syscall.EIO, syscall.ENOTDIR, syscall.ENOMEM} {
		if e := fileError(&fs.PathError{Op: "open", Path: "/run/secret", Err: bad}); !e.SourceFailed() {
			t.Errorf("%v: %v is for ever", bad, e)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if _, e := runSecretCommand(t.Context(), "sleep 60", time.Millisecond); e == nil || !e.SourceFailed() {
		t.Errorf("a command that does not end: %v", e)
	}
	if _, e := runSecretCommand(t.Context(), "/nonexistent/vault get", time.Minute); e == nil || !e.SourceFailed() {
		t.Errorf("a path that is not mounted: %v", e)
	}
}
