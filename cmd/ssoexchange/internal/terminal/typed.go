package terminal

import (
	"os"
	"strings"
	"unicode/utf8"
)

// maxLine bounds what is typed, in bytes.
const maxLine = 4096

// typedLine is what has been typed of a line at a terminal that hands on every key. It shows a dot
// for each character, and knows the keys that take some back.
type typedLine struct {
	text  []byte
	show  func(string)
	ended bool // the end of input, on an empty line
}

// The keys that a terminal's own line discipline knows, too.
const (
	keyEnd       = 0x04 // Ctrl-D
	keyBackspace = 0x08
	keyKill      = 0x15 // Ctrl-U
	keyWord      = 0x17 // Ctrl-W
	keyDelete    = 0x7f
)

// typed takes a byte, and reports whether the line is complete.
func (l *typedLine) typed(b byte) (complete bool) {
	switch {
	case b == '\n' || b == '\r':
		return true
	case b == keyEnd:
		l.ended = len(l.text) == 0
		return !l.ended
	case b == keyBackspace || b == keyDelete:
		if len(l.text) > 0 {
			_, size := utf8.DecodeLastRune(l.text)
			l.text = l.text[:len(l.text)-size]
			l.show("\b \b")
		}
	case b == keyKill || b == keyWord:
		l.show(strings.Repeat("\b \b", utf8.RuneCount(l.text)))
		l.text = l.text[:0]
	case b < ' ' && b != '\t': // an arrow, and what else a terminal sends
	default:
		l.text = append(l.text, b)
		if utf8.RuneStart(b) {
			l.show(dot())
		}
	}
	return false
}

// dot is what stands for a character.
func dot() string {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value != "" {
			if upper := strings.ToUpper(value); strings.Contains(upper, "UTF-8") || strings.Contains(upper, "UTF8") {
				return "•"
			}
			break
		}
	}
	return "*"
}
