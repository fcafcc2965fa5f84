package terminal

import (
	"strings"
	"testing"
)

func TestTypedLine(t *testing.T) {
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	for _, tt := range []struct{ keys, text, shown string }{
		{"123456\n", "123456", "••••••"},
		{"12\x7f3\r", "13", "••\b \b•"},
		{"\x7f\x7f1\n", "1", "•"},
		{"über\x7f\x7f\x7f\x7f1\n", "1", "••••\b \b\b \b\b \b\b \b•"},
		{"12\x153\n", "3", "••\b \b\b \b•"},
		{"\x1b1\x001\n", "11", "••"},
		{"12\x04", "12", "••"},
		{"\x04", "end", ""},
	} {
		var shown strings.Builder
		l := typedLine{show: func(s string) { shown.WriteString(s) }}
		text := ""
		for i := range len(tt.keys) {
			if l.typed(tt.keys[i]) {
				text = string(l.text)
			}
			if l.ended {
				text = "end"
			}
		}
		if text != tt.text || shown.String() != tt.shown {
			t.Errorf("%q: %q, shown %q, want %q, %q", tt.keys, text, shown.String(), tt.text, tt.shown)
		}
	}
	t.Setenv("LC_ALL", "C")
	if dot() != "*" {
		t.Error("a dot that the terminal may not have")
	}
}
