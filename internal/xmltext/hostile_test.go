package xmltext_test

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/xmltext"
)

// BenchmarkHostile decodes and repairs documents of 1 MiB, of what costs most.
func BenchmarkHostile(b *testing.B) {
	for name, parts := range map[string][2]string{
		"bare ampersands":   {"<a>", "&"},
		"references":        {"<a>", "&#x1;"},
		"open references":   {"<a>", "&#"},
		"unknown entities":  {"<a>", "&nbsp;"},
		"control bytes":     {"<a>", "\x01"},
		"Latin-1":           {"<a>", "\xe9"},
		"open elements":     {"", "<a>"},
		"brackets":          {"<a>", "<"},
		"CDATA":             {"<a>", "<![CDATA[x]]>"},
		"open CDATA":        {"<a>", "<![CDATA["},
		"comments":          {"<a>", "<!--"},
		"declarations":      {"", "<?xml version='1.0' encoding='ISO-8859-1'?>"},
		"a long encoding":   {"<?xml version='1.0' encoding='", "a"},
		"attributes":        {"<a ", "b='&' "},
		"Windows code page": {"<?xml version='1.0' encoding='windows-1252'?><a>", "\x80"},
		"UTF-16":            {"\xff\xfe<\x00a\x00>\x00", "&\x00"},
		"half a UTF-16":     {"\xff\xfe", "\x00\xd8"},
	} {
		doc := []byte(parts[0] + strings.Repeat(parts[1], (1<<20-len(parts[0]))/len(parts[1])))
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if text, err := xmltext.Decode(doc); err == nil {
					xmltext.Repair(text)
				}
				xmltext.Repair(doc)
			}
		})
	}
}
