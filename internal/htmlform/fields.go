package htmlform

import "strings"

// add records a control with the attributes a.
func (r *reader) add(a map[string]string, fields ...Field) {
	id, byID := a["form"]
	if r.off(a) {
		fields = nil
	}
	r.controls = append(r.controls, control{form: r.open, formID: id, byID: byID, fields: fields})
}

// off reports whether a control with the attributes a is disabled.
func (r *reader) off(a map[string]string) bool {
	_, off := a["disabled"]
	return off || r.disabled > 0
}

// closeButton gives the button that is open its text.
func (r *reader) closeButton() {
	if r.button >= 0 {
		if fields := r.controls[r.button].fields; len(fields) == 1 {
			fields[0].Text = line(string(r.label))
		}
	}
	r.button, r.label = -1, r.label[:0]
}

// control records an <input>, <button> or <textarea>, with what it would submit.
func (r *reader) control(element string, a map[string]string) {
	f := Field{Name: a["name"], Value: a["value"], Type: strings.ToLower(strings.TrimSpace(a["type"])),
		ID: a["id"], Autocomplete: strings.ToLower(strings.TrimSpace(a["autocomplete"]))}
	_, f.Required = a["required"]
	_, f.ReadOnly = a["readonly"]
	switch element {
	case "input":
		if f.Type == "" {
			f.Type = "text"
		}
		if f.Type == "checkbox" || f.Type == "radio" {
			if _, given := a["value"]; !given {
				f.Value = "on"
			}
			if _, ticked := a["checked"]; !ticked {
				r.add(a)
				if !r.off(a) {
					r.controls[len(r.controls)-1].unticked = &f
				}
				return
			}
		}
	case "button":
		if f.Type != "button" && f.Type != "reset" {
			f.Type = "submit"
		}
		r.button = len(r.controls)
	case "textarea":
		r.area = len(r.controls)
		f.Type, f.Value = "textarea", "" // its value is its text
	}
	f.submission = submissionOf(f.Type, a)
	r.add(a, f)
}

// submissionOf returns what a submit button says of its own, nil for nothing.
func submissionOf(typ string, a map[string]string) *submission {
	if typ != "submit" && typ != "image" {
		return nil
	}
	var s submission
	s.rawAction, s.hasAction = a["formaction"]
	if m, ok := a["formmethod"]; ok {
		s.method = methodOf(m)
	}
	s.enctype = a["formenctype"]
	if !s.hasAction && s.method == "" && s.enctype == "" {
		return nil
	}
	return &s
}

// methodOf returns GET, POST or DIALOG.
func methodOf(value string) string {
	if m := strings.ToUpper(value); m == "POST" || m == "DIALOG" {
		return m
	}
	return "GET"
}

// encoding returns the value of an enctype, "" for the usual one, which a browser also
// takes for one that it does not know.
func encoding(value string) string {
	switch v := strings.ToLower(strings.TrimSpace(value)); v {
	case "multipart/form-data", "text/plain":
		return v
	}
	return ""
}

// list is a <select> that is open.
type list struct {
	attrs   map[string]string
	current *option // the <option> that is open
	first   *option // the first one that can be chosen
	chosen  []*option
}

type option struct {
	attrs map[string]string
	text  []byte
}

func (o *option) value() string {
	if v, ok := o.attrs["value"]; ok {
		return v
	}
	return strings.Join(strings.Fields(string(o.text)), " ")
}

func (r *reader) openList(a map[string]string) { r.list = &list{attrs: a} }

// openOption begins an option, which ends the one before it.
func (r *reader) openOption(element string) {
	if r.list == nil {
		return
	}
	r.closeOption()
	if element == "option" {
		r.list.current = &option{attrs: attributesOf(r.z)}
	}
}

func (r *reader) closeOption() {
	l := r.list
	if l == nil || l.current == nil {
		return
	}
	o := l.current
	l.current = nil
	if _, off := o.attrs["disabled"]; off {
		return
	}
	if l.first == nil {
		l.first = o
	}
	if _, selected := o.attrs["selected"]; !selected {
		return
	}
	if _, multiple := l.attrs["multiple"]; !multiple {
		l.chosen = nil // the last one counts
	}
	if len(l.chosen) <= MaxFields {
		l.chosen = append(l.chosen, o)
	}
}

// closeList records the list that is open: one field for each chosen option, or the
// first option where none is marked and only one can be chosen.
func (r *reader) closeList() {
	if r.list == nil {
		return
	}
	r.closeOption()
	l := r.list
	r.list = nil
	if _, multiple := l.attrs["multiple"]; !multiple && len(l.chosen) == 0 && l.first != nil {
		l.chosen = append(l.chosen, l.first)
	}
	var fields []Field
	for _, o := range l.chosen {
		fields = append(fields, Field{Name: l.attrs["name"], Value: o.value(), Type: "select", ID: l.attrs["id"]})
	}
	r.add(l.attrs, fields...)
}
