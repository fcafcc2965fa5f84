package main

import (
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

var responseField = regexp.MustCompile(`(name="SAMLResponse"[^>]*value=")([^"]*)(")`)

// rewriteResponse changes the SAML response that an identity provider hands over.
func (r *fieldRig) rewriteResponse(host string, change func(document string) string) {
	r.rewrite(host, func(a *fixtures.Answer) {
		a.Body = responseField.ReplaceAllStringFunc(a.Body, func(field string) string {
			parts := responseField.FindStringSubmatch(field)
			raw, err := base64.StdEncoding.DecodeString(html.UnescapeString(parts[2]))
			if err != nil {
				r.Error(err)
			}
			return parts[1] + base64.StdEncoding.EncodeToString([]byte(change(string(raw)))) + parts[3]
		})
	})
}

// utf16BE is a document in UTF-16 with a byte order mark.
func utf16BE(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.Write([]byte{byte(u >> 8), byte(u)})
	}
	return b.String()
}

func declared(declaration string) func(string) string {
	return func(document string) string { return declaration + document }
}

// foreign puts an attribute of another namespace before the first one of its name.
func foreign(name, value string) func(string) string {
	own := regexp.MustCompile(` ` + name + `="[^"]*"`)
	return func(document string) string {
		document = strings.Replace(document, ` xmlns:samlp="`, ` xmlns:x="urn:example:x" xmlns:samlp="`, 1)
		at := own.FindStringIndex(document)
		if at == nil {
			return "no " + name
		}
		return document[:at[0]] + ` x:` + name + `="` + value + `"` + document[at[0]:]
	}
}

// samlRow is a document as an identity provider hands it over. Where exit is not 0, it is not
// posted to the service provider.
type samlRow struct {
	change        func(string) string
	fault         fixtures.Fault
	exit          int
	message, hint string
}

// readable are documents that are posted as they came.
var readable = map[string]samlRow{
	"US-ASCII":              {change: declared(`<?xml version="1.0" encoding="US-ASCII"?>`)},
	"ISO-8859-1":            {change: declared(`<?xml version="1.0" encoding="ISO-8859-1"?>`)},
	"UTF8":                  {change: declared(`<?xml version="1.0" encoding="UTF8"?>`)},
	"byte order mark":       {change: declared("\ufeff")},
	"XML 1.1":               {change: declared(`<?xml version="1.1"?>`)},
	"UTF-16":                {change: func(d string) string { return utf16BE(`<?xml version="1.0" encoding="UTF-16"?>` + d) }},
	"several confirmations": {change: declared(""), fault: fixtures.FaultConfirmations},
}

// unpostable are documents that are wrong in SAML's own words, whatever an attribute of
// others says, or no documents.
var unpostable = map[string]samlRow{
	"x:Destination hides a wrong one": {foreign("Destination", "{ACS}"), fixtures.FaultDestination, 10, "Destination is", "behind a reverse proxy"},
	"x:Recipient hides a wrong one":   {foreign("Recipient", "{ACS}"), fixtures.FaultRecipient, 10, "Recipient is", "behind a reverse proxy"},
	"x:InResponseTo says another":     {foreign("InResponseTo", "other"), fixtures.FaultInResponseTo, 10, "InResponseTo is", "SSOFlow"},
	"x:Value hides a refusal":         {foreign("Value", "urn:oasis:names:tc:SAML:2.0:status:Success"), fixtures.FaultStatus, 6, "AuthnFailed", "could not authenticate"},
	"an encoding nobody knows":        {declared(`<?xml version="1.0" encoding="x-none"?>`), fixtures.FaultNone, 10, "encoding", notSAML},
	"not UTF-8":                       {declared("<!-- \xff -->"), fixtures.FaultNone, 10, "encoding", notSAML},
	"a document type":                 {declared(`<!DOCTYPE a [<!ENTITY b "c">]>`), fixtures.FaultNone, 10, "document type declaration", notSAML},
	"cut off":                         {func(d string) string { return d[:len(d)/2] }, fixtures.FaultNone, 10, "not well-formed XML", notSAML},
}

const notSAML = "not what SAML 2.0 says"

// unsigned are attributes of another namespace outside of what Crowd signs: SAML's own beside
// them are right, and so the service provider takes the document.
var unsigned = map[string]samlRow{
	"x:Destination beside a right one":  {change: foreign("Destination", "https://evil.example/")},
	"x:InResponseTo beside a right one": {change: foreign("InResponseTo", "other")},
	"x:Version beside a right one":      {change: foreign("Version", "1.1")},
	"x:ID beside a right one":           {change: foreign("ID", "other")},
	"x:Value beside a right one":        {change: foreign("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")},
}

// TestSAMLDocuments: what an identity provider may write is posted, what is wrong is not.
func TestSAMLDocuments(t *testing.T) {
	for _, idp := range []string{"okta.", "crowd."} {
		for _, rows := range []map[string]samlRow{readable, unpostable} {
			for name, tt := range rows {
				t.Run(name+"/"+idp, func(t *testing.T) { tt.run(t, idp) })
			}
		}
	}
	for name, tt := range unsigned {
		t.Run(name, func(t *testing.T) { tt.run(t, "crowd.") })
	}
}

func (tt samlRow) run(t *testing.T, idp string) {
	testscale.Row(t)
	r := newFieldRig(t)
	conn := r.okta()
	if r.Okta.SetFault(tt.fault); idp == "crowd." {
		conn = r.crowd()
		r.Crowd.SetFault(tt.fault)
	}
	r.rewriteResponse(idp, func(document string) string {
		return strings.ReplaceAll(tt.change(document), "{ACS}", r.Jira.ACS())
	})
	r.want(r.run(conn, "cookies"), tt.exit, tt.message, tt.hint)
	if want := map[bool]int{true: 1}[tt.exit == 0]; posts(r.World) != want || r.passwords() != 1 {
		t.Errorf("%d assertions were posted, want %d; %d passwords", posts(r.World), want, r.passwords())
	}
}

// TestSAMLDocumentIsForTheSPToJudge: an attribute of another namespace in what is signed
// breaks the signature. That is for the service provider to find.
func TestSAMLDocumentIsForTheSPToJudge(t *testing.T) {
	for name, value := range map[string]string{
		"Recipient": "https://evil.example/", "NotOnOrAfter": "2001-01-01T00:00:00Z",
	} {
		r := newFieldRig(t)
		r.rewriteResponse("okta.", foreign(name, value))
		r.want(r.run(r.okta(), "cookies"), 6, "could not be accepted", "usual causes")
		if posts(r.World) != 1 || !strings.Contains(r.Jira.LastRefusal(), "Signature validation failed") {
			t.Errorf("x:%s: %d assertions posted, Jira: %s", name, posts(r.World), r.Jira.LastRefusal())
		}
	}
}
