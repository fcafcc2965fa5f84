package jsstring_test

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/jsstring"
)

// BenchmarkHostile reads pages that are as large as may be, of what costs most.
func BenchmarkHostile(b *testing.B) {
	for name, parts := range map[string][2]string{
		"quotes":            {"", `"`},
		"addresses":         {"", `"/`},
		"pictures":          {"", `"/a.png"`},
		"one address twice": {"", `"/a"`},
		"open addresses":    {"", "\"/a\n"},
		"long addresses":    {`"/` + strings.Repeat("a", 200_000), `'/'`},
		"names":             {"", "stateToken "},
		"open values":       {"", "stateToken='\n"},
		"escaped quotes":    {"stateToken='", `\'`},
		"escapes":           {"stateToken='", `\u0041`},
		"blanks":            {"stateToken", " "},
	} {
		page := parts[0] + strings.Repeat(parts[1], (jsstring.MaxPage-len(parts[0]))/len(parts[1]))
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			for b.Loop() {
				jsstring.Addresses([]byte(page))
				jsstring.Var(page, "stateToken")
			}
		})
	}
}
