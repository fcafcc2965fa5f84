package htmlform_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

// hostile are pages of which a tree builder, or a reader that is not careful, makes a
// multiple, each repeated up to a size in bytes.
func hostile(size int) map[string][]byte {
	var formatting, attributes strings.Builder
	for i := range 450 {
		fmt.Fprintf(&formatting, "<b a=%d>", i)
	}
	for i := 0; attributes.Len() < size-100; i++ {
		fmt.Fprintf(&attributes, " a%d", i)
	}
	pages := map[string][]byte{
		"one tag with all attributes":  []byte("<form><input" + attributes.String() + ">"),
		"one attribute many times":     []byte("<form><input" + strings.Repeat(" a=1", size/4-10) + ">"),
		"one class many times":         []byte(`<p class="` + strings.Repeat("e ", size/2-20) + `">x`),
		"one value of references":      []byte(`<form><input name=a value="` + strings.Repeat("&amp;", size/5-20) + `">`),
		"a tag that is not closed":     []byte("<form><input value='" + strings.Repeat("<", size-40)),
		"a comment that is not closed": []byte("<!--" + strings.Repeat("-!", size/2-40)),
		"a script that is not closed":  []byte("<script><!--" + strings.Repeat("<script", size/7-40)),
		"one option":                   []byte("<form><select><option>" + strings.Repeat("x</p>", size/5-40)),
	}
	for name, parts := range map[string][2]string{
		"formatting and paragraphs":     {formatting.String(), "<p>x"},
		"formatting and ends":           {formatting.String(), "<p>x</p>"},
		"font":                          {strings.Repeat("<font>", 400), "<font>x</p>"},
		"links":                         {"", "<a>x<p>"},
		"no-break":                      {"", "<nobr>x<p>"},
		"misnested formatting":          {"", "<b><i><p></b></i>"},
		"text in a table":               {"<table>", "x<tr>"},
		"text around nothing":           {strings.Repeat("x", size/4), "x</z>"},
		"tables in tables":              {"", "<table><tr><td>"},
		"lists":                         {"", "<select><option>x"},
		"options":                       {"<form><select multiple>", "<option selected>x"},
		"templates":                     {"", "<template><form>"},
		"foreign content":               {"", "<svg><desc><math><mi><p>"},
		"frames":                        {"<frameset>", "<frameset><frame>"},
		"forms in forms":                {"", "<form></div>"},
		"forms":                         {"", "<form></form>"},
		"fields":                        {"<form>", "<input>"},
		"disabled fieldsets":            {"", "<fieldset disabled>"},
		"controls of an unknown form":   {"", "<input form=x>"},
		"deep":                          {"", "<div>"},
		"paragraphs":                    {"", "<p>"},
		"paragraph ends":                {strings.Repeat("<div>", 400), "</p>"},
		"matches without text":          {"", "<p class=e></p>"},
		"matches in matches":            {"", "<div class=e>"},
		"bases":                         {"", "<base href=/>"},
		"bytes that are not characters": {"", "\xff\x00"},
		"less-than signs":               {"", "<"},
		"bogus comments":                {"", "</!><?>"},
		"titles":                        {"", "<title></title>"},
	} {
		n := (size - len(parts[0])) / len(parts[1])
		pages[name] = []byte(parts[0] + strings.Repeat(parts[1], n))
	}
	return pages
}

// readAll is every reader of this package.
func readAll(page []byte) {
	_, _ = htmlform.Parse(base, page)
	htmlform.Title(page)
	htmlform.Text(page, ".e, #e, p.e.f, main")
	htmlform.Text(page, "body")
}

// What is allocated is in proportion to the page, whatever is in it.
func TestHostilePages(t *testing.T) {
	const size = 256 << 10
	for name, page := range hostile(size) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readAll(page)
		runtime.ReadMemStats(&after)
		// Four readers. The worst is one tag with 600,000 attributes, of which the tokenizer
		// keeps a list and a set.
		if used := after.TotalAlloc - before.TotalAlloc; used > 4*50*size {
			t.Errorf("%s: %d KiB were allocated for a page of %d KiB", name, used>>10, len(page)>>10)
		}
	}
}

func BenchmarkHostilePages(b *testing.B) {
	for name, page := range hostile(htmlform.MaxPage) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			for b.Loop() {
				readAll(page)
			}
		})
	}
}
