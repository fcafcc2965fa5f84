package htmlform_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

// On a page without errors, forms and their controls are those of the tree that the
// HTML standard builds.
func TestLikeTheTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		page := wellFormed(t, 4, false)
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		want := treeForms(doc, nil)
		forms, err := htmlform.Parse(base, []byte(page))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range forms {
			s := f.ID + ":"
			for _, x := range f.Fields {
				s += " " + x.Name + "=" + x.Value
			}
			got = append(got, s)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%s\ngot  %q\nwant %q", page, got, want)
		}
	})
}

// wellFormed draws a page without errors.
func wellFormed(t *rapid.T, depth int, inForm bool) string {
	var b strings.Builder
	for range rapid.IntRange(0, 4).Draw(t, "n") {
		name := rapid.StringMatching(`[a-c][0-9]`).Draw(t, "name")
		kinds := []string{"input", "textarea", "select", "comment", "script", "text"}
		if depth > 0 {
			kinds = append(kinds, "div", "div", "b", "table", "fieldset", "template")
			if !inForm {
				kinds = append(kinds, "form", "form", "form")
			}
		}
		inner := func(inForm bool) string { return wellFormed(t, depth-1, inForm) }
		switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
		case "input":
			fmt.Fprintf(&b, `<input name=%s value="v&amp;%s">`, name, name)
		case "textarea":
			fmt.Fprintf(&b, `<textarea name=%s><form>%s</textarea>`, name, name)
		case "select":
			fmt.Fprintf(&b, `<select name=%s><option>x<option selected value=%s>y</select>`, name, name)
		case "comment":
			b.WriteString(`<!-- <form id=c><input name=c> -->`)
		case "script":
			b.WriteString(`<script>"<form id=s><input name=s>"</script>`)
		case "text":
			b.WriteString("text")
		case "table":
			fmt.Fprintf(&b, `<table><tr><td>%s</td></tr></table>`, inner(inForm))
		case "form":
			fmt.Fprintf(&b, `<form id=%s>%s</form>`, name, inner(true))
		default:
			fmt.Fprintf(&b, `<%s>%s</%s>`, kind, inner(inForm), kind)
		}
	}
	return b.String()
}

// treeForms lists the forms under n, each with the controls below it.
func treeForms(n *html.Node, forms []string) []string {
	value := func(n *html.Node, key string) string {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
		return ""
	}
	switch n.Data {
	case "template":
		return forms
	case "form":
		forms = append(forms, value(n, "id")+":")
	case "input", "textarea", "select":
		for p := n.Parent; p != nil; p = p.Parent {
			if p.Data != "form" {
				continue
			}
			v := value(n, "value")
			switch n.Data {
			case "textarea":
				v = n.FirstChild.Data
			case "select":
				v = value(n.LastChild, "value")
			}
			forms[len(forms)-1] += " " + value(n, "name") + "=" + v
			break
		}
		return forms
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		forms = treeForms(c, forms)
	}
	return forms
}
