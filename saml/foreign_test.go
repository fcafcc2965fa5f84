package saml_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ssoexchange/ssoexchange/saml"
)

// rich is okta with everything that is read.
func rich(t testing.TB) string {
	doc := replace(t, okta, `<saml2:SubjectConfirmationData `, `<saml2:SubjectConfirmationData NotBefore="2026-01-02T03:00:00Z" `)
	doc = replace(t, doc, `:Success"/></saml2p:Status>`, `:Success"><saml2p:StatusCode Value="urn:sub"/></saml2p:StatusCode><saml2p:StatusMessage>fine</saml2p:StatusMessage></saml2p:Status>`)
	return declareX(t, doc)
}

// declareX declares the foreign namespace x at the root of the document.
func declareX(t testing.TB, doc string) string {
	t.Helper()
	return replace(t, doc, ":SAML:2.0:protocol\"", ":SAML:2.0:protocol\" xmlns:x=\"urn:example:x\"")
}

// TestForeignAttributes: an attribute of another namespace is not SAML's, whatever its
// local name, wherever it stands, and whether or not SAML's own is there.
func TestForeignAttributes(t *testing.T) {
	doc := rich(t)
	want := parse(t, doc)
	for _, name := range []string{
		"ID", "Version", "Destination", "InResponseTo", "IssueInstant", "Value", "Format", "Method", "Recipient",
		"NotBefore", "NotOnOrAfter", "SessionIndex", "SessionNotOnOrAfter",
	} {
		own := regexp.MustCompile(` ` + name + `="([^"]*)"`)
		foreign := ` x:` + name + `="https://foreign.example/"`
		for place, with := range map[string]string{"before": foreign + " " + name + `="$1"`, "after": ` ` + name + `="$1"` + foreign} {
			t.Run(name+" "+place, func(t *testing.T) {
				if own.FindString(doc) == "" {
					t.Fatal("nothing to replace")
				}
				got := parse(t, own.ReplaceAllString(doc, with))
				if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(saml.Response{}), cmpopts.IgnoreFields(saml.Response{}, "Encoded")); d != "" {
					t.Errorf("-want +got\n%s", d)
				}
				if err := got.Check(good()); (err == nil) != (want.Check(good()) == nil) {
					t.Errorf("checked as %v", err)
				}
			})
		}
	}
}

// TestForeignAttributeAlone: where SAML's own attribute says something wrong, or
// nothing, the foreign one does not help.
func TestForeignAttributeAlone(t *testing.T) {
	doc := declareX(t, okta)
	evil := "https://evil.example/acs"
	for _, tt := range []struct{ name, doc, field string }{
		{"x:Recipient beside a wrong one", replace(t, doc, `Recipient="`+acs+`"`, `Recipient="`+evil+`" x:Recipient="`+acs+`"`), "Recipient"},
		{"x:Recipient before a wrong one", replace(t, doc, `Recipient="`+acs+`"`, `x:Recipient="`+acs+`" Recipient="`+evil+`"`), "Recipient"},
		{"x:Recipient alone", replace(t, doc, ` Recipient="`, ` x:Recipient="`), "Recipient"},
		{"x:Destination beside a wrong one", replace(t, doc, `Destination="`+acs+`"`, `Destination="`+evil+`" x:Destination="`+acs+`"`), "Destination"},
		{"x:InResponseTo alone", replace(t, doc, ` InResponseTo="`, ` x:InResponseTo="`), "InResponseTo"},
		{"x:InResponseTo beside a wrong one", replace(t, doc, ` InResponseTo="`+reqID+`"`, ` InResponseTo="other" x:InResponseTo="`+reqID+`"`), "InResponseTo"},
		{"x:NotOnOrAfter beside one that is over", replace(t, doc, ` NotOnOrAfter="2026-01-02T03:09`, ` x:NotOnOrAfter="2030-01-02T03:09:00Z" NotOnOrAfter="2020-01-02T03:09`), "NotOnOrAfter"},
		{"x:Value beside a refusal", replace(t, doc, `Value="urn:oasis:names:tc:SAML:2.0:status:Success"`, `Value="urn:oasis:names:tc:SAML:2.0:status:Responder" x:Value="urn:oasis:names:tc:SAML:2.0:status:Success"`), "Responder"},
		{"x:Value alone", replace(t, doc, ` Value="urn`, ` x:Value="urn`), "status"},
		{"x:Method alone", replace(t, doc, ` Method="urn`, ` x:Method="urn`), "Recipient"},
		{"x:Version alone", replace(t, doc, ` Version="`, ` x:Version="`), "Version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := parse(t, tt.doc).Check(good()); err == nil || !strings.Contains(err.Error(), tt.field) {
				t.Errorf("checked as %v, want a refusal about %s", err, tt.field)
			}
		})
	}
}

// TestForeignElements: an element of another namespace is not SAML's.
func TestForeignElements(t *testing.T) {
	doc := rich(t)
	want := parse(t, doc)
	for _, name := range []string{
		"Issuer", "Status", "StatusCode", "StatusMessage", "Assertion", "EncryptedAssertion", "Subject", "NameID", "SubjectConfirmation",
		"SubjectConfirmationData", "Conditions", "AudienceRestriction", "Audience", "AuthnStatement", "Signature",
	} {
		own := regexp.MustCompile(`<(?:saml2p?|ds):` + name + `[ />]`)
		foreign := `<x:` + name + ` Value="urn:x" Method="urn:oasis:names:tc:SAML:2.0:cm:bearer" Recipient="https://foreign.example/" InResponseTo="x" ` +
			`NotOnOrAfter="2020-01-01T00:00:00Z" SessionIndex="x">foreign</x:` + name + `>`
		t.Run(name, func(t *testing.T) {
			if own.FindString(doc) == "" && name != "EncryptedAssertion" {
				t.Fatal("no such element")
			}
			changed := own.ReplaceAllString(doc, foreign+"$0")
			if name == "EncryptedAssertion" {
				changed = replace(t, doc, "</saml2p:Response>", foreign+"</saml2p:Response>")
			}
			got := parse(t, changed)
			if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(saml.Response{}), cmpopts.IgnoreFields(saml.Response{}, "Encoded")); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// TestForeignInRequest is the same for the message that the SP sends.
func TestForeignInRequest(t *testing.T) {
	doc := declareX(t, authnRequest)
	want, err := saml.ParseRequest(redirect(deflate(doc), ""))
	if err != nil {
		t.Fatal(err)
	}
	same := func(t *testing.T, doc string) {
		t.Helper()
		got, err := saml.ParseRequest(redirect(deflate(doc), ""))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(saml.Request{}, "URL")); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	}
	for _, name := range []string{"ID", "Version", "Destination", "AssertionConsumerServiceURL", "ForceAuthn", "ProtocolBinding"} {
		own := regexp.MustCompile(` ` + name + `="([^"]*)"`)
		t.Run(name, func(t *testing.T) {
			same(t, own.ReplaceAllString(doc, ` x:`+name+`="false" `+name+`="$1"`))
			same(t, own.ReplaceAllString(doc, ` `+name+`="$1" x:`+name+`="false"`))
		})
	}
	t.Run("Issuer", func(t *testing.T) {
		same(t, replace(t, doc, "<saml:Issuer>", "<x:Issuer>foreign</x:Issuer><saml:Issuer>"))
	})
}
