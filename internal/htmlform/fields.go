package htmlform

import (
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

const controls = "form, input, button, select, textarea"

// addFields walks the page once, in document order, and gives each control to the
// form that owns it (HTML standard, section "association of controls and forms").
func addFields(doc *goquery.Document, forms []Form, index map[*html.Node]int, byID map[string]int) error {
	var err error
	n := 0
	last := -1 // the form that was opened last
	live(doc.Find(controls)).EachWithBreak(func(_ int, s *goquery.Selection) bool {
		node := s.Nodes[0]
		if i, ok := index[node]; ok {
			last = i
			return true
		}
		owner := ownerOf(s, index, byID, last, forms)
		if owner < 0 {
			return true
		}
		fields := read(s)
		if n += len(fields); n > MaxFields {
			err = ErrTooMany
			return false
		}
		forms[owner].Fields = append(forms[owner].Fields, fields...)
		return true
	})
	return err
}

// ownerOf returns the index of the form that owns the control s, -1 for none.
func ownerOf(s *goquery.Selection, index map[*html.Node]int, byID map[string]int, last int, forms []Form) int {
	if id, ok := s.Attr("form"); ok {
		if i, ok := byID[id]; ok {
			return i
		}
		return -1
	}
	for n := s.Nodes[0].Parent; n != nil; n = n.Parent {
		if i, ok := index[n]; ok {
			return i
		}
	}
	// <table><form><tr><td><input>: the parser leaves the form empty in the table
	// and a browser remembers that it was open. Old sign-in pages are made like this.
	if last >= 0 && strayed(index, last) {
		return last
	}
	return -1
}

// strayed reports whether form i is an empty element directly inside a table, which
// is what remains of a form whose controls ended up in the table's cells.
func strayed(index map[*html.Node]int, i int) bool {
	for n, j := range index {
		if j != i {
			continue
		}
		if n.FirstChild != nil || n.Parent == nil {
			return false
		}
		switch n.Parent.Data {
		case "table", "tbody", "thead", "tfoot", "tr":
			return true
		}
		return false
	}
	return false
}

// read returns what a control would submit: nothing, one field, or one for each
// chosen option of a list.
func read(s *goquery.Selection) []Field {
	if disabled(s) {
		return nil
	}
	f := Field{Name: s.AttrOr("name", ""), Value: s.AttrOr("value", "")}
	switch goquery.NodeName(s) {
	case "input":
		f.Type = strings.ToLower(strings.TrimSpace(s.AttrOr("type", "")))
		if f.Type == "" {
			f.Type = "text"
		}
		if f.Type == "checkbox" || f.Type == "radio" {
			if _, ticked := s.Attr("checked"); !ticked {
				return nil
			}
			f.Value = s.AttrOr("value", "on")
		}
	case "button":
		f.Type = strings.ToLower(s.AttrOr("type", ""))
		if f.Type != "button" && f.Type != "reset" {
			f.Type = "submit"
		}
	case "textarea":
		f.Type, f.Value = "textarea", s.Text()
	case "select":
		return options(s, f.Name)
	}
	return []Field{f}
}

// options returns the chosen options of a list, or the first where none is marked
// and only one can be chosen.
func options(s *goquery.Selection, name string) []Field {
	all := s.Find("option").FilterFunction(func(_ int, o *goquery.Selection) bool {
		_, off := o.Attr("disabled")
		return !off
	})
	chosen := all.Filter("[selected]")
	if _, multiple := s.Attr("multiple"); !multiple {
		if chosen.Length() == 0 {
			chosen = all.First()
		} else {
			chosen = chosen.Last()
		}
	}
	var out []Field
	chosen.Each(func(_ int, o *goquery.Selection) {
		text := strings.Join(strings.Fields(o.Text()), " ")
		out = append(out, Field{Name: name, Value: o.AttrOr("value", text), Type: "select"})
	})
	return out
}

// disabled reports whether the control, or a fieldset around it, is switched off.
func disabled(s *goquery.Selection) bool {
	if _, off := s.Attr("disabled"); off {
		return true
	}
	for n := s.Nodes[0].Parent; n != nil; n = n.Parent {
		if n.Type != html.ElementNode || n.Data != "fieldset" {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "disabled" {
				return true
			}
		}
	}
	return false
}
