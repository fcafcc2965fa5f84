package sso

import (
	"strings"
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
