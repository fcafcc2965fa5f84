package sso_test

import (
	"encoding/base64"
	"errors"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/saml"
	"github.com/ssoexchange/ssoexchange/sso"
)

var responseField = regexp.MustCompile(`(name="SAMLResponse"[^>]*value=")([^"]*)(")`)

// rewriteResponse changes the document that an IdP hands over, byte by byte.
func rewriteResponse(w *fixtures.World, change func(document string) string) {
	w.Net.Rewrite(func(a *fixtures.Answer) {
		a.Body = responseField.ReplaceAllStringFunc(a.Body, func(field string) string {
			parts := responseField.FindStringSubmatch(field)
			raw, err := base64.StdEncoding.DecodeString(html.UnescapeString(parts[2]))
			if err != nil {
				return field
			}
			return parts[1] + base64.StdEncoding.EncodeToString([]byte(change(string(raw)))) + parts[3]
		})
	})
}

func wide(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.Write([]byte{byte(u >> 8), byte(u)})
	}
	return b.String()
}

// TestDocuments: what an IdP may write, and what the SP takes, is posted as it came.
func TestDocuments(t *testing.T) {
	declared := func(declaration string) func(string) string {
		return func(document string) string { return declaration + document }
	}
	for name, change := range map[string]func(string) string{
		"US-ASCII":        declared(`<?xml version="1.0" encoding="US-ASCII"?>`),
		"ISO-8859-1":      declared(`<?xml version="1.0" encoding="ISO-8859-1"?>`),
		"Windows-1252":    declared(`<?xml version='1.0' encoding='windows-1252'?>`),
		"UTF8":            declared(`<?xml version="1.0" encoding="UTF8"?>`),
		"UTF-16":          func(d string) string { return wide(`<?xml version="1.0" encoding="UTF-16"?>` + d) },
		"byte order mark": declared("\ufeff"),
		"mark and more":   declared("\ufeff" + `<?xml version="1.0" encoding="utf-8" standalone="yes"?>` + "\n"),
		"XML 1.1":         declared(`<?xml version="1.1"?>`),
		"several confirmations": func(d string) string {
			if strings.Count(d, "SubjectConfirmationData ") != 4 {
				return "" // the simulator does not say what the test is about
			}
			return d
		},
	} {
		for scheme, connection := range connections {
			t.Run(name+" "+scheme, func(t *testing.T) {
				testscale.Row(t)
				t.Parallel()
				w, opts, ca := world(t)
				if name == "several confirmations" {
					w.Okta.SetFault(fixtures.FaultConfirmations)
					w.Crowd.SetFault(fixtures.FaultConfirmations)
				}
				rewriteResponse(w, change)
				if _, err := open(t, connection(w, ca), opts).Session(t.Context()); err != nil {
					t.Fatalf("%v: %s (%s)", err, sso.Hint(err), w.Jira.LastRefusal())
				}
				if n := consumerPosts(w); n != 1 {
					t.Errorf("%d assertions posted", n)
				}
			})
		}
	}
}

// TestForeignNamesInDocument: an attribute of another namespace neither lets an assertion
// for somebody else go to our SP, nor keeps a good one from it.
func TestForeignNamesInDocument(t *testing.T) {
	const acs = "https://jira.example.com/plugins/servlet/samlconsumer"
	put := func(name, value string, before bool) func(string) string {
		return func(document string) string {
			document = strings.Replace(document, ` xmlns:samlp="`, ` xmlns:x="urn:example:x" xmlns:samlp="`, 1)
			own := regexp.MustCompile(` ` + name + `="[^"]*"`)
			at := own.FindStringIndex(document)
			if at == nil {
				return ""
			}
			if !before {
				at[0] = at[1]
			}
			return document[:at[0]] + ` x:` + name + `="` + value + `"` + document[at[0]:]
		}
	}
	for _, tt := range []struct {
		name, attribute, value string
		fault                  fixtures.Fault
		field                  string // "" is accepted
	}{
		{"x:Destination hides a wrong one", "Destination", acs, fixtures.FaultDestination, "Destination"},
		{"x:Recipient hides a wrong one", "Recipient", acs, fixtures.FaultRecipient, "Recipient"},
		{"x:InResponseTo says another", "InResponseTo", "other", fixtures.FaultInResponseTo, "InResponseTo"},
		{"x:Destination beside a right one", "Destination", "https://evil.example/", fixtures.FaultNone, ""},
		{"x:InResponseTo beside a right one", "InResponseTo", "other", fixtures.FaultNone, ""},
		{"x:Version beside a right one", "Version", "1.1", fixtures.FaultNone, ""},
		{"x:ID beside a right one", "ID", "other", fixtures.FaultNone, ""},
		{"x:Value beside a right one", "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder", fixtures.FaultNone, ""},
	} {
		for _, before := range []bool{true, false} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				w, opts, ca := world(t)
				w.Crowd.SetFault(tt.fault)
				rewriteResponse(w, put(tt.attribute, tt.value, before))
				_, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context())
				var mismatch *saml.CheckError
				switch {
				case tt.field == "" && (err != nil || consumerPosts(w) != 1):
					t.Errorf("%v (%s)", err, w.Jira.LastRefusal())
				case tt.field != "" && (!errors.As(err, &mismatch) || mismatch.Field != tt.field || consumerPosts(w) != 0):
					t.Errorf("%v, %d assertions posted", err, consumerPosts(w))
				}
			})
		}
	}
}
