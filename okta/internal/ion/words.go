package ion

import (
	"strings"
	"unicode"
)

// Longest words of a server that are kept for people to read, in runes.
const (
	maxLabel   = 120
	maxMessage = 600
)

// words makes a server's text fit for a terminal and a log line: one line, no
// control or formatting characters (an escape sequence, a change of direction), and
// no longer than most runes.
func words(s string, most int) string {
	var b strings.Builder
	runes, gap := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = b.Len() > 0
			continue
		}
		if !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
			continue
		}
		if gap {
			b.WriteByte(' ')
			runes, gap = runes+1, false
		}
		if runes++; runes > most {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (n *node) label() string { return words(n.str(), maxLabel) }
