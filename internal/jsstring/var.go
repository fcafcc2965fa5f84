package jsstring

import "strings"

// Var returns the strings that page assigns to the variable, property or object key
// called name, decoded, in the order in which they stand there:
//
//	var name = '…'    x.name = "…"    name: '…'    "name": "…"
//
// name inside a longer word, in an address (?name=…, name\x3D…) or compared (==)
// is not meant. Nothing is run and nothing else is parsed, so values in comments
// are found too. At most [MaxPage] bytes are searched and [MaxValues] returned.
func Var(page, name string) []string {
	if name == "" {
		return nil
	}
	page = page[:min(len(page), MaxPage)]
	var out []string
	for at := 0; len(out) < MaxValues; {
		i := strings.Index(page[at:], name)
		if i < 0 {
			break
		}
		start, end := at+i, at+i+len(name)
		at = end
		lit, after, ok := assigned(page, start, end)
		if !ok {
			continue
		}
		out = append(out, Unescape(lit))
		at = after
	}
	return out
}

// assigned returns the literal that is assigned to the name at page[start:end], and
// where the text goes on after it.
func assigned(page string, start, end int) (lit string, after int, ok bool) {
	if start > 0 {
		switch c := page[start-1]; {
		case c == '"' || c == '\'':
			if end >= len(page) || page[end] != c {
				return "", 0, false
			}
			end++ // a quoted key
		case wordByte(c) || strings.IndexByte(`?&/-\%#;`, c) >= 0 && !statementEnd(page, start-1):
			return "", 0, false
		}
	}
	rest := skipSpace(page, end)
	if rest >= len(page) || page[rest] != '=' && page[rest] != ':' {
		return "", 0, false
	}
	open := skipSpace(page, rest+1)
	if open >= len(page) || page[open] != '\'' && page[open] != '"' {
		return "", 0, false
	}
	return literal(page, open)
}

// literal returns what stands between the quote at page[open] and the next one of
// its kind that is not escaped, and where the text goes on after it. A literal ends
// on its line; if it does not, after is where that was noticed.
func literal(page string, open int) (lit string, after int, ok bool) {
	for i := open + 1; i < len(page); i++ {
		switch page[i] {
		case '\\':
			i++
		case '\n', '\r':
			return "", i, false
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
