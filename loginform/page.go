package loginform

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// page is a page with its forms.
type page struct {
	*httpclient.Response
	forms   []htmlform.Form
	refresh *url.URL // where it sends the browser by itself; nil: nowhere
}

// readPage reads the forms of an answer that is no redirect.
func readPage(a *httpclient.Response) (*page, error) {
	forms, err := htmlform.Parse(a.URL, a.Body)
	if err != nil {
		return nil, &autherr.Error{Kind: autherr.ErrBadAnswer, Text: "loginform: the page " + shown(a.URL) +
			" cannot be read", Cause: err}
	}
	p := &page{Response: a, forms: forms}
	if to, ok := htmlform.RefreshTarget(a.Header.Get("Refresh")); ok {
		if u, err := a.URL.Parse(to); err == nil {
			u.Fragment = ""
			p.refresh = u
		}
	}
	if p.refresh == nil {
		p.refresh = htmlform.RefreshWithScripts(a.URL, a.Body)
	}
	if p.refresh == nil && len(forms) == 0 {
		p.refresh = htmlform.Refresh(a.URL, a.Body)
	}
	return p, nil
}

// typed reports whether something can be typed into f.
func typed(f htmlform.Field) bool {
	switch f.Type {
	case "hidden", "submit", "button", "reset", "image", "checkbox", "radio", "select", "file", "color", "range":
		return false
	}
	return f.Name != "" && !f.ReadOnly
}

// asks reports whether somebody has to type or select something in f. The language of the
// pages does not matter.
func asks(f htmlform.Form) bool {
	for _, x := range f.Fields {
		if typed(x) || x.Type == "select" && !language(x) || x.Type == "file" {
			return true
		}
	}
	return false
}

// pathOf returns the path of the form's own action, "" if that is no usable one.
func pathOf(f htmlform.Form) string {
	if f.Action == nil {
		return ""
	}
	return f.Action.EscapedPath()
}

// language reports whether f is the list of a page's languages.
func language(f htmlform.Field) bool {
	name := strings.ToLower(f.Name)
	return f.Type == "select" && (strings.Contains(name, "lang") || strings.Contains(name, "locale"))
}

// presses reports whether pressing f submits its form.
func presses(f htmlform.Field) bool { return f.Type == "submit" || f.Type == "image" }

// silent returns the forms that ask nothing, by their index in p.forms, without those that
// would end the session.
func (p *page) silent() (all []int) {
	for i, f := range p.forms {
		if f.Action != nil && f.Method != "DIALOG" && !asks(f) && !endsSession(f) && !needsKey(f) &&
			!slices.ContainsFunc(f.Fields, language) {
			all = append(all, i)
		}
	}
	return all
}

// endsSession reports whether f is the logout button of a page.
func endsSession(f htmlform.Form) bool {
	where := strings.ToLower(f.Action.Path + " " + f.ID + " " + f.Name)
	for _, word := range []string{"logout", "signout", "logoff", "sign-out"} {
		if strings.Contains(where, word) {
			return true
		}
	}
	return false
}

// submit fills a form in. set has the values of fields, by index; pressed is the index of
// the button that is pressed, -1 for none. What a browser would send is sent, in its order:
// nothing is ticked that the page has not ticked.
func submit(at *url.URL, f htmlform.Form, pressed int, set map[int]string) submission {
	var b strings.Builder
	add := func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
	}
	var button htmlform.Field
	for i, x := range f.Fields {
		value, filled := set[i]
		if !filled {
			value = x.Value
		}
		switch {
		case i == pressed:
			button = x
			if x.Name != "" && x.Type == "submit" {
				add(x.Name, value)
			}
		case x.Name == "", x.Type == "submit", x.Type == "image", x.Type == "button", x.Type == "reset":
		default:
			add(x.Name, value)
		}
	}
	method, action, _ := f.Submission(button)
	s := submission{method: method, url: action, page: at, body: b.String()}
	if method == "GET" && action != nil {
		to := *action // the fields take the place of the query, HTML standard "mutate action URL"
		to.RawQuery, to.ForceQuery = s.body, false
		s.url, s.body = &to, ""
	}
	return s
}

// sendable reports why a form's submission cannot be made, nil if it can.
func (w *walk) sendableForm(f htmlform.Form, pressed int) error {
	var button htmlform.Field
	if pressed >= 0 {
		button = f.Fields[pressed]
	}
	method, action, enctype := f.Submission(button)
	switch {
	case method == "DIALOG":
		return badAnswer("the form is one that only a script sends")
	case enctype != "":
		return autherr.New(autherr.ErrUnsupported, "loginform: the form is to be sent as "+enctype, "")
	}
	return w.hosts.check("the form", action)
}
