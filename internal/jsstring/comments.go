package jsstring

import "strings"

// StripComments returns script with its comments replaced by blanks, so that what a
// developer has left in one is not taken for what the page does. Comments are those of
// ECMA-262 (sections 12.4 and B.1.1): block comments, line comments, and those that hide a
// script from old browsers. What looks like one inside a string, a template or a regular
// expression is none; a block comment that is not closed is left as it is.
func StripComments(script string) string {
	var b strings.Builder
	kept := 0 // up to where script is in b
	prev := byte('\n')
	open := unclosed{}
	for i := 0; i < len(script); {
		end := commentEnd(script, i, open)
		switch c := script[i]; {
		case end > i:
			b.WriteString(script[kept:i])
			b.WriteByte(' ')
			i, kept = end, end
			continue
		case strings.IndexByte("'\"`", c) >= 0 && i >= open[c]:
			_, after, ok := literal(script, i)
			if !ok {
				open[c] = after
				break
			}
			i, prev = after, c
			continue
		case c == '/' && regexpAfter(prev):
			if after := regexpEnd(script, i); after > 0 {
				i, prev = after, '/'
				continue
			}
		}
		if strings.IndexByte(" \t\r\n", script[i]) < 0 {
			prev = script[i]
		}
		i++
	}
	b.WriteString(script[kept:])
	return b.String()
}

// commentEnd returns where the comment at script[i:] ends, 0 if there is none.
func commentEnd(script string, i int, open unclosed) int {
	rest := script[i:]
	switch {
	case strings.HasPrefix(rest, "/*"):
		if i < open['*'] {
			return 0
		}
		if n := strings.Index(rest[2:], "*/"); n >= 0 {
			return i + n + 4
		}
		open['*'] = len(script)
		return 0
	case strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "<!--"), strings.HasPrefix(rest, "-->") && lineStart(script, i):
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			return i + n
		}
		return len(script)
	}
	return 0
}

// lineStart reports whether only blanks stand before script[i] on its line.
func lineStart(script string, i int) bool {
	before := strings.TrimRight(script[max(0, i-100):i], " \t")
	return before == "" || before[len(before)-1] == '\n' || before[len(before)-1] == '\r'
}

// regexpAfter tells a regular expression from a division by what stands before it.
func regexpAfter(prev byte) bool { return strings.IndexByte("(,=:[!&|?{};+*%~^<>\n", prev) >= 0 }

// maxRegexp is the length of a regular expression in bytes, so that slashes which begin
// none do not cost a search to the end each.
const maxRegexp = 300

// regexpEnd returns where the regular expression at script[i:] ends, 0 if there is none.
func regexpEnd(script string, i int) int {
	class := false
	for j := i + 1; j < len(script) && j < i+maxRegexp; j++ {
		switch c := script[j]; {
		case c == '\n' || c == '\r':
			return 0
		case c == '\\':
			j++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			return j + 1
		}
	}
	return 0
}
