package terminal

import (
	"strings"
	"testing"
)

// TestErrorControl: an error that quotes a server does nothing to the terminal.
func TestErrorControl(t *testing.T) {
	var b strings.Builder
	New(&b).Error("A-1: status is \x1b]0;x\x07\u009b2J\r, not Done\nsecond", "")
	if want := "ssoexchange: error: A-1: status is ]0;x2J, not Done\nsecond\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
