package saml_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

func TestParseResponseReadsOkta(t *testing.T) {
	got := parse(t, okta)
	want := &saml.Response{
		Encoded: encode(okta), ID: "id1160513480", InResponseTo: reqID, Destination: acs,
		Issuer: "http://www.okta.com/exk1example", Version: "2.0",
		Status: "urn:oasis:names:tc:SAML:2.0:status:Success",
		NameID: "ana@example.com", NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
		SessionIndex: "id1767.42", Audiences: []string{entityID}, Recipients: []string{acs},
		ConfirmationInResponseTo: []string{reqID},
		NotBefore:                time.Date(2026, 1, 2, 2, 59, 0, 0, time.UTC),
		NotOnOrAfter:             time.Date(2026, 1, 2, 3, 9, 0, 0, time.UTC),
		SessionNotOnOrAfter:      time.Date(2026, 1, 2, 5, 4, 0, 0, time.UTC),
		Assertions:               1, Signed: true,
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(saml.Response{})); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestParseResponseReadsVariants(t *testing.T) {
	rest, assertion := split(t, okta)
	end := "</saml2p:Response>"
	tests := []struct {
		name  string
		doc   string
		check func(r *saml.Response) bool
	}{
		{"comment in NameID does not cut it", replace(t, okta, "ana@example.com", "ana@example.com<!-- x -->.evil.example"),
			func(r *saml.Response) bool { return r.NameID == "ana@example.com.evil.example" }},
		{"comment in Audience does not cut it", replace(t, okta, ">"+entityID+"<", ">"+entityID+"<!---->.evil<"),
			func(r *saml.Response) bool { return r.Audiences[0] == entityID+".evil" }},
		{"CDATA", replace(t, okta, "ana@example.com", "<![CDATA[ana]]>@example.com"),
			func(r *saml.Response) bool { return r.NameID == "ana@example.com" }},
		{"predefined and numeric references", replace(t, okta, "ana@example.com", "a&amp;n&#97;"),
			func(r *saml.Response) bool { return r.NameID == "a&na" }},
		{"several audiences", replace(t, okta, "<saml2:AudienceRestriction>", "<saml2:AudienceRestriction><saml2:Audience>urn:a</saml2:Audience>"),
			func(r *saml.Response) bool { return len(r.Audiences) == 2 && r.Audiences[0] == "urn:a" }},
		{"holder of key is not bearer", replace(t, okta, ":cm:bearer", ":cm:holder-of-key"),
			func(r *saml.Response) bool { return r.Recipients == nil && r.ConfirmationInResponseTo == nil }},
		{"encrypted", replace(t, rest, end, encryptedAssertion+end),
			func(r *saml.Response) bool { return r.Encrypted && r.Assertions == 1 && r.NameID == "" }},
		{"second assertion: none is believed", replace(t, okta, end, assertion+end),
			func(r *saml.Response) bool { return r.Assertions == 2 && r.NameID == "" && r.Audiences == nil }},
		{"wrapped in an extension", replace(t, okta, "<saml2p:Status>", "<saml2p:Extensions>"+assertion+"</saml2p:Extensions><saml2p:Status>"),
			func(r *saml.Response) bool { return r.Assertions == 2 && r.NameID == "" }},
		{"wrapped in the signature", replace(t, okta, "<ds:SignatureValue>", "<ds:Object>"+assertion+"</ds:Object><ds:SignatureValue>"),
			func(r *saml.Response) bool { return r.Assertions == 2 && r.NameID == "" }},
		{"only assertion is not in its place", replace(t, rest, "<saml2p:Status>", "<saml2p:Extensions>"+assertion+"</saml2p:Extensions><saml2p:Status>"),
			func(r *saml.Response) bool { return r.Assertions == 1 && r.NameID == "" }},
		{"an element of that name in another namespace is none", replace(t, okta, end, `<x:Assertion xmlns:x="urn:x"/>`+end),
			func(r *saml.Response) bool { return r.Assertions == 1 && r.NameID != "" }},
		{"status", failed, func(r *saml.Response) bool {
			return strings.HasSuffix(r.Status, ":Responder") && strings.HasSuffix(r.SubStatus, ":AuthnFailed") &&
				r.StatusMessage == "User is not assigned to this application." && r.Assertions == 0 && !r.Signed
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := parse(t, tt.doc); !tt.check(r) {
				t.Errorf("read as NameID %q, audiences %q, %v", r.NameID, r.Audiences, r)
			}
		})
	}
}

func TestParseResponseIgnoresWhiteSpace(t *testing.T) {
	enc := encode(okta)
	r, err := saml.ParseResponse("\n " + enc[:76] + "\r\n" + enc[76:152] + "\n\t" + enc[152:] + " ")
	if err != nil {
		t.Fatal(err)
	}
	if r.Encoded != enc {
		t.Error("Encoded still has white space")
	}
}

func TestParseResponseRefuses(t *testing.T) {
	const secret = "s3cr3t-in-the-document"
	subject := okta[strings.Index(okta, "<saml2:Subject>") : strings.Index(okta, "</saml2:Subject>")+len("</saml2:Subject>")]
	dtd := func(s string) string {
		return replace(t, okta, `<?xml version="1.0" encoding="UTF-8"?>`, `<?xml version="1.0"?>`+s)
	}
	laughs := `<!DOCTYPE r [<!ENTITY a "` + secret + `"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>`
	tests := []struct{ name, encoded string }{
		{"empty", ""},
		{"not base64", "$$$" + secret},
		{"URL alphabet", strings.NewReplacer("+", "-", "/", "_").Replace(encode(replace(t, okta, "ana@", "??>>~~")))},
		{"plus became space", strings.Replace(encode(okta+"<!--\xfb\xef\xbe-->"), "+", "", 1)},
		{"cut off", encode(okta[:len(okta)/2])},
		{"not XML", encode(secret)},
		{"HTML", encode("<html><body>" + secret + "<br></body></html>")},
		{"no element", encode(`<?xml version="1.0"?><!-- ` + secret + ` -->`)},
		{"another message", encode(authnRequest)},
		{"another namespace", encode(replace(t, okta, "SAML:2.0:protocol", "SAML:1.0:protocol"))},
		{"an empty DTD", encode(dtd("<!DOCTYPE r>"))},
		{"XXE", encode(replace(t, dtd(`<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>`), "ana@example.com", "&x;"))},
		{"billion laughs", encode(replace(t, dtd(laughs), "ana@example.com", "&c;"))},
		{"undeclared entity", encode(replace(t, okta, "ana@example.com", "&nbsp;"+secret))},
		{"another character set", encode(replace(t, okta, `encoding="UTF-8"`, `encoding="UTF-7"`))},
		{"not UTF-8", encode(replace(t, okta, "ana@example.com", "\xff\xfe"))},
		{"deep nesting", encode(replace(t, okta, "<saml2p:Status>", strings.Repeat("<a>", 70)+strings.Repeat("</a>", 70)+"<saml2p:Status>"))},
		{"deeper nesting", encode(strings.Repeat("<a>", 100_000))},
		{"too many attributes", encode(replace(t, okta, ` ID="id1160513480"`, ` ID="i"`+manyAttributes(100)))},
		{"attribute twice", encode(replace(t, okta, ` ID="id1160513480"`, ` ID="i" ID="j"`))},
		{"two roots", encode(okta + failed)},
		{"text after the root", encode(okta + secret)},
		{"colon trick", encode(replace(t, okta, "<saml2:NameID ", "<saml2:NameID :x='' x::y='' "))},
		{"two Subjects", encode(replace(t, okta, subject, subject+subject))},
		{"two NameIDs", encode(replace(t, okta, "</saml2:NameID>", "</saml2:NameID><saml2:NameID>root</saml2:NameID>"))},
		{"two Statuses", encode(replace(t, okta, "<saml2p:Status>", "<saml2p:Status></saml2p:Status><saml2p:Status>"))},
		{"a time that is none", encode(replace(t, okta, "2026-01-02T02:59:00.000Z", "yesterday"))},
		{"too large", encode("<a>" + strings.Repeat(" ", saml.MaxResponse) + "</a>")},
		{"much too large", strings.Repeat("A", 8<<20)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := saml.ParseResponse(tt.encoded)
			if !errors.Is(err, autherr.ErrBadAnswer) || r != nil {
				t.Fatalf("got %v, %v; want ErrBadAnswer", r, err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("error quotes the document: %v", err)
			}
			var h interface{ HintText() string }
			if !errors.As(err, &h) || h.HintText() == "" {
				t.Error("error has no hint")
			}
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

// A long attribute is within the rules as long as the whole is.
func TestParseResponseHugeAttribute(t *testing.T) {
	long := strings.Repeat("x", 500<<10)
	if r := parse(t, replace(t, okta, ` ID="id1160513480"`, ` ID="`+long+`"`)); r.ID != long {
		t.Error("attribute was changed")
	}
}

func TestFormOfResponse(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    saml.Response
		want string
	}{
		{"no relay state", saml.Response{Encoded: "a+b="}, "SAMLResponse=a%2Bb%3D"},
		{"empty field", saml.Response{Encoded: "a", HasRelayState: true}, "RelayState=&SAMLResponse=a"},
		{"relay state", saml.Response{Encoded: "a", RelayState: "x y"}, "RelayState=x+y&SAMLResponse=a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.r.Form().Encode(); got != tt.want {
				t.Errorf("Form = %s, want %s", got, tt.want)
			}
		})
	}
}
