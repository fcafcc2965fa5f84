package saml

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/ssoexchange/ssoexchange/internal/xmltext"
)

// MaxResponse is the size of a response in bytes, decoded. A response with a
// hundred groups has 60 KiB.
const MaxResponse = 1 << 20

const methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// Response is a SAMLResponse in the form that the IdP's page would have posted.
//
// It prints sizes and hosts only; Encoded is as good as a password for a few
// minutes.
type Response struct {
	// The form:

	Action        *url.URL `json:"-"` // where it is to be posted; absolute, entity references decoded
	Encoded       string   `json:"-"` // value of SAMLResponse as posted: base64, white space removed
	RelayState    string   `json:"-"`
	HasRelayState bool     // the form has the field, empty or not

	// What the response says, read but not verified:

	ID, InResponseTo, Destination, Issuer, Version string

	// Status code URIs (Core 3.2.2.2); the message is one line of at most 200 runes.
	Status, SubStatus, StatusMessage string

	// What its assertion says. These stay empty if the assertion is encrypted, or
	// if there is not exactly one.

	NameID, NameIDFormat, SessionIndex string
	Audiences                          []string // of all AudienceRestrictions
	Recipients                         []string // of each bearer SubjectConfirmationData that names one
	ConfirmationInResponseTo           []string // of each bearer SubjectConfirmationData that has one

	// What Conditions and the bearer SubjectConfirmationData that ends last have in common;
	// zero: no limit.
	NotBefore, NotOnOrAfter time.Time
	SessionNotOnOrAfter     time.Time // earliest of the AuthnStatements; zero: not said

	Assertions int  // Assertion and EncryptedAssertion elements, wherever in the document
	Encrypted  bool // there is an EncryptedAssertion
	Signed     bool // Response or Assertion has a ds:Signature child; it is not verified

	inPlace          int // of the Assertions, children of the Response
	assertionVersion string
	conditions       period
	confirmations    []confirmation // the bearer ones that have data
}

// period is a time of validity; zero times are open ends.
type period struct{ from, to time.Time }

// within returns what p and q have in common.
func (p period) within(q period) period {
	if q.from.After(p.from) {
		p.from = q.from
	}
	if !q.to.IsZero() && (p.to.IsZero() || q.to.Before(p.to)) {
		p.to = q.to
	}
	return p
}

// confirmation is a SubjectConfirmationData, Core 2.4.1.2.
type confirmation struct {
	recipient, inResponseTo string
	valid                   period
}

// Form returns what is posted to Action: SAMLResponse, and RelayState if the form
// had one. SAML Bindings 2.0 section 3.5.4.
func (r *Response) Form() url.Values {
	v := url.Values{"SAMLResponse": {r.Encoded}}
	if r.HasRelayState || r.RelayState != "" {
		v.Set("RelayState", r.RelayState)
	}
	return v
}

// ParseResponse reads the value of a SAMLResponse field: base64 in the standard
// alphabet, white space ignored, at most [MaxResponse] bytes decoded. Action and
// RelayState are not part of it and stay empty.
//
// Responses that fail are read too; see [Response.Check]. Documents with a DTD,
// nested more than 64 levels or ambiguous to parsers are refused. Encodings other
// than UTF-8 are read where the document declares them; what is posted is the
// document as it came.
//
// It is SAML Bindings 2.0 section 3.5.4 and Core section 3.3.3.
func ParseResponse(encoded string) (*Response, error) {
	encoded = stripSpace(encoded)
	if base64.StdEncoding.DecodedLen(len(encoded)) > MaxResponse+3 {
		return nil, bad("the response is larger than %d KiB", MaxResponse>>10)
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, bad("SAMLResponse is not base64")
	}
	if len(data) > MaxResponse {
		return nil, bad("the response is larger than %d KiB", MaxResponse>>10)
	}
	if data, err = xmltext.Decode(data); err != nil {
		return nil, bad("message is not in the encoding that it declares, or in one that is not known")
	}
	if err := bounded(data); err != nil {
		return nil, err
	}
	objection := validateRoundTrip(data)
	r, err := readResponse(encoded, data)
	if err := objection(); err != nil {
		return nil, err
	}
	return r, err
}

// readResponse reads a document that need not be the same to every parser yet.
func readResponse(encoded string, data []byte) (*Response, error) {
	doc, err := parse(data)
	if err != nil {
		return nil, err
	}
	root := doc.Root()
	if !isElement(root, nsProtocol, "Response") {
		return nil, bad("SAMLResponse is %q, not a Response", show(root.Tag))
	}
	if err := unambiguous(root); err != nil {
		return nil, err
	}
	r := &Response{Encoded: encoded}
	r.readEnvelope(root)
	// With several assertions it is not for us to say which one counts.
	if a := child(root, nsAssertion, "Assertion"); r.Assertions == 1 && !r.Encrypted && a != nil {
		if err := r.readAssertion(a); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// unambiguous refuses elements that the schema allows once and that stand there
// twice: the parsers of this world take the first, the last or a mixture.
func unambiguous(root *etree.Element) error {
	if err := requireSingle(root, nsAssertion, "Issuer"); err != nil {
		return err
	}
	if err := requireSingle(root, nsProtocol, "Status"); err != nil {
		return err
	}
	if status := child(root, nsProtocol, "Status"); status != nil {
		for _, tag := range []string{"StatusCode", "StatusMessage"} {
			if err := requireSingle(status, nsProtocol, tag); err != nil {
				return err
			}
		}
	}
	for _, a := range children(root, nsAssertion, "Assertion") {
		for _, tag := range []string{"Issuer", "Subject", "Conditions"} {
			if err := requireSingle(a, nsAssertion, tag); err != nil {
				return err
			}
		}
		if subject := child(a, nsAssertion, "Subject"); subject != nil {
			if err := requireSingle(subject, nsAssertion, "NameID"); err != nil {
				return err
			}
			for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
				if err := requireSingle(c, nsAssertion, "SubjectConfirmationData"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func requireSingle(el *etree.Element, ns, tag string) error {
	if n := len(children(el, ns, tag)); n > 1 {
		return bad("the message has %d elements %s where one may be", n, tag)
	}
	return nil
}

func (r *Response) readEnvelope(root *etree.Element) {
	r.ID, r.InResponseTo = attr(root, "ID"), attr(root, "InResponseTo")
	r.Destination, r.Version = attr(root, "Destination"), attr(root, "Version")
	r.Issuer = text(child(root, nsAssertion, "Issuer"))
	status := child(root, nsProtocol, "Status")
	code := child(status, nsProtocol, "StatusCode")
	r.Status, r.SubStatus = attr(code, "Value"), attr(child(code, nsProtocol, "StatusCode"), "Value")
	r.StatusMessage = show(text(child(status, nsProtocol, "StatusMessage")))
	encrypted := count(root, nsAssertion, "EncryptedAssertion")
	r.Encrypted = encrypted > 0
	r.Assertions = encrypted + count(root, nsAssertion, "Assertion")
	r.inPlace = len(children(root, nsAssertion, "Assertion")) + len(children(root, nsAssertion, "EncryptedAssertion"))
	r.Signed = child(root, nsSignature, "Signature") != nil
	for _, a := range children(root, nsAssertion, "Assertion") {
		r.Signed = r.Signed || child(a, nsSignature, "Signature") != nil
	}
}

// readAssertion reads the one assertion. The error is a time that is none.
func (r *Response) readAssertion(a *etree.Element) error {
	r.assertionVersion = attr(a, "Version")
	if r.Issuer == "" {
		r.Issuer = text(child(a, nsAssertion, "Issuer"))
	}
	var clock stamps
	conditions := child(a, nsAssertion, "Conditions")
	r.conditions = clock.period(conditions)
	for _, ar := range children(conditions, nsAssertion, "AudienceRestriction") {
		for _, aud := range children(ar, nsAssertion, "Audience") {
			r.Audiences = append(r.Audiences, text(aud))
		}
	}
	subject := child(a, nsAssertion, "Subject")
	name := child(subject, nsAssertion, "NameID")
	r.NameID, r.NameIDFormat = text(name), attr(name, "Format")
	for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
		if d := child(c, nsAssertion, "SubjectConfirmationData"); d != nil && attr(c, "Method") == methodBearer {
			r.confirmations = append(r.confirmations,
				confirmation{attr(d, "Recipient"), attr(d, "InResponseTo"), clock.period(d)})
		}
	}
	r.summarize()
	for _, st := range children(a, nsAssertion, "AuthnStatement") {
		if r.SessionIndex == "" {
			r.SessionIndex = attr(st, "SessionIndex")
		}
		t := clock.at(st, "SessionNotOnOrAfter")
		if !t.IsZero() && (r.SessionNotOnOrAfter.IsZero() || t.Before(r.SessionNotOnOrAfter)) {
			r.SessionNotOnOrAfter = t
		}
	}
	if clock.wrong {
		return bad("a time of the response is none")
	}
	return nil
}

// summarize fills in what the confirmations say together.
func (r *Response) summarize() {
	var last period
	for i, c := range r.confirmations {
		r.Recipients = appendSaid(r.Recipients, c.recipient)
		r.ConfirmationInResponseTo = appendSaid(r.ConfirmationInResponseTo, c.inResponseTo)
		if i == 0 || c.valid.to.IsZero() || !last.to.IsZero() && c.valid.to.After(last.to) {
			last = c.valid
		}
	}
	valid := r.conditions.within(last)
	r.NotBefore, r.NotOnOrAfter = valid.from, valid.to
}

// stamps reads times, and notes whether one of them was none.
type stamps struct{ wrong bool }

// at returns an attribute as a time, zero if it is not there. SAML's times are in UTC,
// with or without saying so (Core 1.3.3).
func (s *stamps) at(el *etree.Element, name string) time.Time {
	raw := strings.TrimSpace(attr(el, name))
	if raw == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, raw)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", raw)
	}
	s.wrong = s.wrong || err != nil
	return t.UTC()
}

func (s *stamps) period(el *etree.Element) period {
	return period{s.at(el, "NotBefore"), s.at(el, "NotOnOrAfter")}
}

func appendSaid(list []string, s string) []string {
	if s == "" {
		return list
	}
	return append(list, s)
}

// stripSpace removes the line breaks that some IdPs put into base64.
func stripSpace(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '\f', '\v':
			return -1
		}
		return r
	}, s)
}
