package saml

import (
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

// ReadForm finds the self-submitting form in page and returns the response that it
// carries. base is the page's address and resolves a relative action. The form is
// the one with an input named SAMLResponse; identifiers, the order of attributes
// and scripts do not matter.
//
// At most 4 MiB are accepted. The error is [ErrNoForm] if there is no such form,
// which usually means that the IdP wants another step, and [ErrForeignRequest] if
// there is a form with a SAMLRequest instead, which goes to another IdP. Several
// such forms, a form that is not posted, and a response that [ParseResponse]
// refuses are errors too.
//
// It is the receiving half of the HTTP POST binding, SAML Bindings 2.0 section 3.5.4.
func ReadForm(base *url.URL, page []byte) (*Response, error) {
	forms, err := htmlform.Parse(base, page)
	if err != nil {
		return nil, &autherr.Error{Kind: autherr.ErrBadAnswer, Text: "saml: page cannot be read", Cause: err,
			Hint: "no sign-in page is that large; check the sign-in address"}
	}
	var found *htmlform.Form
	var foreign *htmlform.Form
	for i, f := range forms {
		switch n := named(f, "SAMLResponse"); {
		case n > 1, n == 1 && found != nil:
			return nil, bad("the page carries more than one SAMLResponse")
		case n == 1:
			found = &forms[i]
		}
		if foreign == nil && named(f, "SAMLRequest") > 0 {
			foreign = &forms[i]
		}
	}
	switch {
	case found != nil:
		return fromForm(found)
	case foreign != nil:
		return nil, sentOn(foreign)
	}
	return nil, ErrNoForm
}

func named(f htmlform.Form, name string) int {
	n := 0
	for _, x := range f.Fields {
		if x.Name == name {
			n++
		}
	}
	return n
}

func fromForm(f *htmlform.Form) (*Response, error) {
	if f.Method != "POST" {
		return nil, bad("the form with the SAMLResponse has the method %s, not POST", f.Method)
	}
	if f.Action == nil {
		return nil, bad("the form with the SAMLResponse has no usable action")
	}
	if named(*f, "RelayState") > 1 {
		return nil, bad("the form carries RelayState more than once")
	}
	encoded, _ := f.Get("SAMLResponse")
	r, err := ParseResponse(encoded)
	if err != nil {
		return nil, err
	}
	r.Action = f.Action
	r.RelayState, r.HasRelayState = f.Get("RelayState")
	return r, nil
}

// sentOn wraps ErrForeignRequest with the host that the user is sent on to.
func sentOn(f *htmlform.Form) error {
	to := "an unknown host"
	if f.Action != nil {
		to = show(f.Action.Host)
	}
	return &autherr.Error{Kind: autherr.ErrUnsupported, Text: "saml: signing in is handed on to " + to,
		Hint:  "sign in at " + to + " instead, or use an account that is local to this identity provider",
		Cause: ErrForeignRequest}
}
