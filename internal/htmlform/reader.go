package htmlform

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// reader goes once through the tokens of a page.
type reader struct {
	z         *html.Tokenizer
	templates int // how many <template> are open: what is in one is not part of the page
	base      string

	forms    []Form
	actions  []string // of forms, as they are written
	open     int      // the form that controls belong to, -1 for none
	controls []control

	fieldsets []bool // those that are open: disabled or not
	disabled  int    // how many of them are
	list      *list  // the <select> that is open
	area      int    // the <textarea> that is open, an index of controls; -1 for none
	button    int    // the <button> that is open, likewise
	label     []byte // its text
}

// control is a control with the fields that it submits.
type control struct {
	form   int    // -1 for none
	formID string // of its form attribute
	byID   bool   // it has one, which counts in place of form
	fields []Field

	unticked *Field // a box that is not ticked
}

func newReader(page []byte) *reader {
	return &reader{z: html.NewTokenizer(bytes.NewReader(page)), open: -1, area: -1, button: -1}
}

// read reads the page to its end. The error is ErrTooMany.
func (r *reader) read() error {
	for len(r.forms) <= MaxForms && len(r.controls) <= maxControls {
		switch r.z.Next() {
		case html.ErrorToken: // the end: reading from memory, there is no other
			r.closeList()
			r.closeButton()
			return nil
		case html.TextToken:
			r.text()
		case html.StartTagToken, html.SelfClosingTagToken:
			r.start()
		case html.EndTagToken:
			r.end()
		}
	}
	return ErrTooMany
}

// owned gives each control's fields to the form that owns it.
func (r *reader) owned() ([]Form, error) {
	byID := map[string]int{}
	for i, f := range r.forms {
		if _, taken := byID[f.ID]; f.ID != "" && !taken {
			byID[f.ID] = i
		}
	}
	n := 0
	for _, c := range r.controls {
		owner := c.form
		if c.byID {
			i, found := byID[c.formID]
			if owner = i; !found {
				owner = -1
			}
		}
		if owner < 0 {
			continue
		}
		if n += len(c.fields); n > MaxFields {
			return nil, ErrTooMany
		}
		r.forms[owner].Fields = append(r.forms[owner].Fields, c.fields...)
		if c.unticked != nil {
			r.forms[owner].Unticked = append(r.forms[owner].Unticked, *c.unticked)
		}
	}
	return r.forms, nil
}

func (r *reader) start() {
	name, _ := r.z.TagName()
	if string(name) == "template" {
		r.templates++
	}
	if r.templates > 0 {
		return
	}
	switch name := string(name); name {
	case "base":
		if href, ok := attributesOf(r.z)["href"]; ok && r.base == "" {
			r.base = href
		}
	case "form":
		if r.open < 0 && r.list == nil { // forms do not nest
			r.openForm(attributesOf(r.z))
		}
	case "fieldset":
		_, off := attributesOf(r.z)["disabled"]
		r.fieldsets = append(r.fieldsets, off)
		if off {
			r.disabled++
		}
	case "select":
		if r.list != nil {
			r.closeList() // a list in a list ends it
			return
		}
		r.openList(attributesOf(r.z))
	case "option", "optgroup":
		r.openOption(name)
	case "input", "textarea":
		r.closeList()
		r.control(name, attributesOf(r.z))
	case "button":
		if r.list == nil {
			r.closeButton()
			r.control(name, attributesOf(r.z))
		}
	}
}

func (r *reader) end() {
	name, _ := r.z.TagName()
	if string(name) == "template" {
		r.templates = max(0, r.templates-1)
		return
	}
	if r.templates > 0 {
		return
	}
	switch string(name) {
	case "form":
		if r.list == nil {
			r.open = -1
		}
	case "fieldset":
		if last := len(r.fieldsets) - 1; last >= 0 {
			if r.fieldsets[last] {
				r.disabled--
			}
			r.fieldsets = r.fieldsets[:last]
		}
	case "select":
		r.closeList()
	case "option", "optgroup":
		r.closeOption()
	case "textarea":
		r.area = -1
	case "button":
		r.closeButton()
	}
}

// text takes the text of an option or a text area.
func (r *reader) text() {
	switch {
	case r.area >= 0:
		if fields := r.controls[r.area].fields; len(fields) == 1 {
			fields[0].Value = strings.TrimPrefix(string(r.z.Text()), "\n")
		}
	case r.list != nil && r.list.current != nil:
		r.list.current.text = append(r.list.current.text, r.z.Text()...)
	case r.button >= 0 && len(r.label) < maxGathered:
		r.label = append(r.label, r.z.Text()...)
	}
}

func (r *reader) openForm(a map[string]string) {
	method := methodOf(a["method"])
	r.open = len(r.forms)
	r.forms = append(r.forms, Form{ID: a["id"], Name: a["name"], Method: method, Enctype: encoding(a["enctype"])})
	r.actions = append(r.actions, a["action"])
}

// attributesOf returns those of the current tag that count anywhere in this package.
func attributesOf(z *html.Tokenizer) map[string]string {
	var out map[string]string
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "action", "autocomplete", "checked", "class", "disabled", "enctype", "form", "formaction",
			"formenctype", "formmethod",
			"href", "id", "method", "multiple", "name", "readonly", "required", "selected", "src", "type", "value":
			if out == nil {
				out = map[string]string{}
			}
			if _, twice := out[string(key)]; !twice {
				out[string(key)] = string(value)
			}
		}
	}
	return out
}
