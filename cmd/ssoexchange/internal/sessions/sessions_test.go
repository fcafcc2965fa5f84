package sessions

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestStatusHints: a stop's hint is left out only if it was printed already.
func TestStatusHints(t *testing.T) {
	refused := []Reason{{Property: "Password", Code: "credentials", Reason: "refused", Hint: "give the right Password"}}
	for _, c := range []struct {
		name     string
		refusals []Reason
		hint     string
		want     int // hints
	}{
		{"a stop alone", nil, "enter the code", 1},
		{"a stop for the refusal", refused, "give the right Password", 1},
		{"a stop for something else", refused, "enter the code", 2},
		{"a stop without a hint", refused, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			info := Info{Refusals: c.refusals, Stopped: &Reason{Code: "passcode_needed", Reason: "r", Hint: c.hint}}
			Print(&out, []Info{info}, time.Now())
			if got := strings.Count(out.String(), "    hint: "); got != c.want || !strings.Contains(out.String(), "    hint: "+c.hint) {
				t.Errorf("%d hints, want %d:\n%s", got, c.want, out.String())
			}
		})
	}
}
