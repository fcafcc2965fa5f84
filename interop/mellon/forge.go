//go:build linux

package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// The bad assertions come from an identity provider of this program's own, which
// both service providers trust. So each of them has exactly one fault.

const forgeIssuer = "https://forge.localhost/idp"

// forge is that identity provider.
type forge struct{ own, stranger *signer }

func newForge() (*forge, error) {
	own, err := newSigner("forge.localhost")
	if err != nil {
		return nil, err
	}
	stranger, err := newSigner("forge.localhost")
	if err != nil {
		return nil, err
	}
	return &forge{own: own, stranger: stranger}, nil
}

// metadata is what the service providers are configured with.
func (f *forge) metadata() []byte {
	d := saml.EntityDescriptor{
		EntityID: forgeIssuer,
		IDPSSODescriptors: []saml.IDPSSODescriptor{{
			SSODescriptor: saml.SSODescriptor{RoleDescriptor: saml.RoleDescriptor{
				ProtocolSupportEnumeration: "urn:oasis:names:tc:SAML:2.0:protocol",
				KeyDescriptors: []saml.KeyDescriptor{{Use: "signing", KeyInfo: saml.KeyInfo{X509Data: saml.X509Data{
					X509Certificates: []saml.X509Certificate{{Data: base64.StdEncoding.EncodeToString(f.own.cert.Raw)}},
				}}}},
			}},
			SingleSignOnServices: []saml.Endpoint{{Binding: saml.HTTPRedirectBinding, Location: forgeIssuer + "/sso"}},
		}},
	}
	data, err := xml.MarshalIndent(d, "", " ")
	if err != nil {
		panic(err) // a constant document
	}
	return data
}

// order is what an assertion should say.
type order struct {
	acs, audience, user string

	// faults; the zero order is a good assertion
	issued       time.Duration // from now
	issuer       string
	otherAud     string
	recipient    string
	destination  string
	inResponseTo string
	stranger     bool // signed with a key that nobody knows
	unsigned     bool
	tamper       func(document []byte) []byte // after signing
}

// make returns the SAMLResponse form value.
func (f *forge) make(o order) (string, error) {
	now := time.Now().UTC().Add(o.issued)
	issuer := pick(o.issuer, forgeIssuer)
	assertion := &saml.Assertion{
		ID: newID(), IssueInstant: now, Version: "2.0", Issuer: saml.Issuer{Value: issuer},
		Subject: &saml.Subject{
			NameID: &saml.NameID{Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", Value: o.user},
			SubjectConfirmations: []saml.SubjectConfirmation{{
				Method: "urn:oasis:names:tc:SAML:2.0:cm:bearer",
				SubjectConfirmationData: &saml.SubjectConfirmationData{
					Recipient: pick(o.recipient, o.acs), NotOnOrAfter: now.Add(5 * time.Minute), InResponseTo: o.inResponseTo,
				},
			}},
		},
		Conditions: &saml.Conditions{
			NotBefore: now.Add(-time.Minute), NotOnOrAfter: now.Add(5 * time.Minute),
			AudienceRestrictions: []saml.AudienceRestriction{{Audience: saml.Audience{Value: pick(o.otherAud, o.audience)}}},
		},
		AuthnStatements: []saml.AuthnStatement{{
			AuthnInstant: now, SessionIndex: newID(),
			AuthnContext: saml.AuthnContext{AuthnContextClassRef: &saml.AuthnContextClassRef{
				Value: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
			}},
		}},
	}
	if !o.unsigned {
		by := f.own
		if o.stranger {
			by = f.stranger
		}
		signature, err := by.sign(assertion.Element())
		if err != nil {
			return "", err
		}
		assertion.Signature = signature
	}
	response := &saml.Response{
		ID: newID(), Version: "2.0", IssueInstant: now, InResponseTo: o.inResponseTo,
		Destination: pick(o.destination, o.acs), Issuer: &saml.Issuer{Value: issuer},
		Status: saml.Status{StatusCode: saml.StatusCode{Value: saml.StatusSuccess}},
	}
	el := response.Element()
	el.AddChild(assertion.Element())
	doc := etree.NewDocument()
	doc.SetRoot(el)
	data, err := doc.WriteToBytes()
	if err != nil {
		return "", err
	}
	if o.tamper != nil {
		changed := o.tamper(data)
		if bytes.Equal(changed, data) {
			return "", fmt.Errorf("the fault did not change the document")
		}
		data = changed
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// sign returns the enveloped signature of el (RSA with SHA-256, exclusive
// canonicalisation).
func (s *signer) sign(el *etree.Element) (*etree.Element, error) {
	ctx, err := dsig.NewSigningContext(crypto.Signer(s.key), [][]byte{s.cert.Raw})
	if err != nil {
		return nil, err
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		return nil, err
	}
	signed, err := ctx.SignEnveloped(el)
	if err != nil {
		return nil, err
	}
	children := signed.ChildElements()
	return children[len(children)-1], nil
}

// flipSignatureBit changes one bit in the middle of the signature's value.
func flipSignatureBit(document []byte) []byte {
	text := string(document)
	_, rest, found := strings.Cut(text, "SignatureValue>")
	if !found {
		return document
	}
	value, _, found := strings.Cut(rest, "<")
	if !found {
		return document
	}
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(raw) == 0 {
		return document
	}
	raw[len(raw)/2] ^= 1
	return []byte(strings.Replace(text, value, base64.StdEncoding.EncodeToString(raw), 1))
}

// renameSubject makes somebody else of the user.
func renameSubject(from, to string) func([]byte) []byte {
	return func(document []byte) []byte {
		return bytes.Replace(document, []byte(">"+from+"</"), []byte(">"+to+"</"), 1)
	}
}

func newID() string { return "_" + rand.Text() }

func pick(first, otherwise string) string {
	if first != "" {
		return first
	}
	return otherwise
}
