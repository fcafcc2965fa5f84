// Package jsstring reads string literals out of scripts without running them.
//
// Sign-in pages hand their state to their own scripts as literals, escaped so that
// nothing in them could end the script: https\x3A\x2F\x2Fexample.okta.com. A token
// that is used with an escape left in it is refused as expired.
package jsstring

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of Var.
const (
	MaxPage   = 4 << 20 // bytes of the page that are searched
	MaxValues = 32      // values that are returned
)

// Unescape decodes the escape sequences of a JavaScript string literal (ECMA-262
// section 12.9.4): \xNN, \uNNNN with surrogate pairs, \u{N…}, \n and its like, a
// line continuation, and a backslash before any other character, which stands for
// that character. What JavaScript would refuse, a lone backslash at the end or
// \x without two digits, is kept as it is. The result is never longer than s.
func Unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i >= 0 {
		b.WriteString(s[:i])
		n := escape(&b, s[i:])
		s = s[i+n:]
		i = strings.IndexByte(s, '\\')
	}
	b.WriteString(s)
	return b.String()
}

// escape decodes the escape sequence at the beginning of s, writes what it stands
// for, and returns its length.
func escape(b *strings.Builder, s string) int {
	if len(s) == 1 {
		b.WriteByte('\\')
		return 1
	}
	switch c := s[1]; c {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'v':
		b.WriteByte('\v')
	case '0':
		b.WriteByte(0)
	case '\n': // line continuation: stands for nothing
	case '\r':
		if strings.HasPrefix(s[2:], "\n") {
			return 3
		}
	case 'x':
		if r, ok := hex(s[2:], 2); ok {
			b.WriteRune(r)
			return 4
		}
		b.WriteByte('\\')
		return 1
	case 'u':
		if r, n := unicodeEscape(s); n > 0 {
			b.WriteRune(r)
			return n
		}
		b.WriteByte('\\')
		return 1
	default:
		_, n := utf8.DecodeRuneInString(s[1:])
		b.WriteString(s[1 : 1+n])
		return 1 + n
	}
	return 2
}

// unicodeEscape decodes \uNNNN, a pair of those, or \u{N…}. Half a pair becomes
// U+FFFD, for it has no place in UTF-8. n is 0 if s is none of them.
func unicodeEscape(s string) (r rune, n int) {
	if digits, ok := strings.CutPrefix(s, `\u{`); ok {
		end := strings.IndexByte(digits[:min(len(digits), 8)], '}')
		if end < 1 {
			return 0, 0
		}
		r, ok := hex(digits, end)
		if !ok || r > utf8.MaxRune {
			return 0, 0
		}
		return r, len(`\u{`) + end + 1
	}
	r, ok := hex(s[2:], 4)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(s[6:], `\u`) {
		if low, ok := hex(s[8:], 4); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return r, 6
}

// hex reads exactly n hexadecimal digits.
func hex(s string, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	for i := range n {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return 0, false
		}
	}
	v, err := strconv.ParseUint(s[:n], 16, 32)
	return rune(v), err == nil
}
