package loginform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/saml"
)

// Form is a login form as [Client.Look] found it: names and types, no values.
type Form struct {
	Page, Action string // origin and path
	Method, ID   string
	Fields       []FormField
	Problem      error // why it would not be sent; nil: it would
}

// FormField is a field of a Form.
type FormField struct {
	Name, Type string
	Use        string // "user", "password", "code", "pressed"; "": sent as it is, or not at all
}

// String is a text to be pasted into a report.
func (f *Form) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "page %s\nform %s %s", f.Page, f.Method, f.Action)
	if f.ID != "" {
		fmt.Fprintf(&b, " id %q", f.ID)
	}
	for _, x := range f.Fields {
		fmt.Fprintf(&b, "\n  %-10s %q", x.Type, x.Name)
		if x.Use != "" {
			fmt.Fprintf(&b, "  <- %s", x.Use)
		}
	}
	if f.Problem != nil {
		fmt.Fprintf(&b, "\nproblem: %v", f.Problem)
	}
	return b.String()
}

// errLooked ends a walk that has come to the login form.
var errLooked = errors.New("loginform: looked")

// Look goes the way of [Client.SignIn] up to the first secret, and not over it. It returns
// the login form, or nil where the identity provider's session makes one unnecessary. Its
// errors are those of SignIn.
func (c *Client) Look(ctx context.Context, start saml.Start) (*Form, error) {
	leave, err := c.takeTurn(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepStart, err)
	}
	defer leave()
	w, err := c.newWalk(start)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	w.looking = true
	if _, err := w.begin(ctx); err != nil && !errors.Is(err, errLooked) {
		return nil, autherr.AtStep(w.step(), err)
	}
	return w.sight, nil
}

// describe lists the fields of a form without their values.
func (w *walk) describe(p *page, f htmlform.Form, fill *filling, problem error) *Form {
	d := &Form{Page: shown(p.URL), Action: shown(f.Action), Method: f.Method, ID: f.ID, Problem: problem}
	uses := map[int]string{fill.user: "user", fill.password: "password", fill.code: "code", fill.button: "pressed"}
	for i, x := range f.Fields {
		d.Fields = append(d.Fields, FormField{Name: x.Name, Type: x.Type, Use: uses[i]})
	}
	return d
}
