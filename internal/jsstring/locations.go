package jsstring

import (
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// navigation is how a script sends the browser elsewhere, up to the address. It is tried
// at the word only, and on maxNavigation bytes.
var navigation = lazyregexp.New(`^location\s*` +
	`(?:(?:\.\s*href|\[\s*["']href["']\s*\])?\s*=|\.\s*(?:assign|replace)\s*\()\s*["'` + "`" + `]`)

// Locations returns the literals that the scripts of page assign to the browser's
// location, decoded, in the order in which they stand there:
//
//	location = '…'    window.location.href = "…"    location.replace(`…`)    location.assign("…")
//
// Nothing is run, so what stands in a comment or in a function that nobody calls is
// found too; addresses that are put together are not. At most [MaxPage] bytes are
// searched and [MaxValues] values returned.
func Locations(page []byte) []string {
	s := string(page[:min(len(page), MaxPage)])
	var out []string
	for at := 0; len(out) < MaxValues; {
		i := strings.Index(s[at:], "location")
		if i < 0 {
			break
		}
		start := at + i
		at = start + len("location")
		if start > 0 && (wordByte(s[start-1]) && s[start-1] < 0x80 || s[start-1] == '-') {
			continue
		}
		found := navigation().FindStringIndex(s[start:min(len(s), start+maxNavigation)])
		if found == nil {
			continue
		}
		at = start + found[1]
		lit, after, ok := literal(s, at-1)
		if ok && len(lit) <= maxAddress && (s[at-1] != '`' || !strings.Contains(lit, "${")) {
			out = append(out, strings.ReplaceAll(Unescape(lit), "&amp;", "&"))
			at = after
		}
	}
	return out
}

const maxNavigation = 200
