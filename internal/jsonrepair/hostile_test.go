package jsonrepair_test

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
)

// BenchmarkHostile repairs answers of 1 MiB, of what costs most.
func BenchmarkHostile(b *testing.B) {
	for name, parts := range map[string][2]string{
		"quotes":            {`{"a":"`, `"`},
		"empty texts":       {`{"a":"`, `""`},
		"members":           {`{"a":"`, `"a":"b",`},
		"broken members":    {`{"a":"`, `"` + strings.Repeat("a", 61)},
		"blanks and quotes": {`{"a":"`, `"` + strings.Repeat(" ", 127)},
		"escapes":           {`{"a":"`, `\u0041`},
		"broken escapes":    {`{"a":"`, `\u004`},
		"control bytes":     {`{"a":"`, "\x01"},
		"Latin-1":           {`{"a":"`, "\xe9"},
		"objects":           {"{", `{"a":`},
		"words":             {`{"a":[`, "x,"},
		"separators":        {"{", ",:"},
		"arrays":            {`{"a":`, "["},
	} {
		body := []byte(parts[0] + strings.Repeat(parts[1], (1<<20-len(parts[0]))/len(parts[1])))
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				jsonrepair.Bytes(body)
			}
		})
	}
}
