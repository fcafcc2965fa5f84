package classic

import (
	"runtime"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// hostileJSON are answers of which a reader of JSON makes a multiple, as large as an
// answer may be.
func hostileJSON() map[string][]byte {
	answers := map[string][]byte{}
	for name, parts := range map[string][3]string{
		"deep":                {`{"status":"X","_embedded":{"factors":`, "[", ""},
		"deep objects":        {`{"status":"X","_embedded":`, `{"a":`, ""},
		"deep and closed":     {`{"status":"X","_embedded":{"factors":` + strings.Repeat("[", 9000), "1,", "1" + strings.Repeat("]", 9000) + "}}"},
		"factors":             {`{"status":"X","_embedded":{"factors":[`, "{},", "{}]}}"},
		"factors of no shape": {`{"status":"X","_embedded":{"factors":[`, "1,", "1]}}"},
		"links":               {`{"status":"X","_links":{"a":[`, `{"href":"a"},`, "{}]}}"},
		"names":               {`{"status":"X","_links":{`, `"a":1,`, `"b":1}}`},
		"members":             {`{`, `"status":"X",`, `"status":"X"}`},
		"escapes":             {`{"status":"`, `\u0041`, `"}`},
		"half a pair":         {`{"status":"X","stateToken":"`, `\ud800`, `"}`},
		"one number":          {`{"status":"X","_embedded":{"transaction":{"profile":{"refresh":`, "9", "}}}}"},
		"an exponent":         {`{"status":"X","_embedded":{"transaction":{"profile":{"refresh":1e`, "9", "}}}}"},
		"a date":              {`{"status":"X","expiresAt":"`, "2", `"}`},
		"remediations":        {`{"stateHandle":"x","remediation":{"value":[`, `{"name":"a","value":[{}]},`, "{}]}}"},
		"messages":            {`{"stateHandle":"x","messages":{"value":[`, `{"message":"a"},`, "{}]}}"},
		"white space":         {`{"status":"X"`, " ", "}"},
	} {
		n := (flow.MaxTransaction - len(parts[0]) - len(parts[2])) / len(parts[1])
		answers[name] = []byte(parts[0] + strings.Repeat(parts[1], n) + parts[2])
	}
	return answers
}

func readJSON(body []byte) {
	_, _ = readTransaction(body)
	_, _ = ion.Read(200, body)
}

// What is allocated is in proportion to the answer, whatever is in it.
func TestHostileJSON(t *testing.T) {
	for name, body := range hostileJSON() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readJSON(body)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 200*flow.MaxTransaction {
			t.Errorf("%s: %d MiB were allocated for an answer of %d KiB", name, used>>20, len(body)>>10)
		}
	}
}

func BenchmarkHostileJSON(b *testing.B) {
	for name, body := range hostileJSON() {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				readJSON(body)
			}
		})
	}
}
