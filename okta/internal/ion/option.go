package ion

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Choice is one authenticator that a form offers, with the methods in which it can be
// used. Tell choices apart by Key, methods, EnrollmentID and Device, never by their
// place in the list or by Label alone, which is in the organisation's language.
type Choice struct {
	Label        string // the option's, or the authenticator's name
	Key          string // okta_password, phone_number, …; empty if it cannot be found out
	Type         string
	ID           string // of the authenticator
	EnrollmentID string // where the user has set up several of one kind
	MethodTypes  []string
	FixedMethod  bool   // the option has one method and none is to be chosen
	NeedsMethod  bool   // a method has to be sent
	Device       string // masked telephone number, mail address or device name
	Nickname     string
	Option       int // place among the form's options; -1: the form offers this one only

	field        string
	sendsMethod  bool
	sendsEnrolID bool
	sendsID      bool
}

// Values fills in the form that offered c. With method "" the server is left to ask
// which (authenticator-verification-data); a fixed method needs none.
func (c Choice) Values(method string) Values {
	own := Values{}
	if c.sendsID {
		own["id"] = c.ID
	}
	if c.sendsEnrolID {
		own["enrollmentId"] = c.EnrollmentID
	}
	switch {
	case !c.sendsMethod:
	case c.FixedMethod:
		own["methodType"] = c.MethodTypes[0]
	case method != "":
		own["methodType"] = method
	}
	return Values{c.field: own}
}

// Offers reports whether the authenticator can be used by that method.
func (c Choice) Offers(method string) bool { return slices.Contains(c.MethodTypes, method) }

// String names the choice for people: "Phone (+1 XXX-XXX-0199)".
func (c Choice) String() string {
	s := c.Label
	if s == "" {
		s = c.Key
	}
	for _, more := range []string{c.Nickname, c.Device} {
		if more != "" && !strings.Contains(s, more) {
			return s + " (" + more + ")"
		}
	}
	return s
}

// Choices returns the authenticators that the form offers, in the server's order: the
// options of select-authenticator-authenticate, or the one authenticator of
// authenticator-verification-data. a is the answer that the form came with.
func (f *Form) Choices(a *Answer) []Choice {
	fd := f.Field("authenticator")
	if fd == nil {
		return nil
	}
	if len(fd.Form) > 0 && !fd.hasGroups() {
		c := readChoice(fd.Form)
		c.field, c.Option, c.Label = fd.Name, -1, fd.Label
		c.describe(a, "")
		return []Choice{c}
	}
	var all []Choice
	for i := range fd.Options {
		o := &fd.Options[i]
		if len(o.Form) == 0 {
			continue
		}
		c := readChoice(o.Form)
		c.field, c.Option, c.Label = fd.Name, i, o.Label
		c.describe(a, o.RelatesTo)
		all = append(all, c)
	}
	return all
}

func readChoice(fields []Field) Choice {
	var c Choice
	if fd := fieldNamed(fields, "id"); fd != nil {
		c.ID = plain(fd.Value)
		c.sendsID = c.ID != ""
	}
	if fd := fieldNamed(fields, "enrollmentId"); fd != nil {
		c.EnrollmentID = plain(fd.Value)
		c.sendsEnrolID = c.EnrollmentID != ""
	}
	fd := fieldNamed(fields, "methodType")
	if fd == nil {
		return c
	}
	c.sendsMethod = true
	c.NeedsMethod = fd.Required && !fd.HasValue
	for i := range fd.Options {
		if m := plain(fd.Options[i].Value); m != "" && !slices.Contains(c.MethodTypes, m) {
			c.MethodTypes = append(c.MethodTypes, m)
		}
	}
	if m := plain(fd.Value); m != "" && (len(fd.Options) == 0 || !fd.Mutable) {
		c.MethodTypes, c.FixedMethod = []string{m}, true
	}
	return c
}

// describe adds what the answer's lists say about the authenticator.
func (c *Choice) describe(a *Answer, path string) {
	if a == nil {
		return
	}
	found := c.at(a, path)
	if found == nil {
		found = c.search(a)
	}
	if found != nil {
		c.Key, c.Type, c.Device, c.Nickname = found.Key, found.Type, found.Device, found.Nickname
		if c.Device == "" && c.Nickname == "" {
			c.nameDevice(a)
		}
		if c.Label == "" {
			c.Label = found.Name
		}
		if len(c.MethodTypes) == 0 && !c.sendsMethod {
			c.MethodTypes = slices.Clone(found.Methods)
		}
	}
	if c.Key == "" {
		c.Key = keyOfMethods(c.MethodTypes)
	}
}

// nameDevice takes the device from the user's enrolment where the option pointed at
// the organisation's authenticator and there is one enrolment of it.
func (c *Choice) nameDevice(a *Answer) {
	var only *Authenticator
	for i := range a.Enrollments {
		if a.Enrollments[i].Key == c.Key {
			if only != nil {
				return
			}
			only = &a.Enrollments[i]
		}
	}
	if only != nil {
		c.Device, c.Nickname = only.Device, only.Nickname
	}
}

// at resolves path and checks that what is there can be meant: real answers have paths
// that lead nowhere, or into the wrong one of the two lists.
func (c *Choice) at(a *Answer, path string) *Authenticator {
	found := a.resolve(path)
	if found == nil || found.Key == "" {
		return nil
	}
	switch {
	case found.hasID(c.ID), found.hasID(c.EnrollmentID):
		return found
	case c.conflicts(found):
		return nil
	case len(c.MethodTypes) > 0 && len(found.Methods) > 0:
		return found // and they share a method, or they would conflict
	case c.Label == "" || found.Name == "" || strings.EqualFold(c.Label, found.Name):
		return found
	}
	// Called differently, nothing else known: believe the path unless the label is the
	// name of another one.
	for _, other := range a.all() {
		if strings.EqualFold(c.Label, other.Name) && other.Key != found.Key {
			return nil
		}
	}
	return found
}

// conflicts reports whether the choice's methods cannot be found's.
func (c *Choice) conflicts(found *Authenticator) bool {
	methods := found.Methods
	if len(methods) == 0 {
		guess := keyOfMethods(c.MethodTypes)
		return guess != "" && guess != found.Key
	}
	for _, m := range c.MethodTypes {
		if slices.Contains(methods, m) {
			return false
		}
	}
	return len(c.MethodTypes) > 0
}

// search finds the authenticator by its ids, or else by what it is called.
func (c *Choice) search(a *Answer) *Authenticator {
	tests := []func(*Authenticator) bool{
		func(x *Authenticator) bool { return c.EnrollmentID != "" && x.ID == c.EnrollmentID },
		func(x *Authenticator) bool { return x.hasID(c.ID) },
		func(x *Authenticator) bool {
			return c.Label != "" && strings.EqualFold(c.Label, x.Name) && !c.conflicts(x)
		},
		func(x *Authenticator) bool { return c.Label != "" && strings.EqualFold(c.Label, x.Name) },
	}
	for _, test := range tests {
		for _, x := range a.all() {
			if x.Key != "" && test(x) {
				return x
			}
		}
	}
	return nil
}

// all lists what the answer describes: enrolments first, for they name devices.
func (a *Answer) all() []*Authenticator {
	var all []*Authenticator
	for i := range a.Enrollments {
		all = append(all, &a.Enrollments[i])
	}
	for i := range a.Authenticators {
		all = append(all, &a.Authenticators[i])
	}
	if a.Current != nil {
		all = append(all, a.Current)
	}
	return all
}

// resolve follows the few paths that answers use: "$.authenticators.value[0]",
// "$.authenticatorEnrollments.value[2]", "$.currentAuthenticator".
func (a *Answer) resolve(path string) *Authenticator {
	path = strings.TrimPrefix(path, "$.")
	var list []Authenticator
	switch {
	case strings.HasPrefix(path, "authenticatorEnrollments.value["):
		list = a.Enrollments
	case strings.HasPrefix(path, "authenticators.value["):
		list = a.Authenticators
	case path == "currentAuthenticator", path == "currentAuthenticatorEnrollment", path == "enrollmentAuthenticator":
		return a.Current
	}
	_, index, _ := strings.Cut(path, "[")
	i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
	if err != nil || i < 0 || i >= len(list) {
		return nil
	}
	return &list[i]
}

// methodKeys has the methods that only one authenticator has.
var methodKeys = map[string]string{
	"password": AuthPassword, MethodSMS: AuthPhone, MethodVoice: AuthPhone, "email": AuthEmail,
	MethodTOTP: AuthOktaVerify, MethodFastPass: AuthOktaVerify,
	"security_question": AuthQuestion, "webauthn": AuthWebAuthn, "duo": AuthDuo, "tac": AuthTAC, "cert": AuthSmartCard,
}

func keyOfMethods(methods []string) string {
	for _, m := range methods {
		if key := methodKeys[m]; key != "" {
			return key
		}
	}
	return ""
}

// plain is a JSON string's content, "" for any other value.
func plain(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
