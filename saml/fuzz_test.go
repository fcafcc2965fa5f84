package saml_test

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/saml"
)

// messages are the documents that the fuzz targets start from: the shapes of real
// servers' messages.
func messages() []string {
	return []string{
		okta, failed, authnRequest,
		strings.ReplaceAll(okta, "ana@example.com", "ana@example.com<!---->.evil"),
		strings.ReplaceAll(okta, "saml2p:", "samlp:"),
		strings.ReplaceAll(failed, "samlp:", ""),
		"<!DOCTYPE a [<!ENTITY b 'c'>]>" + okta,
		`<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol">` + encryptedAssertion + `</Response>`,
	}
}

// checked calls everything that can be asked of a response.
func checked(t *testing.T, r *saml.Response) {
	t.Helper()
	if len(r.Encoded) == 0 || strings.ContainsAny(r.Encoded, " \r\n\t") {
		t.Errorf("Encoded is empty or has white space")
	}
	if strings.ContainsAny(r.StatusMessage, "\r\n\x1b") || strings.ContainsAny(r.String(), "\r\n\x1b") {
		t.Error("control characters get through")
	}
	if r.Assertions != 1 && (r.NameID != "" || r.Audiences != nil || r.Recipients != nil) {
		t.Error("an assertion is believed that is not the only one")
	}
	for _, e := range []saml.Expect{good(), {ACS: address(acs), Unsolicited: true, AudienceHost: "jira.example.com", Now: now}} {
		err := r.Check(e)
		if err != nil && strings.ContainsAny(err.Error(), "\r\n\x1b") {
			t.Errorf("error has control characters: %q", err)
		}
		if err == nil && !r.Encrypted && (len(r.Recipients) == 0 || r.NotOnOrAfter.IsZero()) {
			t.Error("accepted without recipient or end")
		}
	}
}

func FuzzParseResponse(f *testing.F) {
	for _, m := range messages() {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, err := saml.ParseResponse(base64.StdEncoding.EncodeToString(doc))
		if err != nil {
			return
		}
		checked(t, r)
		if bytes.Contains(doc, []byte("<!DOCTYPE")) && !bytes.Contains(doc, []byte("<!--")) && !bytes.Contains(doc, []byte("CDATA")) &&
			!bytes.Contains(doc, []byte("<?")) {
			t.Error("a DTD gets through")
		}
	})
}

func FuzzReadForm(f *testing.F) {
	for _, m := range messages() {
		f.Add([]byte(page(acs, encode(m), "state")))
	}
	f.Add([]byte(`<form method=post action=//x><input name=SAMLResponse value="` + encode(okta) + `"></form>`))
	f.Add([]byte(`<base href="/a/"><form method=post action=b><input name=SAMLRequest>`))
	f.Add([]byte(`<table><form method=post><tr><td><input name=SAMLResponse></table>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := saml.ReadForm(idp, body)
		if err != nil {
			return
		}
		checked(t, r)
		if r.Action == nil || r.Action.Host == "" || r.Action.Scheme != "https" && r.Action.Scheme != "http" {
			t.Fatalf("action %v", r.Action)
		}
		// What was read can be written and read again.
		again, err := saml.ReadForm(idp, []byte(page(r.Action.String(), r.Encoded, r.RelayState)))
		if err != nil || again.Encoded != r.Encoded || again.Action.String() != r.Action.String() {
			t.Errorf("round trip: %v, %v", again, err)
		}
	})
}

func FuzzParseRequest(f *testing.F) {
	for _, m := range messages() {
		f.Add(deflate(m), "&RelayState=x")
	}
	f.Add([]byte(authnRequest), "")
	f.Fuzz(func(t *testing.T, raw []byte, more string) {
		u := redirect(raw, more)
		before := *u
		r, err := saml.ParseRequest(u)
		if *u != before {
			t.Error("the address was changed")
		}
		if err != nil {
			return
		}
		if r.ID == "" || *r.URL != before {
			t.Errorf("%v", r)
		}
		if _, err := url.ParseQuery(more); err == nil && strings.Contains(more, "&SAMLRequest=") {
			t.Error("a second SAMLRequest gets through")
		}
	})
}

// A fuzz target without seeds would test nothing.
func TestFuzzSeeds(t *testing.T) {
	read := 0
	for _, m := range messages() {
		if _, err := saml.ParseResponse(encode(m)); err == nil {
			read++
		}
	}
	if read < 4 {
		t.Errorf("only %d seeds are responses", read)
	}
}
