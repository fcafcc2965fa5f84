// Package wiretext says whether a secret or a name can be sent to a server exactly as
// it is.
//
// encoding/json and encoding/xml do not fail on what they cannot write: they put U+FFFD
// in its place. A password would reach the server as another one, and be refused.
package wiretext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// bom is the byte order mark that some editors put in front of UTF-8.
const bom = "\ufeff"

// Trim returns s without one byte order mark at its beginning. It is no part of the
// text, but of the file.
func Trim(s string) string { return strings.TrimPrefix(s, bom) }

// Problem says why s cannot be written as JSON, XML and a form alike, and what to do
// about it; both are "" if it can. They show nothing of s.
//
// Refused are bytes that are not UTF-8, control characters but the tab, the two
// noncharacters U+FFFE and U+FFFF, and a byte order mark in front. Everything else
// reaches a server as it is, U+FFFD and U+2028 included.
func Problem(s string) (problem, hint string) {
	const utf16Hint = "it looks like UTF-16: save it as UTF-8 (PowerShell: -Encoding utf8)"
	switch {
	case strings.HasPrefix(s, "\xff\xfe"), strings.HasPrefix(s, "\xfe\xff"):
		return "is not UTF-8", utf16Hint
	case !utf8.ValidString(s):
		return "is not UTF-8", "it may be ISO-8859-1 or Windows-1252, or end in the middle of a character: save it as UTF-8"
	case strings.ContainsRune(s, 0):
		return "contains a NUL character", utf16Hint
	case strings.ContainsAny(s, "\r\n"):
		return "contains a line break", "give one line, without the end of the line"
	case strings.ContainsFunc(s, isControl):
		return "contains a control character", "type it again: it cannot be sent as it is"
	case strings.HasPrefix(s, bom), strings.ContainsAny(s, "\ufffe\uffff"):
		return "contains a byte order mark or a noncharacter", "save it as UTF-8 without a byte order mark"
	}
	return "", ""
}

func isControl(r rune) bool { return r != '\t' && unicode.IsControl(r) }

// Cut returns a server's words without control characters, and at most that many bytes of them.
func Cut(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
