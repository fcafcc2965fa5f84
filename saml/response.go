package saml

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
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
	Status, SubStatus, StatusMessage               string // status code URIs (Core 3.2.2.2); the message is one line of at most 200 runes

	// What its assertion says. These stay empty if the assertion is encrypted, or
	// if there is not exactly one.

	NameID, NameIDFormat, SessionIndex string
	Audiences                          []string  // of all AudienceRestrictions
	Recipients                         []string  // of each bearer SubjectConfirmationData that names one
	ConfirmationInResponseTo           []string  // of each bearer SubjectConfirmationData that has one
	NotBefore, NotOnOrAfter            time.Time // what Conditions and all bearer SubjectConfirmationData have in common; zero: no limit
	SessionNotOnOrAfter                time.Time // earliest of the AuthnStatements; zero: not said

	Assertions int  // Assertion and EncryptedAssertion elements, wherever in the document
	Encrypted  bool // there is an EncryptedAssertion
	Signed     bool // Response or Assertion has a ds:Signature child; it is not verified

	inPlace          int // of the Assertions, children of the Response
	assertionVersion string
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
// nested more than 64 levels or ambiguous to parsers are refused.
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
	if err := bounded(data); err != nil {
		return nil, err
	}
	objection := unlike(data)
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
	var x crewjam.Response
	if err := xml.Unmarshal(data, &x); err != nil {
		return nil, bad("the response does not follow the schema")
	}
	r := &Response{Encoded: encoded}
	r.readEnvelope(root, &x)
	// With several assertions it is not for us to say which one counts.
	if r.Assertions == 1 && !r.Encrypted && x.Assertion != nil {
		r.readAssertion(child(root, nsAssertion, "Assertion"), x.Assertion)
	}
	return r, nil
}

// unambiguous refuses elements that the schema allows once and that stand there
// twice: the parsers of this world take the first, the last or a mixture.
func unambiguous(root *etree.Element) error {
	if err := single(root, nsAssertion, "Issuer"); err != nil {
		return err
	}
	if err := single(root, nsProtocol, "Status"); err != nil {
		return err
	}
	if status := child(root, nsProtocol, "Status"); status != nil {
		for _, tag := range []string{"StatusCode", "StatusMessage"} {
			if err := single(status, nsProtocol, tag); err != nil {
				return err
			}
		}
	}
	for _, a := range children(root, nsAssertion, "Assertion") {
		for _, tag := range []string{"Issuer", "Subject", "Conditions"} {
			if err := single(a, nsAssertion, tag); err != nil {
				return err
			}
		}
		if subject := child(a, nsAssertion, "Subject"); subject != nil {
			if err := single(subject, nsAssertion, "NameID"); err != nil {
				return err
			}
			for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
				if err := single(c, nsAssertion, "SubjectConfirmationData"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func single(el *etree.Element, ns, tag string) error {
	if n := len(children(el, ns, tag)); n > 1 {
		return bad("the message has %d elements %s where one may be", n, tag)
	}
	return nil
}

func (r *Response) readEnvelope(root *etree.Element, x *crewjam.Response) {
	r.ID, r.InResponseTo = x.ID, x.InResponseTo
	r.Destination, r.Version = x.Destination, x.Version
	if x.Issuer != nil {
		r.Issuer = strings.TrimSpace(x.Issuer.Value)
	}
	r.Status = x.Status.StatusCode.Value
	if sub := x.Status.StatusCode.StatusCode; sub != nil {
		r.SubStatus = sub.Value
	}
	if x.Status.StatusMessage != nil {
		r.StatusMessage = show(x.Status.StatusMessage.Value)
	}
	encrypted := count(root, nsAssertion, "EncryptedAssertion")
	r.Encrypted = encrypted > 0
	r.Assertions = encrypted + count(root, nsAssertion, "Assertion")
	r.inPlace = len(children(root, nsAssertion, "Assertion")) + len(children(root, nsAssertion, "EncryptedAssertion"))
	r.Signed = child(root, nsSignature, "Signature") != nil
	for _, a := range children(root, nsAssertion, "Assertion") {
		r.Signed = r.Signed || child(a, nsSignature, "Signature") != nil
	}
}

func (r *Response) readAssertion(el *etree.Element, a *crewjam.Assertion) {
	r.assertionVersion = a.Version
	if r.Issuer == "" {
		r.Issuer = strings.TrimSpace(a.Issuer.Value)
	}
	if a.Conditions != nil {
		r.narrow(a.Conditions.NotBefore, a.Conditions.NotOnOrAfter)
	}
	// crewjam's type holds one Audience per restriction; there may be several.
	for _, ar := range children(child(el, nsAssertion, "Conditions"), nsAssertion, "AudienceRestriction") {
		for _, aud := range children(ar, nsAssertion, "Audience") {
			r.Audiences = append(r.Audiences, text(aud))
		}
	}
	if s := a.Subject; s != nil {
		if s.NameID != nil {
			r.NameID, r.NameIDFormat = strings.TrimSpace(s.NameID.Value), s.NameID.Format
		}
		for _, c := range s.SubjectConfirmations {
			if d := c.SubjectConfirmationData; c.Method == methodBearer && d != nil {
				r.narrow(d.NotBefore, d.NotOnOrAfter)
				r.Recipients = appendSaid(r.Recipients, d.Recipient)
				r.ConfirmationInResponseTo = appendSaid(r.ConfirmationInResponseTo, d.InResponseTo)
			}
		}
	}
	for _, st := range a.AuthnStatements {
		if r.SessionIndex == "" {
			r.SessionIndex = st.SessionIndex
		}
		if t := st.SessionNotOnOrAfter; t != nil && !t.IsZero() &&
			(r.SessionNotOnOrAfter.IsZero() || t.Before(r.SessionNotOnOrAfter)) {
			r.SessionNotOnOrAfter = *t
		}
	}
}

// narrow intersects the validity with another period; zero times are open ends.
func (r *Response) narrow(from, to time.Time) {
	if from.After(r.NotBefore) {
		r.NotBefore = from
	}
	if !to.IsZero() && (r.NotOnOrAfter.IsZero() || to.Before(r.NotOnOrAfter)) {
		r.NotOnOrAfter = to
	}
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
