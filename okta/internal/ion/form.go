package ion

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// DefaultAccept is what a form's answer is asked for as when the form does not say.
const DefaultAccept = "application/ion+json; okta-version=1.0.0"

// maxRefresh bounds what a server may ask a poller to wait between two questions.
const maxRefresh = time.Hour

// Form is one way on: a remediation, or an action such as resend or cancel.
type Form struct {
	Name      string        // "identify"; see the constants
	Href      string        // verbatim; its query may hold a state token
	Method    string        // upper case; POST or GET where the answer named none
	Accepts   string        // verbatim, possibly junk: use Accept
	Produces  string        // verbatim
	Refresh   time.Duration // when to ask again; 0: not said
	RelatesTo []string      // verbatim
	Fields    []Field
	Messages  []Message // about the form as a whole
	IDP       *IDP      // redirect-idp: where to
	Site      *Site     // reenroll-custom-password-expiry: where passwords are changed

	handle string // state handle of the answer, for forms that bring none
}

// IDP is another identity provider that a user can be sent to.
type IDP struct {
	ID, Name string
	Type     string // SAML2, OIDC, AgentlessDSSO, X509, …; may be empty
}

// Site is an address that people are sent to.
type Site struct{ Name, URL string }

// Field is one value that a form takes, or a group of them.
type Field struct {
	Name     string
	Label    string
	Type     string // string, boolean, object, …; often empty
	Hint     string // "captcha"
	Required bool
	Secret   bool
	Visible  bool // default true
	Mutable  bool // default true; the value of a field that is not is sent as it is
	HasValue bool
	Value    json.RawMessage // as it was written; may be an object
	Form     []Field         // of a group
	Options  []Option        // what may be chosen
	Messages []Message       // about this value
}

// Option is one of the values that a field can have: plain, or a group.
type Option struct {
	Label     string
	Value     json.RawMessage // nil for a group
	Form      []Field
	RelatesTo string // JSONPath to the authenticator that it means; may dangle
}

// Field returns the field at path, nil if the form has none there: "identifier", or
// "credentials", "passcode".
func (f *Form) Field(path ...string) *Field {
	if f == nil || len(path) == 0 {
		return nil
	}
	found := fieldNamed(f.Fields, path[0])
	for _, name := range path[1:] {
		if found == nil {
			return nil
		}
		found = fieldNamed(found.Form, name)
	}
	return found
}

func fieldNamed(fields []Field, name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// Asks lists the fields that the server does not fill in itself, as
// "credentials.passcode", in the form's order. A field with options counts as one.
func (f *Form) Asks() []string {
	if f == nil {
		return nil
	}
	return asks(f.Fields, "", nil)
}

func asks(fields []Field, above string, all []string) []string {
	for i := range fields {
		fd := &fields[i]
		switch {
		case fd.Name == stateHandle && above == "":
		case len(fd.Form) > 0 && len(fd.Options) == 0:
			all = asks(fd.Form, above+fd.Name+".", all)
		case !fd.HasValue || fd.Mutable:
			all = append(all, above+fd.Name)
		}
	}
	return all
}

// URL returns where the form is sent. The error does not repeat the address.
func (f *Form) URL() (*url.URL, error) {
	u, err := url.Parse(f.Href)
	if err != nil || u.Host == "" {
		return nil, errors.New("okta: the address of form " + f.Name + " is not absolute")
	}
	return u, nil
}

// Accept is the value for the Accept header of a request with this form: what it
// says, or DefaultAccept where it says nothing or something that is no media type.
func (f *Form) Accept() string {
	t, params, err := mime.ParseMediaType(f.Accepts)
	if err != nil || !strings.Contains(t, "/") || strings.ContainsAny(t, "*^$\\") {
		return DefaultAccept
	}
	if formatted := mime.FormatMediaType(t, params); formatted != "" {
		return formatted
	}
	return DefaultAccept
}

// readForm reads one form; a node that is no object gives nil. handle is the state
// handle of the answer that the form came with.
func readForm(n *node, handle string, status int) *Form {
	if n = formNode(n); n == nil {
		return nil
	}
	f := &Form{
		Name:     n.get("name").label(),
		Href:     n.get("href").str(),
		Method:   strings.ToUpper(strings.TrimSpace(n.get("method").str())),
		Accepts:  n.get("accepts").str(),
		Produces: n.get("produces").str(),
		handle:   handle,
	}
	if f.Method == "" {
		f.Method = http.MethodPost
		if usesGET[f.Name] {
			f.Method = http.MethodGet
		}
	}
	if ms, ok := n.get("refresh").number(); ok {
		f.Refresh = min(time.Duration(ms)*time.Millisecond, maxRefresh)
	}
	f.RelatesTo = n.get("relatesTo").strings()
	f.Fields = readFields(n.get("value").list(), status)
	f.Messages = readMessages(n.get("messages"), status, f.Name)
	if idp := n.get("idp").object(); idp != nil {
		f.IDP = &IDP{ID: idp.get("id").label(), Name: idp.get("name").label(), Type: n.get("type").label()}
	}
	if site := n.get("customExpiredPasswordURL"); site != nil {
		f.Site = &Site{Name: n.get("customExpiredPasswordName").label(), URL: wiretext.Line(site.str(), maxMessage)}
	}
	return f
}

// formNode finds the form in n: n itself, or what n wraps.
func formNode(n *node) *node {
	if n.get("name", "href", "rel", "method") == nil {
		n = n.object()
	}
	if n.get("href", "name") == nil {
		return nil
	}
	return n
}

func readFields(list []*node, status int) []Field {
	var fields []Field
	for _, n := range list {
		if !n.is('{') {
			continue
		}
		fd := readField(n, status)
		if fd.Name == "" {
			continue
		}
		same := fieldNamed(fields, fd.Name)
		switch {
		case same == nil:
			fields = append(fields, fd)
		case len(fd.Form) > 0:
			// A group may be spread over several fields of one name, one per member.
			same.Form = append(same.Form, fd.Form...)
			same.Required = same.Required || fd.Required
		}
	}
	return fields
}

func readField(n *node, status int) Field {
	fd := Field{
		Name:     n.get("name").str(),
		Label:    n.get("label").label(),
		Type:     n.get("type").str(),
		Hint:     n.get("hint").str(),
		Required: n.get("required", "requred").yes(false), // misspelt by real servers
		Secret:   n.get("secret").yes(false),
		Visible:  n.get("visible").yes(true),
		Mutable:  n.get("mutable").yes(true),
	}
	fd.Messages = readMessages(n.get("messages"), status, fd.Name)
	value := n.get("value")
	switch {
	case n.get("form") != nil:
		fd.Form = readFields(n.get("form").list(), status)
	case value.get("form") != nil:
		fd.Form = readFields(value.get("form").list(), status)
	case value != nil:
		fd.HasValue, fd.Value = true, value.raw
	}
	for _, o := range n.get("options").list() {
		if opt := readOption(o, status); opt.Value != nil || len(opt.Form) > 0 {
			fd.Options = append(fd.Options, opt)
		}
	}
	return fd
}

func readOption(n *node, status int) Option {
	o := Option{Label: n.get("label").label()}
	if paths := n.get("relatesTo").strings(); len(paths) > 0 {
		o.RelatesTo = paths[0]
	}
	value := n.get("value")
	switch {
	case value.get("value").is('{'):
		// Not a choice but how a browser should show the field: {"inputType":"select"}.
	case value.get("form") != nil:
		o.Form = readFields(value.get("form").list(), status)
	case n.get("form") != nil:
		o.Form = readFields(n.get("form").list(), status)
	case value != nil:
		o.Value = value.raw
	}
	return o
}
