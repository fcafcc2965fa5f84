package jsstring

import "strings"

// Var returns the strings that page assigns to the variable, property or object key
// called name, decoded, in the order in which they stand there:
//
//	var name = '…'    x.name = "…"    name: `…`    "name": "…"    x["name"] = '…' + "…"
//
// The case of ASCII letters does not count. name inside a longer word, in an address
// (?name=…, name\x3D…) or compared (==) is not meant, and neither is a value that is put
// together from more than literals. Nothing is run and nothing else is parsed, so values
// in comments are found too: see [StripComments]. At most [MaxPage] bytes are searched and
// [MaxValues] returned.
func Var(page, name string) []string {
	if name == "" {
		return nil
	}
	page, name = page[:min(len(page), MaxPage)], lower(name)
	folded := lower(page)
	var out []string
	open := unclosed{}
	for at := 0; len(out) < MaxValues; {
		i := strings.Index(folded[at:], name)
		if i < 0 {
			break
		}
		start, end := at+i, at+i+len(name)
		at = end
		value, after, ok := assigned(page, start, end, open)
		if !ok {
			continue
		}
		out = append(out, value)
		at = after
	}
	return out
}

// lower is s with its ASCII letters in lower case, so that offsets stay.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// assigned returns the value that is assigned to the name at page[start:end], and where
// the text goes on after it.
func assigned(page string, start, end int, open unclosed) (value string, after int, ok bool) {
	if start > 0 {
		switch c := page[start-1]; {
		case c == '"' || c == '\'':
			if end >= len(page) || page[end] != c {
				return "", 0, false
			}
			end++ // a quoted key
			if close := skipSpace(page, end); close < len(page) && page[close] == ']' {
				end = close + 1
			}
		case wordByte(c) || strings.IndexByte(`?&/-\%#;`, c) >= 0 && !statementEnd(page, start-1):
			return "", 0, false
		}
	}
	rest := skipSpace(page, end)
	if rest >= len(page) || page[rest] != '=' && page[rest] != ':' {
		return "", 0, false
	}
	return concatenated(page, skipSpace(page, rest+1), open)
}

// concatenated returns the value of the literals at page[at:] that are joined by +.
func concatenated(page string, at int, open unclosed) (value string, after int, ok bool) {
	var b strings.Builder
	for {
		if at >= len(page) || strings.IndexByte("'\"`", page[at]) < 0 || at < open[page[at]] {
			return "", 0, false
		}
		lit, next, closed := literal(page, at)
		if !closed {
			open[page[at]] = next
			return "", 0, false
		}
		if page[at] == '`' && strings.Contains(lit, "${") {
			return "", 0, false
		}
		b.WriteString(Unescape(lit))
		if at = skipSpace(page, next); at >= len(page) || page[at] != '+' {
			return b.String(), next, true
		}
		at = skipSpace(page, at+1)
	}
}

// unclosed remembers, by quote, up to where it is known that no literal closes, so that
// quotes which are never closed do not cost a search each.
type unclosed map[byte]int

// literal returns what stands between the quote at page[open] and the next one of
// its kind that is not escaped, and where the text goes on after it. A literal ends
// on its line, but for a template; if it does not, after is where that was noticed.
func literal(page string, open int) (lit string, after int, ok bool) {
	for i := open + 1; i < len(page); i++ {
		switch page[i] {
		case '\\':
			i++
		case '\n', '\r':
			if page[open] != '`' {
				return "", i, false
			}
		case page[open]:
			return page[open+1 : i], i + 1, true
		}
	}
	return "", len(page), false
}

// statementEnd tells a semicolon between statements from the one of &amp; in an
// address.
func statementEnd(page string, i int) bool {
	return page[i] == ';' && !strings.HasSuffix(page[max(0, i-4):i], "&amp")
}

// wordByte reports whether c continues a word. Bytes of non-ASCII letters do.
func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 ||
		'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func skipSpace(s string, i int) int {
	for i < len(s) && strings.IndexByte(" \t\r\n", s[i]) >= 0 {
		i++
	}
	return i
}
