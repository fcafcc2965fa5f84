// Package htmlform reads the forms of an HTML page the way a browser without
// scripts would submit them.
//
// Identity providers hand their messages over in pages that a script submits. What
// counts is what a browser makes of the page: character references are decoded,
// attributes come in any order, a form that stands in a comment or a template is
// none. So the page goes through an HTML tokenizer, never through patterns.
//
// No tree is built. The HTML standard has a tree builder copy elements (every <p>
// after an unclosed <b> gets a <b> of its own), so that its time and memory are a
// multiple of the page without bound. Which form owns a control is decided by a
// pointer to the open form (HTML standard, section 13.2.6.1), not by the tree, so
// the tokens are enough, and reading costs time and memory in proportion to the page.
package htmlform

import (
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Bounds of a page. Sign-in pages have a handful of forms with a dozen fields.
const (
	MaxPage   = 4 << 20 // bytes
	MaxForms  = 64
	MaxFields = 512 // of all forms together
)

// maxControls is how many controls are looked at, those without a form included.
const maxControls = 16 * MaxFields

// The page is beyond the bounds of this package. The kind of all its errors is
// autherr.ErrBadAnswer.
var (
	ErrTooLarge error = tooMuch("page is larger than 4 MiB")
	ErrTooMany  error = tooMuch("page has too many forms or fields")
)

func tooMuch(what string) error {
	return autherr.New(autherr.ErrBadAnswer, "htmlform: "+what, "no sign-in page is like that; check the sign-in address")
}

// Form is one form of a page.
type Form struct {
	ID, Name string
	Method   string   // GET, POST or DIALOG
	Action   *url.URL // absolute http or https address without fragment; nil if there is no usable one
	Enctype  string   // lower case; "": application/x-www-form-urlencoded
	Fields   []Field  // in the order of the page
	Unticked []Field  // boxes and radio buttons that are not ticked; their values are not submitted
}

// Field is a control of a form that would take part in its submission: disabled
// controls and boxes that are not ticked are left out. Buttons are listed; the one
// that is pressed would be sent.
type Field struct {
	Name  string // may be empty: such a field is shown but not submitted
	Value string // verbatim, character references decoded
	Type  string // lower case: hidden, text, password, submit, button, select, textarea, …

	ID           string
	Autocomplete string // lower case: "username", "section-a current-password", …
	Text         string // of a <button>: what it says, one line
	Required     bool
	ReadOnly     bool

	submission *submission // of a button with formaction, formmethod or formenctype
}

// submission is what a button says instead of its form (HTML standard, section 4.10.19.6).
type submission struct {
	rawAction string
	hasAction bool
	action    *url.URL // rawAction, resolved
	method    string   // "": the form's
	enctype   string
}

// Submission returns how the form is sent when the button is pressed: its own attributes
// take the place of the form's. action is nil if there is no usable address. The zero
// Field presses none.
func (f Form) Submission(button Field) (method string, action *url.URL, enctype string) {
	method, action, enctype = f.Method, f.Action, f.Enctype
	s := button.submission
	if s == nil {
		return method, action, enctype
	}
	if s.hasAction {
		action = s.action
	}
	if s.method != "" {
		method = s.method
	}
	if s.enctype != "" {
		enctype = encoding(s.enctype)
	}
	return method, action, enctype
}

// Get returns the value of the first field of that name, and whether there is one.
func (f Form) Get(name string) (string, bool) {
	for _, x := range f.Fields {
		if x.Name == name {
			return x.Value, true
		}
	}
	return "", false
}

// HasType reports whether the form has a field of that type: "password" tells a
// sign-in form from others.
func (f Form) HasType(typ string) bool {
	for _, x := range f.Fields {
		if x.Type == typ {
			return true
		}
	}
	return false
}

// Values returns what is submitted when no button is pressed.
func (f Form) Values() url.Values {
	v := url.Values{}
	for _, x := range f.Fields {
		if x.Name == "" || isButton(x.Type) {
			continue
		}
		v.Add(x.Name, x.Value)
	}
	return v
}

func isButton(typ string) bool {
	switch typ {
	case "submit", "button", "reset", "image":
		return true
	}
	return false
}

// Parse returns the forms of page in the order in which they stand there. base is
// the address the page came from; it may be nil, then relative actions are lost.
// A <base href> counts only if it has the origin of base.
//
// The error is [ErrTooLarge] or [ErrTooMany]; anything else is a page in HTML's
// eyes, if one without forms.
func Parse(base *url.URL, page []byte) ([]Form, error) {
	if len(page) > MaxPage {
		return nil, ErrTooLarge
	}
	r := newReader(page)
	if err := r.read(); err != nil {
		return nil, err
	}
	resolve := baseOf(base, r.base)
	for i := range r.forms {
		r.forms[i].Action = action(base, resolve, r.actions[i])
	}
	for _, c := range r.controls {
		for _, f := range c.fields {
			if f.submission != nil && f.submission.hasAction {
				f.submission.action = action(base, resolve, f.submission.rawAction)
			}
		}
	}
	return r.owned()
}

// baseOf returns the address that relative actions are resolved against; href is that
// of the page's <base>, "" for none.
func baseOf(base *url.URL, href string) *url.URL {
	if base == nil || href == "" {
		return base
	}
	u := reference(base, href)
	if u == nil || u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) {
		return base
	}
	return u
}

// action returns the address that the form is submitted to. Without an action it
// is the page's own address, whatever <base> says.
func action(base, resolve *url.URL, raw string) *url.URL {
	if raw = strings.TrimSpace(raw); raw == "" {
		resolve = base
	}
	return reference(resolve, raw)
}

// reference resolves raw and returns nil for everything but http and https.
func reference(base *url.URL, raw string) *url.URL {
	raw = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return -1 // as the URL standard has it
		}
		return r
	}, strings.TrimSpace(raw))
	u, err := url.Parse(raw)
	if err != nil {
		return nil
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return nil
	}
	u.Fragment, u.RawFragment = "", ""
	return u
}
