//go:build linux

package main

import (
	"crypto/rand"
	"fmt"
	"html"
	"strings"
	"time"
)

// Names of algorithms (RFC 6931 and the recommendations that it lists).
const (
	rsaSHA1     = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	rsaSHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	rsaSHA384   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	rsaSHA512   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	ecdsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	hmacSHA256  = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"

	sha1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	sha512 = "http://www.w3.org/2001/04/xmlenc#sha512"

	exclusive         = "http://www.w3.org/2001/10/xml-exc-c14n#"
	exclusiveComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
	inclusive         = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	inclusive11       = "http://www.w3.org/2006/12/xml-c14n11"
	enveloped         = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	xpath             = "http://www.w3.org/TR/1999/REC-xpath-19991116"

	issuer = "https://idp.localhost/entity"
)

// style is how a signature is to be made. The zero value of a field is what everybody
// uses.
type style struct {
	method, digest, form, transform string
	prefixes                        string // of the exclusive transform (InclusiveNamespaces)
	except                          string // XPath of what is signed, within the element
	reference                       string // what is signed in place of the element: "assertion", "response"
	also                            string // what is signed too
	keyInfo                         string // "none": no KeyInfo; or what is in it
}

// order is what a response is to be like.
type order struct {
	onAssertion, onResponse *style // nil is unsigned
	prefixes                [2]string
	pretty                  bool
	user, issuer            string // "": the usual ones
}

// draft is a response whose signatures are templates.
type draft struct {
	text                    string
	assertionID, responseID string
}

// write writes a response to acs for audience, as SAML Profiles 4.1.4.2 wants it.
func (o order) write(acs, audience string) draft {
	d := draft{assertionID: "_" + rand.Text(), responseID: "_" + rand.Text()}
	now := time.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format("2006-01-02T15:04:05Z") }
	p, a := pick(o.prefixes[0], "samlp"), pick(o.prefixes[1], "saml")
	name, issuer := html.EscapeString(pick(o.user, user)), pick(o.issuer, issuer)

	lines := []string{
		`<?xml version="1.0" encoding="UTF-8"?>`,
		fmt.Sprintf(`<%s:Response xmlns:%s="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="%s" Version="2.0" IssueInstant="%s" Destination="%s">`, p, p, d.responseID, at(0), acs),
		fmt.Sprintf(`<%s:Issuer xmlns:%s="urn:oasis:names:tc:SAML:2.0:assertion">%s</%s:Issuer>`, a, a, issuer, a),
		o.onResponse.template(d, d.responseID),
		fmt.Sprintf(`<%s:Status><%s:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></%s:Status>`, p, p, p),
		fmt.Sprintf(`<%s:Assertion xmlns:%s="urn:oasis:names:tc:SAML:2.0:assertion" ID="%s" Version="2.0" IssueInstant="%s">`, a, a, d.assertionID, at(0)),
		fmt.Sprintf(`<%s:Issuer>%s</%s:Issuer>`, a, issuer, a),
		o.onAssertion.template(d, d.assertionID),
		fmt.Sprintf(`<%s:Subject><%s:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">%s</%s:NameID>`, a, a, name, a),
		fmt.Sprintf(`<%s:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><%s:SubjectConfirmationData NotOnOrAfter="%s" Recipient="%s"/></%s:SubjectConfirmation></%s:Subject>`, a, a, at(5*time.Minute), acs, a, a),
		fmt.Sprintf(`<%s:Conditions NotBefore="%s" NotOnOrAfter="%s"><%s:AudienceRestriction><%s:Audience>%s</%s:Audience></%s:AudienceRestriction></%s:Conditions>`, a, at(-time.Minute), at(5*time.Minute), a, a, audience, a, a, a),
		fmt.Sprintf(`<%s:AuthnStatement AuthnInstant="%s" SessionIndex="%s"><%s:AuthnContext><%s:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</%s:AuthnContextClassRef></%s:AuthnContext></%s:AuthnStatement>`, a, at(0), rand.Text(), a, a, a, a, a),
		fmt.Sprintf(`<%s:AttributeStatement><!-- one --><%s:Attribute Name="memo"><%s:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">a&#13;&lt;b  é&#x9;</%s:AttributeValue></%s:Attribute></%s:AttributeStatement>`, a, a, a, a, a, a),
		fmt.Sprintf(`</%s:Assertion>`, a),
		fmt.Sprintf(`</%s:Response>`, p),
	}
	separator := ""
	if o.pretty {
		separator = "\n  "
	}
	d.text = strings.Join(lines, separator)
	return d
}

// template writes a ds:Signature without values, for the element of d with that id.
func (s *style) template(d draft, id string) string {
	if s == nil {
		return ""
	}
	transforms := `<ds:Transform Algorithm="` + enveloped + `"/>`
	if s.except != "" {
		transforms += `<ds:Transform Algorithm="` + xpath + `"><ds:XPath>` + s.except + `</ds:XPath></ds:Transform>`
	}
	transforms += `<ds:Transform Algorithm="` + pick(s.transform, exclusive) + `">`
	if s.prefixes != "" {
		transforms += `<ec:InclusiveNamespaces xmlns:ec="` + exclusive + `" PrefixList="` + s.prefixes + `"/>`
	}
	transforms += `</ds:Transform>`
	reference := func(id string) string {
		return `<ds:Reference URI="#` + id + `"><ds:Transforms>` + transforms + `</ds:Transforms><ds:DigestMethod Algorithm="` + pick(s.digest, sha256) + `"/><ds:DigestValue/></ds:Reference>`
	}
	ids := map[string]string{"": id, "assertion": d.assertionID, "response": d.responseID}
	references := reference(ids[s.reference])
	if s.also != "" {
		references += reference(ids[s.also])
	}
	keyInfo := `<ds:KeyInfo>` + pick(s.keyInfo, `<ds:X509Data/>`) + `</ds:KeyInfo>`
	if s.keyInfo == "none" {
		keyInfo = ""
	}
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + pick(s.form, exclusive) +
		`"/><ds:SignatureMethod Algorithm="` + pick(s.method, rsaSHA256) + `"/>` + references + `</ds:SignedInfo><ds:SignatureValue/>` + keyInfo + `</ds:Signature>`
}

func pick(first, otherwise string) string {
	if first != "" {
		return first
	}
	return otherwise
}
