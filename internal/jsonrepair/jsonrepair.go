// Package jsonrepair reads the JSON of servers and gateways that write it by hand.
//
// An answer may hold what decides (a status, an error code) next to a display text
// that breaks the grammar: a control character, a stray quote, Latin-1. Whoever
// gives up on such an answer loses the decision with the text.
package jsonrepair

import (
	"bytes"
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and arrays may nest in what is repaired.
const maxDepth = 100

// Bytes returns body as valid JSON in UTF-8. What is valid is returned as it is, apart
// from a byte order mark and white space around it. Otherwise
//
//   - UTF-16 with a byte order mark is decoded, and bytes that are not UTF-8 are read
//     as Latin-1,
//   - text before the first object and after its end is dropped,
//   - control characters, invalid escapes and quotes inside a string are escaped,
//   - missing and surplus commas are put right, and what is no JSON value becomes null,
//   - an object that is a JSON string (encoded twice) is unwrapped.
//
// cut reports that the end was missing: then what was open is closed, and the last
// value may be a part of itself. ok is false, and the result nil, if body holds no
// object: the page of a gateway, plain text, an array.
//
// The cost is linear in the length of body; the result has at most six times its length.
func Bytes(body []byte) (fixed []byte, cut, ok bool) {
	body = bytes.TrimSpace(toUTF8(body))
	if inner, twice := unwrap(body); twice {
		body = inner
	}
	if len(body) > 0 && body[0] == '{' && json.Valid(body) {
		return body, false, true
	}
	start := bytes.IndexByte(body, '{')
	if start < 0 || body[0] == '[' || bytes.IndexByte(body[:start], '<') >= 0 {
		return nil, false, false
	}
	r := repair{in: body[start:]}
	r.value(0)
	if r.tooDeep || !json.Valid(r.out) {
		return nil, false, false
	}
	return r.out, r.cut, true
}

// unwrap returns the object in a JSON string.
func unwrap(body []byte) ([]byte, bool) {
	var s string
	if len(body) == 0 || body[0] != '"' || json.Unmarshal(body, &s) != nil {
		return nil, false
	}
	inner := bytes.TrimSpace([]byte(s))
	return inner, len(inner) > 0 && inner[0] == '{'
}

// toUTF8 removes a byte order mark and decodes what is not UTF-8. Where a text is UTF-8
// in part, only the bytes that are not are read as Latin-1.
func toUTF8(body []byte) []byte {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		body = body[3:]
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		return fromUTF16(body)
	}
	if utf8.Valid(body) {
		return body
	}
	out := make([]byte, 0, len(body)+len(body)/8)
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		if r == utf8.RuneError && n == 1 {
			r = rune(body[0])
		}
		out = utf8.AppendRune(out, r)
		body = body[n:]
	}
	return out
}

func fromUTF16(body []byte) []byte {
	high, low := 0, 1
	if body[0] == 0xff {
		high, low = 1, 0
	}
	body = body[2:]
	units := make([]uint16, 0, len(body)/2)
	for ; len(body) >= 2; body = body[2:] {
		units = append(units, uint16(body[high])<<8|uint16(body[low]))
	}
	return []byte(string(utf16.Decode(units)))
}

// repair copies a damaged text and puts right what it comes across.
type repair struct {
	in      []byte
	at      int
	out     []byte
	cut     bool
	tooDeep bool
}

// more reports whether a byte that is no white space is left, which is then at r.at.
func (r *repair) more() bool {
	for r.at < len(r.in) && bytes.IndexByte([]byte(" \t\r\n"), r.in[r.at]) >= 0 {
		r.at++
	}
	return r.at < len(r.in)
}

func (r *repair) value(depth int) {
	if depth > maxDepth {
		r.tooDeep, r.at = true, len(r.in)
	}
	if !r.more() {
		r.cut = true
		r.out = append(r.out, "null"...)
		return
	}
	switch r.in[r.at] {
	case '{':
		r.at++
		r.object(depth)
	case '[':
		r.at++
		r.array(depth)
	case '"':
		if !r.text(false) {
			r.cut = true
			r.out = append(r.out, '"')
		}
	default:
		r.literal()
	}
}

func (r *repair) object(depth int) {
	r.out = append(r.out, '{')
	for first := true; ; first = false {
		// Everything between two members but a key is a separator, or damage.
		for r.more() && r.in[r.at] != '"' && r.in[r.at] != '}' {
			r.at++
		}
		if r.at == len(r.in) || r.in[r.at] == '}' {
			r.close('}')
			return
		}
		mark := len(r.out)
		if !first {
			r.out = append(r.out, ',')
		}
		if !r.text(true) || !r.more() {
			r.cut, r.out = true, r.out[:mark]
			r.close('}')
			return
		}
		if r.in[r.at] == ':' {
			r.at++
		}
		r.out = append(r.out, ':')
		r.value(depth + 1)
	}
}

func (r *repair) array(depth int) {
	r.out = append(r.out, '[')
	for first := true; ; first = false {
		for r.more() && (r.in[r.at] == ',' || r.in[r.at] == '}' || r.in[r.at] == ':') {
			r.at++
		}
		if r.at == len(r.in) || r.in[r.at] == ']' {
			r.close(']')
			return
		}
		if !first {
			r.out = append(r.out, ',')
		}
		r.value(depth + 1)
	}
}

func (r *repair) close(delimiter byte) {
	r.cut = r.cut || r.at == len(r.in)
	r.at = min(r.at+1, len(r.in))
	r.out = append(r.out, delimiter)
}

// literal copies a number, true, false or null; anything else becomes null.
func (r *repair) literal() {
	from := r.at
	for r.at < len(r.in) && bytes.IndexByte([]byte(" \t\r\n,:{}[]\""), r.in[r.at]) < 0 {
		r.at++
	}
	if word := r.in[from:r.at]; json.Valid(word) {
		r.out = append(r.out, word...)
		return
	}
	r.out = append(r.out, "null"...)
}

// text copies a string, which begins at r.at, and reports whether it was ended.
func (r *repair) text(key bool) bool {
	r.out = append(r.out, '"')
	for r.at++; r.at < len(r.in); r.at++ {
		switch c := r.in[r.at]; {
		case c == '"' && r.ends(key):
			r.at++
			r.out = append(r.out, '"')
			return true
		case c == '"':
			r.out = append(r.out, '\\', '"')
		case c == '\\':
			r.escape()
		case c < ' ':
			const hex = "0123456789abcdef"
			r.out = append(r.out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			r.out = append(r.out, c)
		}
	}
	return false
}

// escape copies an escape sequence, or the backslash of one that is none as itself.
func (r *repair) escape() {
	if n := escapeLen(r.in[r.at:min(r.at+6, len(r.in))]); n > 0 {
		r.out = append(r.out, r.in[r.at:r.at+n]...)
		r.at += n - 1
		return
	}
	r.out = append(r.out, '\\', '\\')
}

// escapeLen returns the length of the escape sequence at the beginning of s, 0 if JSON
// has none like it.
func escapeLen(s []byte) int {
	switch {
	case len(s) >= 2 && bytes.IndexByte([]byte(`"\/bfnrt`), s[1]) >= 0:
		return 2
	case len(s) < 6 || s[1] != 'u':
		return 0
	}
	for _, c := range s[2:6] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return 0
		}
	}
	return 6
}

// lookAhead is how far ends looks, and maxName the length of a member's name that it
// recognises, in bytes. It looks at every quote of a text, so no regular expression does.
const (
	lookAhead = 128
	maxName   = 60
)

// ends tells the quote that ends a string from one inside it, by what comes after it. A
// key is followed by a colon; a value by the end of the text, an object or an array, by
// the next member, or, after a comma, by the next item of an array.
func (r *repair) ends(key bool) bool {
	rest := skipSpace(r.in[r.at+1 : min(r.at+1+lookAhead, len(r.in))])
	if key {
		return len(rest) > 0 && rest[0] == ':'
	}
	comma := len(rest) > 0 && rest[0] == ','
	if comma {
		rest = skipSpace(rest[1:])
	}
	if len(rest) == 0 {
		return true
	}
	switch c := rest[0]; {
	case c == ']' || c == '}':
		return true
	case comma && (c == '"' || c == '{' || c == '[' || '0' <= c && c <= '9'):
		return true
	}
	return member(rest)
}

// member reports whether s begins with a name in quotes and a colon.
func member(s []byte) bool {
	if s[0] != '"' {
		return false
	}
	n := 1
	for n < len(s) && n <= maxName && nameByte(s[n]) {
		n++
	}
	if n == 1 || n == len(s) || s[n] != '"' {
		return false
	}
	s = skipSpace(s[n+1:])
	return len(s) > 0 && s[0] == ':'
}

func nameByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || bytes.IndexByte([]byte("_.$:-"), c) >= 0
}

func skipSpace(s []byte) []byte { return bytes.TrimLeft(s, " \t\n\f\r") }
