package saml_test

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/saml"
)

// hostile are responses of which parsers of XML make a multiple, each as large as a
// response may be.
func hostile() map[string]string {
	const open = `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:oasis:names:tc:SAML:2.0:assertion">`
	const end = `</p:Response>`
	whole := func(before, part, after string) string {
		n := (saml.MaxResponse - len(open) - len(before) - len(after) - len(end)) / len(part)
		return open + before + strings.Repeat(part, n) + after + end
	}
	numbered := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < saml.MaxResponse-1000; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	wide := strings.Repeat(`<b a1="" a2="" a3="" a4="" a5="" a6="" a7="" a8="" a9="">`, 60)
	return map[string]string{
		"elements":               whole("", "<a/>", ""),
		"pairs":                  whole("", "<a></a>", ""),
		"prefixed":               whole("", "<p:a/>", ""),
		"as many as may be":      open + strings.Repeat("<a/>"+strings.Repeat(" ", 95), 9_900) + end,
		"deep":                   open + strings.Repeat("<a>", 100_000),
		"deep, then wide":        whole(wide, "<a/>", strings.Repeat("</b>", 60)),
		"declared at each":       whole("", `<a xmlns:q="u"/>`, ""),
		"attributes":             open + "<a" + numbered(` a%d=""`) + "/>" + end,
		"prefixed attributes":    open + "<a" + numbered(` x%d:a="" `) + "/>" + end,
		"namespaces":             open + "<a" + numbered(` xmlns:x%d="u"`) + "/>" + end,
		"one attribute":          open + `<a b="` + strings.Repeat("&amp;", saml.MaxResponse/5-100) + `"/>` + end,
		"references":             whole("", "&#x41;", ""),
		"text in parts":          whole("", "x<!---->", ""),
		"comments":               whole("", "<!---->", ""),
		"CDATA":                  whole("", "<![CDATA[x]]>", ""),
		"instructions":           whole("", "<?a b?>", ""),
		"entities":               `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>` + whole("", "&b;", ""),
		"declarations":           strings.Repeat("<!DOCTYPE a>", saml.MaxResponse/12),
		"nested declaration":     "<!DOCTYPE a [" + strings.Repeat("<!x ", saml.MaxResponse/4-10),
		"quotes":                 open + "<!-- ' -->" + strings.Repeat("<a/>", 200_000) + end,
		"assertions":             whole("", "<Assertion/>", ""),
		"confirmations":          whole("<Assertion><Subject>", "<SubjectConfirmation/>", "</Subject></Assertion>"),
		"not closed":             whole("", "<a", ""),
		"less-than signs":        whole("", "<", ""),
		"an encoding of its own": `<?xml version="1.0" encoding="UTF-16"?>` + whole("", "<a/>", ""),
	}
}

// What is allocated is in proportion to the response, whatever is in it.
func TestHostileResponses(t *testing.T) {
	for name, doc := range hostile() {
		encoded := base64.StdEncoding.EncodeToString([]byte(doc))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = saml.ParseResponse(encoded)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 200*saml.MaxResponse {
			t.Errorf("%s: %d MiB were allocated for a response of %d KiB", name, used>>20, len(doc)>>10)
		}
	}
}

func BenchmarkHostileResponses(b *testing.B) {
	for name, doc := range hostile() {
		encoded := base64.StdEncoding.EncodeToString([]byte(doc))
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = saml.ParseResponse(encoded)
			}
		})
	}
}
