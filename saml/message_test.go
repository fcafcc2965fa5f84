package saml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/saml"
)

const (
	acs      = "https://jira.example.com/plugins/servlet/samlconsumer"
	entityID = "https://jira.example.com"
	reqID    = "ONELOGIN_0b1c2d3e-0000-4000-8000-000000000001"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// okta is a response of the shape that Okta sends: HTTP-POST, signed assertion,
// five minutes of validity each way.
const okta = `<?xml version="1.0" encoding="UTF-8"?><saml2p:Response xmlns:saml2p="urn:oasis:names:tc:SAML:2.0:protocol" Destination="` + acs + `" ID="id1160513480" InResponseTo="` + reqID + `" IssueInstant="2026-01-02T03:04:00.000Z" Version="2.0"><saml2:Issuer xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">http://www.okta.com/exk1example</saml2:Issuer><saml2p:Status><saml2p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status><saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="id1160513481" IssueInstant="2026-01-02T03:04:00.000Z" Version="2.0"><saml2:Issuer>http://www.okta.com/exk1example</saml2:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignatureValue>c2ln</ds:SignatureValue></ds:Signature><saml2:Subject><saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">ana@example.com</saml2:NameID><saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData InResponseTo="` + reqID + `" NotOnOrAfter="2026-01-02T03:09:00.000Z" Recipient="` + acs + `"/></saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions NotBefore="2026-01-02T02:59:00.000Z" NotOnOrAfter="2026-01-02T03:10:00.000Z"><saml2:AudienceRestriction><saml2:Audience>` + entityID + `</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions><saml2:AuthnStatement AuthnInstant="2026-01-02T03:04:00.000Z" SessionIndex="id1767.42" SessionNotOnOrAfter="2026-01-02T05:04:00.000Z"><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement></saml2:Assertion></saml2p:Response>`

const encryptedAssertion = `<saml2:EncryptedAssertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"/></saml2:EncryptedAssertion>`

// failed is the answer of an identity provider that refuses; %CODE% is replaced.
const failed = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0" IssueInstant="2026-01-02T03:04:05Z"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode><samlp:StatusMessage>User is not assigned
	to this application.` + "\u202e" + `</samlp:StatusMessage></samlp:Status></samlp:Response>`

const authnRequest = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="` + reqID + `" Version="2.0" IssueInstant="2026-01-02T03:04:05Z" Destination="https://crowd.example.com/crowd/console/secure/saml/sso.action" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" ForceAuthn="true" AssertionConsumerServiceURL="` + acs + `"><saml:Issuer>` + entityID + `</saml:Issuer></samlp:AuthnRequest>`

func encode(xml string) string { return base64.StdEncoding.EncodeToString([]byte(xml)) }

// without returns the assertion element of okta and the document without it.
func split(t testing.TB, doc string) (rest, assertion string) {
	t.Helper()
	from := strings.Index(doc, "<saml2:Assertion ")
	to := strings.Index(doc, "</saml2:Assertion>")
	if from < 0 || to < 0 {
		t.Fatal("no assertion in the document")
	}
	to += len("</saml2:Assertion>")
	return doc[:from] + doc[to:], doc[from:to]
}

// replace is strings.Replace that fails if there is nothing to replace, so that a
// test cannot lose its point.
func replace(t testing.TB, s, old, new string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("the document has no %q", old)
	}
	return strings.ReplaceAll(s, old, new)
}

// page returns the page that Okta makes of a response: every character of the
// values that is not a letter or a digit as a hexadecimal reference.
func page(action, encoded, relayState string) string {
	return `<!DOCTYPE html><html><head><title>Sign in</title></head><body><form id="appForm" action="` + refs(action) + `" method="POST">
<input name="SAMLResponse" type="hidden" value="` + refs(encoded) + `"/>
<input name="RelayState" type="hidden" value="` + refs(relayState) + `"/>
</form><script>document.getElementById('appForm').submit();</script></body></html>`
}

func refs(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '+':
			b.WriteString("&#x2b;")
		case '/':
			b.WriteString("&#x2f;")
		case ':':
			b.WriteString("&#x3a;")
		case '=':
			b.WriteString("&#61;")
		default:
			b.WriteString(html.EscapeString(string(r)))
		}
	}
	return b.String()
}

func deflate(s string) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

// redirect returns the address of a redirect binding that carries raw.
func redirect(raw []byte, more string) *url.URL {
	u := address("https://crowd.example.com/crowd/console/secure/saml/sso.action")
	u.RawQuery = "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(raw)) + more
	return u
}

func address(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func parse(t testing.TB, doc string) *saml.Response {
	t.Helper()
	r, err := saml.ParseResponse(encode(doc))
	if err != nil {
		t.Fatalf("ParseResponse: %v", err)
	}
	return r
}
