//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// attack is a response that Jira must refuse.
type attack struct {
	name     string
	order    order
	stranger bool                              // by whom it is signed
	change   func(d draft, text string) string // after signing
	// good is the signature that xmlsec1 verifies all the same, bad one that it does not:
	// XPath. Attacks with a good one are about what the signature is over.
	good, bad string
	why       string // is in Jira's log
}

const (
	invalidSignature = "Signature validation failed"
	oneAssertion     = "must contain 1 Assertion"

	admin = "admin@example.com"
)

var (
	usual       = &style{}
	signed      = order{onAssertion: usual}
	assertionRE = regexp.MustCompile(`(?s)<saml:Assertion .*</saml:Assertion>`)
	signatureRE = regexp.MustCompile(`(?s)<ds:Signature .*?</ds:Signature>`)
	signedRE    = regexp.MustCompile(`(?s)<ds:SignatureValue>\s*.`)
	certRE      = regexp.MustCompile(`(?s)<ds:X509Certificate>.*?</ds:X509Certificate>`)
	declaredRE  = regexp.MustCompile(`^<\?xml[^>]*\?>`)
)

// rename makes somebody else of the user.
func rename(_ draft, text string) string {
	return strings.Replace(text, ">"+user+"<", ">"+admin+"<", 1)
}

// forged returns the assertion as the attacker wants it: for somebody else, with an id
// of its own, without a signature.
func forged(d draft, text string) (signed, forgery string) {
	signed = assertionRE.FindString(text)
	forgery = signatureRE.ReplaceAllLiteralString(rename(d, signed), "")
	return signed, strings.Replace(forgery, d.assertionID, d.assertionID+"x", 1)
}

// wrap puts a forgery in the assertion's place, and the signed one within it where hide
// says.
func wrap(hide func(forgery, signed string) string) func(d draft, text string) string {
	return func(d draft, text string) string {
		signed, forgery := forged(d, text)
		return strings.Replace(text, signed, hide(forgery, signed), 1)
	}
}

// within puts text before the end of the last element called tag.
func within(document, tag, text string) string {
	i := strings.LastIndex(document, "</"+tag+">")
	return document[:i] + text + document[i:]
}

func (p provider) attacks() []attack {
	hidden := "//*[local-name()='Hidden']/*[local-name()='Assertion']/*[local-name()='Signature']"
	return []attack{
		{name: "the name is changed after signing", order: signed, change: rename, bad: onAssertion, why: invalidSignature},
		{name: "the name is changed, and both are signed", order: order{onAssertion: usual, onResponse: usual}, change: rename, bad: onResponse, why: invalidSignature},
		{name: "the response is changed after signing", order: order{onAssertion: usual, onResponse: usual}, bad: onResponse, why: invalidSignature,
			change: func(_ draft, text string) string {
				return strings.Replace(text, ` Version="2.0"`, ` Version="2.0" Consent="x"`, 1)
			}},
		{name: "white space is added after signing", order: signed, bad: onAssertion, why: invalidSignature,
			change: func(_ draft, text string) string {
				return strings.Replace(text, "<saml:Conditions ", "\n<saml:Conditions ", 1)
			}},
		{name: "the signature's value is changed", order: signed, bad: onAssertion, why: invalidSignature, change: flip},
		{name: "it is signed with another key", order: order{onAssertion: usual, onResponse: usual}, stranger: true, bad: onAssertion, why: invalidSignature},
		{name: "it is signed with another key and shows none", order: order{onAssertion: &style{keyInfo: "none"}}, stranger: true, bad: onAssertion, why: invalidSignature},
		{name: "it is signed with another key and shows the right certificate", order: signed, stranger: true, bad: onAssertion, why: invalidSignature,
			change: func(_ draft, text string) string {
				return certRE.ReplaceAllLiteralString(text, "<ds:X509Certificate>"+base64.StdEncoding.EncodeToString(p.own.cert)+"</ds:X509Certificate>")
			}},
		{name: "RSA with SHA-1", order: order{onAssertion: &style{method: rsaSHA1}}, good: onAssertion, why: "deprecated algorithm " + rsaSHA1},
		{name: "RSA with SHA-256 over a digest of SHA-1", order: order{onAssertion: &style{digest: sha1}}, good: onAssertion, why: "deprecated algorithm " + sha1},
		{name: "the response with SHA-1", order: order{onAssertion: usual, onResponse: &style{method: rsaSHA1, digest: sha1}}, good: onResponse, why: "deprecated algorithm " + rsaSHA1},
		{name: "nothing is signed", order: order{}, why: "No Signature found"},
		{name: "the signatures are taken out", order: order{onAssertion: usual, onResponse: usual}, why: "No Signature found",
			change: func(_ draft, text string) string { return signatureRE.ReplaceAllLiteralString(text, "") }},
		{name: "only the response is signed", order: order{onResponse: usual}, good: onResponse, why: "Assertion of the Response is not signed"},
		{name: "the response's signature is over the assertion", order: order{onResponse: &style{reference: "assertion"}}, good: onResponse, why: "Assertion of the Response is not signed"},
		{name: "the assertion's signature is over the response", order: order{onAssertion: &style{reference: "response"}}, good: onAssertion, why: "invalid Signed Element"},
		{name: "the assertion's signature is over the response too", order: order{onAssertion: &style{also: "response"}}, good: onAssertion, why: "Unexpected number of Reference nodes"},
		{name: "the name is not signed", order: order{onAssertion: &style{except: "not(ancestor-or-self::*[local-name()='NameID'])"}}, change: rename, good: onAssertion, why: invalidSignature},
		{name: "a comment is put in the name", order: order{onAssertion: usual, user: user + ".example.org"}, good: onAssertion, why: user + ".example.org",
			change: func(_ draft, text string) string {
				return strings.Replace(text, ">"+user+".", ">"+user+"<!-- -->.", 1)
			}},
		{name: "a document type is put before it", order: signed, good: onAssertion, why: "could not be processed",
			change: func(_ draft, text string) string {
				return declaredRE.ReplaceAllString(text, `$0<!DOCTYPE Response [<!ENTITY name "x">]>`)
			}},
		{name: "wrapped: next to a forgery", order: signed, good: hidden, why: oneAssertion,
			change: wrap(func(forgery, signed string) string { return forgery + "<Hidden>" + signed + "</Hidden>" })},
		{name: "wrapped: before a forgery", order: signed, good: hidden, why: oneAssertion,
			change: wrap(func(forgery, signed string) string { return "<Hidden>" + signed + "</Hidden>" + forgery })},
		{name: "wrapped: within a forgery", order: signed, good: hidden, why: oneAssertion,
			change: wrap(func(forgery, signed string) string {
				return within(forgery, "saml:Assertion", "<saml:Advice><Hidden>"+signed+"</Hidden></saml:Advice>")
			})},
		{name: "wrapped: within the signature, which a forgery has", order: signed, why: oneAssertion,
			change: wrap(func(forgery, signed string) string {
				signature := signatureRE.FindString(signed)
				signature = within(signature, "ds:Signature", "<ds:Object>"+strings.Replace(signed, signatureRE.FindString(signed), "", 1)+"</ds:Object>")
				return strings.Replace(forgery, "</saml:Issuer>", "</saml:Issuer>"+signature, 1)
			})},
		{name: "wrapped: the signed response within a forged one", order: order{onAssertion: usual, onResponse: usual}, why: oneAssertion,
			good: "//*[local-name()='Hidden']/*/*[local-name()='Signature']",
			change: func(d draft, text string) string {
				_, inner, _ := strings.Cut(text, "?>")
				_, forgery := forged(d, text)
				outer := strings.Replace(inner, assertionRE.FindString(inner), forgery, 1)
				outer = strings.Replace(signatureRE.ReplaceAllLiteralString(outer, ""), d.responseID, d.responseID+"x", 1)
				return within(outer, "samlp:Response", "<Hidden>"+inner+"</Hidden>")
			}},
		{name: "wrapped: a forgery with the id of the signed one", order: signed, why: oneAssertion,
			change: wrap(func(forgery, signed string) string {
				id := regexp.MustCompile(` ID="[^"]*"`)
				return id.ReplaceAllLiteralString(forgery, id.FindString(signed)) + "<Hidden>" + signed + "</Hidden>"
			})},
	}
}

// flip changes the first character of the first signature's value.
func flip(_ draft, text string) string {
	at := signedRE.FindStringIndex(text)
	if at == nil {
		return text
	}
	other := byte('A')
	if text[at[1]-1] == other {
		other = 'B'
	}
	return text[:at[1]-1] + string(other) + text[at[1]:]
}

// checkRefused posts to Jira what it must refuse.
func (p provider) checkRefused(ctx context.Context, r *harness.Report) error {
	for _, a := range p.attacks() {
		by := p.own
		if a.stranger {
			by = p.stranger
		}
		document, d, err := p.make(ctx, a.order, by)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		if a.change != nil {
			changed := a.change(d, string(document))
			if changed == string(document) {
				return fmt.Errorf("%s: nothing was changed", a.name)
			}
			document = []byte(changed)
		}
		if a.good != "" {
			r.Check("xmlsec1 still verifies the signature: "+a.name, p.sec.verifyKey(ctx, document, a.good, p.own.cert))
		}
		if a.bad != "" {
			r.Check("xmlsec1 does not verify the signature: "+a.name, refused(p.sec.verifyKey(ctx, document, a.bad, p.own.cert), "the element"))
		}
		r.Check("Jira refuses: "+a.name, p.refuses(ctx, document, a.why))
	}
	r.Check("Jira refuses: a secret that everybody knows, the certificate, in place of a key", p.hmac(ctx))
	r.Check("Jira refuses: the same assertion a second time", p.replay(ctx))
	document, _, err := p.make(ctx, signed, p.own)
	if err == nil {
		err = p.accepts(ctx, document)
	}
	r.Check("Jira still accepts what is as it should be", err)
	return nil
}

// refuses wants Jira to sign nobody in, for the reason given.
func (p provider) refuses(ctx context.Context, document []byte, why string) error {
	results := len(p.w.jira.AssertionResults())
	who, err := p.post(ctx, document)
	got := p.w.jira.LastRefusal()
	switch {
	case err != nil:
		return err
	case who != "":
		return fmt.Errorf("signed in as %q", who)
	case len(p.w.jira.AssertionResults()) != results+1:
		return errors.New("it was not posted")
	case !strings.Contains(got, why):
		return fmt.Errorf("refused for another reason: %q", got)
	}
	return nil
}

// hmac signs with the certificate as the secret of an HMAC, which a verifier accepts
// that lets the signature choose what the key is used for.
func (p provider) hmac(ctx context.Context) error {
	secret := filepath.Join(p.sec.dir, "secret")
	if err := os.WriteFile(secret, p.own.cert, 0o600); err != nil {
		return err
	}
	d := order{onAssertion: &style{method: hmacSHA256, keyInfo: "none"}}.write(p.w.jira.ACS(), p.w.jira.EntityID())
	out, talk, err := p.sec.run(ctx, []byte(d.text), "--sign", "--hmackey", secret, "--node-xpath", onAssertion)
	if err != nil {
		return fmt.Errorf("%w: %.300s", err, talk)
	}
	return p.refuses(ctx, []byte(out), invalidSignature)
}

func (p provider) replay(ctx context.Context) error {
	document, _, err := p.make(ctx, signed, p.own)
	if err != nil {
		return err
	}
	if err := p.accepts(ctx, document); err != nil {
		return err
	}
	return p.refuses(ctx, document, "has already been used")
}
