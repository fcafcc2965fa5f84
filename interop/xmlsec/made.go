//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// signature is one that was found in a response.
type signature struct {
	of        string // the element that it is in: "Response", "Assertion"
	node      string // XPath
	reference string // URI that it refers to
	id        string // of the element that it is in
	algorithm string
}

// signatures lists those of a response, in the order of the document.
func signatures(document []byte) ([]signature, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		return nil, err
	}
	var out []signature
	for i, el := range doc.FindElements("//Signature") {
		s := signature{of: el.Parent().Tag, node: fmt.Sprintf("(//*[local-name()='Signature'])[%d]", i+1), id: el.Parent().SelectAttrValue("ID", "")}
		if e := el.FindElement("./SignedInfo/Reference"); e != nil {
			s.reference = e.SelectAttrValue("URI", "")
		}
		if e := el.FindElement("./SignedInfo/SignatureMethod"); e != nil {
			s.algorithm = e.SelectAttrValue("Algorithm", "")
		}
		out = append(out, s)
	}
	return out, nil
}

// providers are those that sign, with what they sign.
var providers = []struct {
	name, title string
	signs       []string
}{
	{"classic", "Okta Classic", []string{"Response", "Assertion"}},
	{"idx", "Okta Identity Engine", []string{"Response", "Assertion"}},
	{"crowd", "Crowd", []string{"Assertion"}},
}

// checkMade has xmlsec1 judge what the simulated providers sign.
func checkMade(ctx context.Context, r *harness.Report, w *world, sec xmlsec) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	other, err := newSigner("somebody else", key)
	if err != nil {
		return err
	}
	for _, p := range providers {
		cert, err := metadataCert(w.metadata(p.name))
		if err != nil {
			return err
		}
		for _, atJira := range []bool{true, false} {
			name := p.title + map[bool]string{true: ", started at Jira", false: ", started there"}[atJira]
			document, err := signedIn(ctx, w, p.name, atJira)
			r.Check(name+": Jira accepts the response", err)
			if err != nil {
				continue
			}
			r.Check(name+": xmlsec1 verifies what it signs", verifyAll(ctx, sec, document, cert, p.signs))
			checkTampered(ctx, r, sec, name, document, cert, p.signs)
			err = refusedAll(ctx, sec, document, other.cert)
			r.Check(name+": with another certificate xmlsec1 does not", err)
		}
		for _, fault := range fixtures.Faults() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r.Check(p.title+": "+string(fault), checkFault(ctx, w, sec, p.name, fault, cert, p.signs))
		}
	}
	return nil
}

// signedIn returns the response of a sign-in that Jira accepted.
func signedIn(ctx context.Context, w *world, provider string, atJira bool) ([]byte, error) {
	b, err := newBrowser(w)
	if err != nil {
		return nil, err
	}
	p, err := b.signIn(ctx, provider, atJira)
	if err != nil {
		return nil, err
	}
	document, err := base64.StdEncoding.DecodeString(p.response)
	if err != nil {
		return nil, err
	}
	who, err := b.exchange(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case who != user:
		return nil, fmt.Errorf("signed in as %q: %s", who, w.jira.LastRefusal())
	case w.jira.LastAssertionResult().Unsolicited == atJira:
		return nil, errors.New("it is the answer to another request, to Jira")
	}
	return document, nil
}

// verifyAll wants a good signature in each of the elements signs, over that element.
func verifyAll(ctx context.Context, sec xmlsec, document, cert []byte, signs []string) error {
	found, err := signatures(document)
	if err != nil {
		return err
	}
	var in []string
	for _, s := range found {
		in = append(in, s.of)
		switch {
		case s.id == "" || s.reference != "#"+s.id:
			return fmt.Errorf("the signature in %s is over %q", s.of, s.reference)
		case s.algorithm != rsaSHA256:
			return fmt.Errorf("the signature in %s is %s", s.of, s.algorithm)
		}
		if err := sec.verify(ctx, document, s.node, cert); err != nil {
			return fmt.Errorf("%s: %w", s.of, err)
		}
	}
	if strings.Join(in, " ") != strings.Join(signs, " ") {
		return fmt.Errorf("signatures are in %v, want %v", in, signs)
	}
	return nil
}

// refusedAll wants no good signature, of at least one.
func refusedAll(ctx context.Context, sec xmlsec, document, cert []byte) error {
	found, err := signatures(document)
	if err == nil && len(found) == 0 {
		err = errors.New("there is no signature")
	}
	for _, s := range found {
		if err == nil {
			err = refused(sec.verify(ctx, document, s.node, cert), s.of)
		}
	}
	return err
}

func refused(verdict error, of string) error {
	switch {
	case verdict == nil:
		return fmt.Errorf("xmlsec1 verifies the signature in %s", of)
	case errors.Is(verdict, errBadSignature):
		return nil
	}
	return verdict
}

// checkTampered changes one thing at a time. What is signed twice is protected twice.
func checkTampered(ctx context.Context, r *harness.Report, sec xmlsec, name string, document, cert []byte, signs []string) {
	for _, change := range []struct {
		name     string
		from, to string
		response bool // it is not in the assertion
	}{
		{"the name", ">" + user + "<", ">admin@example.com<", false},
		{"the name's format", "nameid-format:unspecified", "nameid-format:emailAddress", false},
		{"a space in an attribute", "&quot;co", "&quot; co", false},
		{"a line break in an attribute", "&#xD;", "", false},
		{"the audience", "<saml:Audience>https://", "<saml:Audience>https://other.", false},
		{"the status", "status:Success", "status:Responder", true},
		{"the destination", `Destination="https://`, `Destination="https://other.`, true},
	} {
		text := string(document)
		if !strings.Contains(text, change.from) {
			change.from = strings.ReplaceAll(change.from, "&quot;", `"`)
			change.to = strings.ReplaceAll(change.to, "&quot;", `"`)
		}
		changed := []byte(strings.Replace(text, change.from, change.to, 1))
		var err error
		switch {
		case string(changed) == text:
			err = errors.New("it cannot be changed")
		case !change.response:
			err = refusedAll(ctx, sec, changed, cert)
		default: // the assertion's signature is none the worse
			found, broken := signatures(changed)
			err = broken
			for _, s := range found {
				verdict := sec.verify(ctx, changed, s.node, cert)
				if s.of == "Response" {
					verdict = refused(verdict, s.of)
				}
				err = errors.Join(err, verdict)
			}
		}
		r.Check(fmt.Sprintf("%s: xmlsec1 notices a change of %s", name, change.name), err)
	}
}

// checkFault judges a response that is wrong on purpose: if it is the signature that is
// wrong, xmlsec1 says so too, and else it is a good one.
func checkFault(ctx context.Context, w *world, sec xmlsec, provider string, fault fixtures.Fault, cert []byte, signs []string) error {
	w.setFault(provider, fault)
	defer w.setFault(provider, fixtures.FaultNone)
	b, err := newBrowser(w)
	if err != nil {
		return err
	}
	p, err := b.signIn(ctx, provider, true)
	if err != nil {
		return err
	}
	document, err := base64.StdEncoding.DecodeString(p.response)
	if err != nil {
		return err
	}
	switch fault {
	case fixtures.FaultGarbage:
		if _, err := signatures(document); err == nil {
			return errors.New("it is XML")
		}
	case fixtures.FaultNameID, fixtures.FaultSignature, fixtures.FaultUnknownKey:
		err = refusedAll(ctx, sec, document, cert)
	case fixtures.FaultUnsigned:
		err = verifyAll(ctx, sec, document, cert, nil)
	case fixtures.FaultStatus:
		err = verifyAll(ctx, sec, document, cert, signs[:len(signs)-1]) // there is no assertion
	case fixtures.FaultTwoAssertions:
		err = verifyAll(ctx, sec, document, cert, append(signs[:len(signs):len(signs)], "Assertion"))
	default:
		err = verifyAll(ctx, sec, document, cert, signs)
	}
	if err != nil {
		return err
	}
	who, err := b.exchange(ctx, p)
	if err == nil && who != "" {
		err = fmt.Errorf("it is taken for %s by Jira", who)
	}
	return err
}
