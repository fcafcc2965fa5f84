package wiretext

import (
	"strings"
	"unicode"
)

// Line makes a server's text fit for a terminal, an error and a log line: one line of at
// most that many characters, after which "…" stands for the rest. Control and formatting
// characters (an escape sequence, a change of direction) and what is not UTF-8 are left out.
func Line(s string, most int) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = n > 0
			continue
		}
		if !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
			continue
		}
		if gap {
			b.WriteByte(' ')
			n, gap = n+1, false
		}
		if n++; n > most {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
