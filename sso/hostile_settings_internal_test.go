package sso

import (
	"strings"
	"testing"
)

// BenchmarkHostileSettings reads connection strings of the greatest length, of what
// costs most.
func BenchmarkHostileSettings(b *testing.B) {
	for name, parts := range map[string][2]string{
		"separators":         {"", ";"},
		"names":              {"", "a;"},
		"one name again":     {"", "User=a;"},
		"unknown names":      {"", "Usr=a;"},
		"quotation marks":    {"User='", "''"},
		"double quotes":      {`User="`, `""`},
		"braces":             {"User={", "}"},
		"open braces":        {"User=", "{"},
		"lists in lists":     {"", "SSOProperties='"},
		"properties":         {"SSOProperties='", "MFAType=SMS;"},
		"equals signs":       {"User", "="},
		"blanks":             {"User=", " "},
		"one long name":      {"", "a"},
		"addresses":          {"URL=https://", "a."},
		"control characters": {"User=", "\x01"},
	} {
		conn := parts[0] + strings.Repeat(parts[1], (64<<10-len(parts[0]))/len(parts[1]))
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(conn)))
			b.ReportAllocs()
			for b.Loop() {
				ParseConfig(conn)
			}
		})
	}
}

// BenchmarkHostileRecords reads stored records of 4 MiB (encrypt.MaxRecord), of what costs most; they are
// authenticated, so that only who has the key can write one.
func BenchmarkHostileRecords(b *testing.B) {
	for name, parts := range map[string][3]string{
		"objects":          {`{"version":1,"a":`, `{"a":`, ""},
		"arrays":           {`{"version":1,"a":`, `[`, ""},
		"members":          {`{"version":1`, `,"a":1`, "}"},
		"versions":         {`{"version":1`, `,"version":1`, "}"},
		"text":             {`{"version":1,"a":"`, `\u0000`, `"}`},
		"cookies":          {`{"version":1,"cookies":[{}`, `,{"name":"a","value":"b","domain":"c"}`, "]}"},
		"current, objects": {string(currentHead) + `"a":`, `{"a":`, ""},
		"current, members": {string(currentHead) + `"a":1`, `,"a":1`, "}"},
	} {
		data := []byte(parts[0] + strings.Repeat(parts[1], 4<<20/len(parts[1])) + parts[2])
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				decodeRecord(data, nil)
			}
		})
	}
}
