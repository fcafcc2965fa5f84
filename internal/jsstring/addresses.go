package jsstring

import "strings"

// maxAddress is the length of an address in bytes. One with a signed AuthnRequest
// in its query has 4 KiB.
const maxAddress = 128 << 10

// Addresses returns the string literals of page that are addresses, decoded, in the
// order in which they stand there: those that begin with http://, https:// or a
// slash. A page that navigates by script holds the address it goes to in one of
// them. Quoted attributes count too, with &amp; decoded. The addresses are raw text;
// whoever uses one resolves it and checks where it leads.
//
// At most [MaxPage] bytes are searched and [MaxValues] distinct addresses returned;
// scripts, style sheets and pictures are left out.
func Addresses(page []byte) []string {
	s := string(page[:min(len(page), MaxPage)])
	var out []string
	seen := map[string]bool{}
	open := unclosed{}
	for i := 0; i < len(s) && len(out) < MaxValues; i++ {
		if s[i] != '"' && s[i] != '\'' || i < open[s[i]] || !addressStart(s[i+1:]) {
			continue
		}
		lit, after, ok := literal(s, i)
		if !ok {
			open[s[i]] = after
			continue
		}
		if len(lit) > maxAddress {
			continue
		}
		i = after - 1
		a := strings.ReplaceAll(Unescape(lit), "&amp;", "&")
		if !seen[a] && !asset(a) {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// addressStart reports whether a literal's text begins like an address, escaped or
// not.
func addressStart(s string) bool {
	head := strings.ToLower(Unescape(s[:min(len(s), 40)]))
	return strings.HasPrefix(head, "https://") || strings.HasPrefix(head, "http://") || strings.HasPrefix(head, "/")
}

// asset reports whether an address is a part of the page, of which there are many.
func asset(a string) bool {
	path, _, _ := strings.Cut(a, "?")
	for _, ext := range []string{".js", ".css", ".png", ".svg", ".ico", ".woff", ".woff2"} {
		if strings.HasSuffix(path, ext) {
			return true
		}
	}
	return false
}
