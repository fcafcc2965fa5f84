// Package htmlform reads the forms of an HTML page the way a browser without
// scripts would submit them.
//
// Identity providers hand their messages over in pages that a script submits. What
// counts is what a browser makes of the page: character references are decoded,
// attributes come in any order, a form that stands in a comment or a template is
// none. So the page goes through an HTML parser, never through patterns.
package htmlform

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Bounds of a page. Sign-in pages have a handful of forms with a dozen fields.
const (
	MaxPage   = 4 << 20 // bytes
	MaxForms  = 64
	MaxFields = 512 // of all forms together
)

// maxControls is how many controls are looked at, those without a form included:
// finding a control's owner costs a walk to the root.
const maxControls = 16 * MaxFields

// The page is beyond the bounds of this package. The kind of all its errors is
// autherr.ErrBadAnswer.
var (
	ErrTooLarge error = tooMuch("page is larger than 4 MiB")
	ErrTooMany  error = tooMuch("page has too many forms or fields")
	ErrTooDeep  error = tooMuch("page is nested too deeply")
)

func tooMuch(what string) error {
	return autherr.New(autherr.ErrBadAnswer, "htmlform: "+what, "no sign-in page is like that; check the sign-in address")
}

// Form is one form of a page.
type Form struct {
	ID, Name string
	Method   string   // GET, POST or DIALOG
	Action   *url.URL // absolute http or https address without fragment; nil if there is no usable one
	Fields   []Field  // in the order of the page
}

// Field is a control of a form that would take part in its submission: disabled
// controls and boxes that are not ticked are left out. Buttons are listed; the one
// that is pressed would be sent.
type Field struct {
	Name  string // may be empty: such a field is shown but not submitted
	Value string // verbatim, character references decoded
	Type  string // lower case: hidden, text, password, submit, button, select, textarea, …
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
// The error is [ErrTooLarge], [ErrTooMany] or [ErrTooDeep]; anything else is a page
// in HTML's eyes, if one without forms.
func Parse(base *url.URL, page []byte) ([]Form, error) {
	if len(page) > MaxPage {
		return nil, ErrTooLarge
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		return nil, ErrTooDeep // reading from memory, the parser has no other complaint
	}
	if doc.Find(controls).Length() > maxControls {
		return nil, ErrTooMany
	}
	resolve := baseOf(doc, base)

	var forms []Form
	index := map[*html.Node]int{}
	byID := map[string]int{}
	live(doc.Find("form")).EachWithBreak(func(i int, s *goquery.Selection) bool {
		if i >= MaxForms {
			err = ErrTooMany
			return false
		}
		f := Form{ID: s.AttrOr("id", ""), Name: s.AttrOr("name", ""), Method: method(s)}
		f.Action = action(base, resolve, s)
		index[s.Nodes[0]] = i
		if _, taken := byID[f.ID]; f.ID != "" && !taken {
			byID[f.ID] = i
		}
		forms = append(forms, f)
		return true
	})
	if err != nil {
		return nil, err
	}
	if err := addFields(doc, forms, index, byID); err != nil {
		return nil, err
	}
	return forms, nil
}

// live leaves out what stands in a <template>: it is not part of the page.
func live(s *goquery.Selection) *goquery.Selection {
	return s.FilterFunction(func(_ int, x *goquery.Selection) bool {
		for n := x.Nodes[0].Parent; n != nil; n = n.Parent {
			if n.Type == html.ElementNode && n.Data == "template" {
				return false
			}
		}
		return true
	})
}

func method(s *goquery.Selection) string {
	switch m := strings.ToUpper(s.AttrOr("method", "")); m {
	case "POST", "DIALOG":
		return m
	}
	return "GET"
}

// baseOf returns the address that relative actions are resolved against.
func baseOf(doc *goquery.Document, base *url.URL) *url.URL {
	if base == nil {
		return nil
	}
	href, ok := live(doc.Find("base[href]")).First().Attr("href")
	if !ok {
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
func action(base, resolve *url.URL, s *goquery.Selection) *url.URL {
	raw := strings.TrimSpace(s.AttrOr("action", ""))
	if raw == "" {
		resolve, raw = base, ""
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
