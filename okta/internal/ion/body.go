package ion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

const stateHandle = "stateHandle"

// Values are what the caller fills a form in with: strings, booleans, whole numbers,
// json.RawMessage, or Values for a group. They are secrets: Values print as names.
type Values map[string]any

// Why a form could not be filled in.
var (
	// ErrNotOffered: the form has no such field, or the field no such option.
	ErrNotOffered = errors.New("not offered")
	// ErrMissing: the form requires a value that neither it nor the caller has.
	ErrMissing = errors.New("required, but there is no value for it")
	// ErrAmbiguous: the values fit several options that differ.
	ErrAmbiguous = errors.New("fits more than one option")
	// ErrValue: the value is of a type that cannot be sent in this place.
	ErrValue = errors.New("not a value that can be sent")
)

// BodyError says which field of which form could not be filled in. It never holds a
// value.
type BodyError struct {
	Form   string
	Field  string // path, as "credentials.passcode"
	Reason error  // one of the errors above
}

func (e *BodyError) Error() string {
	return fmt.Sprintf("okta: form %s: field %s: %v", e.Form, e.Field, e.Reason)
}

func (e *BodyError) Unwrap() error { return e.Reason }

// Is reports whether target is the error's kind: a form that requires what we do not
// have cannot be filled in without a browser; the rest is an answer that does not fit
// the question.
func (e *BodyError) Is(target error) bool {
	if e.Reason == ErrMissing {
		return target == autherr.ErrUnsupported
	}
	return target == autherr.ErrBadAnswer
}

// HintText returns what to do next.
func (e *BodyError) HintText() string {
	if e.Reason == ErrMissing {
		return "sign in once with a browser to see what the organisation asks for there"
	}
	return ""
}

// Body returns the JSON with which the form is sent, its members in the form's order.
//
// The value of an immutable field is sent as it was received and wins over the
// caller's. A mutable field takes the caller's value, or its default. Of a field with
// options the caller's value must be one of them; a group among several is found by
// the values given for it, such as {"id": …, "methodType": "push"}. A group that is
// not required, not mentioned by the caller and not complete by itself is left out.
// The state handle is the form's own, or else that of the form's answer.
//
// A value for which the form has no field is an error, because the server would
// refuse the whole request. Errors are *BodyError. A GET form has no body: nil.
func (f *Form) Body(own Values) ([]byte, error) {
	if f.Method == http.MethodGet {
		for name := range own {
			return nil, &BodyError{f.Name, name, ErrNotOffered}
		}
		return nil, nil
	}
	if _, ok := own[stateHandle]; ok {
		return nil, &BodyError{f.Name, stateHandle, ErrNotOffered}
	}
	c := &composer{form: f.Name}
	fields := f.withHandle()
	var b bytes.Buffer
	if _, err := c.group(&b, fields, own, ""); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Reasons for declining device probing, as Okta's widget words them.
const (
	ReasonUnreachable = "OV_UNREACHABLE_BY_LOOPBACK" // no Okta Verify answers on this machine
	ReasonCanceled    = "USER_CANCELED"
)

// DeclineBody is Body for the cancel forms of device probing. They take a reason and a
// status code although they do not list them: the widget always sends both.
func (f *Form) DeclineBody(reason string) ([]byte, error) {
	if f.Name != CancelPolling && f.Name != CancelPollingTransaction {
		return f.Body(nil)
	}
	g := *f
	g.Fields = append([]Field(nil), f.Fields...)
	for _, name := range []string{"reason", "statusCode"} {
		if fieldNamed(g.Fields, name) == nil {
			g.Fields = append(g.Fields, Field{Name: name, Mutable: true})
		}
	}
	return g.Body(Values{"reason": reason, "statusCode": json.RawMessage("null")})
}

// withHandle returns the form's fields with a state handle among them. Button-like
// forms list no fields at all, or a state handle without a value.
func (f *Form) withHandle() []Field {
	own := fieldNamed(f.Fields, stateHandle)
	if own != nil && own.HasValue && !isEmpty(own.Value) {
		if !own.Mutable {
			return f.Fields
		}
	} else if f.handle == "" || strings.Contains(f.Accepts, "x-www-form-urlencoded") {
		return f.Fields
	}
	fields := make([]Field, 0, len(f.Fields)+1)
	for _, fd := range f.Fields {
		if fd.Name != stateHandle {
			fields = append(fields, fd)
		}
	}
	handle := Field{Name: stateHandle, HasValue: true}
	if own != nil && own.HasValue && !isEmpty(own.Value) {
		handle.Value = own.Value
	} else {
		handle.Value, _ = encode(f.handle)
	}
	return append(fields, handle)
}

type composer struct{ form string }

func (c *composer) fail(path string, reason error) error { return &BodyError{c.form, path, reason} }

// group writes {…} with the fields that have a value. gaps counts the fields that were
// left out although the caller could have filled them in.
func (c *composer) group(b *bytes.Buffer, fields []Field, own Values, above string) (gaps int, err error) {
	for _, name := range sortedKeys(own) {
		if fieldNamed(fields, name) == nil {
			return 0, c.fail(above+name, ErrNotOffered)
		}
	}
	b.WriteByte('{')
	first := true
	for i := range fields {
		var v bytes.Buffer
		given, isGiven := own[fields[i].Name]
		if err := c.field(&v, &fields[i], given, isGiven, above); err != nil {
			return 0, err
		}
		if v.Len() == 0 {
			gaps++
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		name, _ := encode(fields[i].Name)
		b.Write(name)
		b.WriteByte(':')
		b.Write(v.Bytes())
	}
	b.WriteByte('}')
	return gaps, nil
}

// field writes the field's value, or nothing if it has none and needs none.
func (c *composer) field(b *bytes.Buffer, fd *Field, given any, isGiven bool, above string) error {
	path := above + fd.Name
	switch {
	case fd.HasValue && !fd.Mutable:
		return compact(b, fd.Value)
	case fd.hasGroups():
		return c.choice(b, fd, given, path)
	case len(fd.Form) > 0:
		return c.nested(b, fd, given, isGiven, path)
	case isGiven:
		raw, err := encode(given)
		if err != nil || fd.Type == "boolean" && string(raw) != "true" && string(raw) != "false" {
			return c.fail(path, ErrValue)
		}
		if len(fd.Options) > 0 && !fd.offers(raw) {
			return c.fail(path, ErrNotOffered)
		}
		b.Write(raw)
		return nil
	case fd.HasValue && !(fd.Required && isEmpty(fd.Value)):
		return compact(b, fd.Value)
	case fd.Required:
		return c.fail(path, ErrMissing)
	}
	return nil
}

func (c *composer) nested(b *bytes.Buffer, fd *Field, given any, isGiven bool, path string) error {
	own, ok := asValues(given)
	if isGiven && !ok {
		return c.fail(path, ErrValue)
	}
	var v bytes.Buffer
	gaps, err := c.group(&v, fd.Form, own, path+".")
	switch {
	case err != nil && !isGiven && !fd.Required && errors.Is(err, ErrMissing):
		return nil
	case err != nil:
		return err
	case !isGiven && fd.Required && v.Len() == len("{}"):
		return c.fail(path, ErrMissing)
	case !isGiven && !fd.Required && gaps > 0:
		return nil
	}
	b.Write(v.Bytes())
	return nil
}

// choice writes the one group among the field's options that given fits.
func (c *composer) choice(b *bytes.Buffer, fd *Field, given any, path string) error {
	own, ok := asValues(given)
	if !ok {
		return c.fail(path, ErrValue)
	}
	var chosen []byte
	reason := c.fail(path, ErrNotOffered)
	for i := range fd.Options {
		if !fd.Options[i].fits(own) {
			continue
		}
		var v bytes.Buffer
		if _, err := c.group(&v, fd.Options[i].Form, own, path+"."); err != nil {
			reason = err
			continue
		}
		if chosen != nil && !bytes.Equal(chosen, v.Bytes()) {
			if len(own) == 0 {
				return c.fail(path, ErrMissing)
			}
			return c.fail(path, ErrAmbiguous)
		}
		chosen = v.Bytes()
	}
	if chosen == nil {
		if len(own) == 0 {
			return c.fail(path, ErrMissing)
		}
		return reason
	}
	b.Write(chosen)
	return nil
}

// fits reports whether every value of own is one that the option has or offers.
func (o *Option) fits(own Values) bool {
	if len(o.Form) == 0 {
		return false
	}
	for name, v := range own {
		fd := fieldNamed(o.Form, name)
		if fd == nil {
			return false
		}
		raw, err := encode(v)
		switch {
		case fd.HasValue && !fd.Mutable:
			if err != nil || !sameJSON(raw, fd.Value) {
				return false
			}
		case len(fd.Options) > 0 && !fd.hasGroups():
			if err != nil || !fd.offers(raw) {
				return false
			}
		}
	}
	return true
}

func (fd *Field) hasGroups() bool {
	for i := range fd.Options {
		if len(fd.Options[i].Form) > 0 {
			return true
		}
	}
	return false
}

func (fd *Field) offers(raw []byte) bool {
	for i := range fd.Options {
		if v := fd.Options[i].Value; v != nil && sameJSON(raw, v) {
			return true
		}
	}
	return false
}

func asValues(v any) (Values, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case Values:
		return v, true
	case map[string]any:
		return Values(v), true
	}
	return nil, false
}

// encode writes one plain value the way it goes over the wire.
func encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return nil, ErrValue // would be altered silently, which locks accounts
		}
	case json.RawMessage:
		if !json.Valid(v) {
			return nil, ErrValue
		}
		return compacted(v), nil
	case bool, int, int64:
	default:
		return nil, ErrValue
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, ErrValue
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func compact(b *bytes.Buffer, raw json.RawMessage) error { return json.Compact(b, raw) }

func compacted(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return nil
	}
	return b.Bytes()
}

// sameJSON compares two values; of strings, what they say and not how it is written.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(compacted(a), compacted(b)) {
		return true
	}
	var s, t string
	return json.Unmarshal(a, &s) == nil && json.Unmarshal(b, &t) == nil && s == t
}

func isEmpty(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == `""` }

func sortedKeys(v Values) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
