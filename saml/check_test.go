package saml_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

// good is what the SP of the document okta expects.
func good() saml.Expect {
	return saml.Expect{ACS: address(acs), Audience: entityID, InResponseTo: reqID, Now: now}
}

func TestCheck(t *testing.T) {
	rest, assertion := split(t, okta)
	end := "</saml2p:Response>"
	encrypted := replace(t, rest, end, encryptedAssertion+end)
	unasked := replace(t, okta, ` InResponseTo="`+reqID+`"`, "")
	for _, tt := range []struct {
		name   string
		doc    string
		action string               // "": none
		expect func(e *saml.Expect) // nil: good
		field  string               // of the CheckError, "" for success
	}{
		{name: "good", doc: okta, action: acs},
		{name: "no action", doc: okta},
		{name: "default port, case of the host", doc: okta, action: "HTTPS://JIRA.example.com:443/plugins/servlet/samlconsumer"},
		{name: "action's host", doc: okta, action: "https://evil.example/plugins/servlet/samlconsumer", field: "Action"},
		{name: "action's host begins alike", doc: okta, action: "https://jira.example.com.evil.example/plugins/servlet/samlconsumer", field: "Action"},
		{name: "action's scheme", doc: okta, action: "http://jira.example.com/plugins/servlet/samlconsumer", field: "Action"},
		{name: "action's port", doc: okta, action: "https://jira.example.com:8443/plugins/servlet/samlconsumer", field: "Action"},
		{name: "action's path", doc: okta, action: "https://jira.example.com/plugins/servlet/samlsso", field: "Action"},
		{name: "action's path, encoded", doc: okta, action: "https://jira.example.com/plugins%2fservlet/samlconsumer", field: "Action"},
		{name: "action's query", doc: okta, action: acs + "?x=1", field: "Action"},
		{name: "same query", doc: replace(t, okta, acs, acs+"?idp=2"), action: acs + "?idp=2", expect: func(e *saml.Expect) { e.ACS = address(acs + "?idp=2") }},

		{name: "version", doc: replace(t, okta, `Z" Version="2.0"><saml2:Issuer xmlns`, `Z" Version="2.1"><saml2:Issuer xmlns`), field: "Version"},
		{name: "assertion's version", doc: replace(t, okta, `Z" Version="2.0"><saml2:Issuer>`, `Z" Version="1.1"><saml2:Issuer>`), field: "Version"},

		{name: "no assertion", doc: rest, field: "Assertion"},
		{name: "two assertions", doc: replace(t, okta, end, assertion+end), field: "Assertion"},
		{name: "wrapped assertion", doc: replace(t, okta, "<saml2p:Status>", "<saml2p:Extensions>"+assertion+"</saml2p:Extensions><saml2p:Status>"), field: "Assertion"},
		{name: "plain and encrypted", doc: replace(t, okta, end, encryptedAssertion+end), field: "Assertion"},
		{name: "encrypted", doc: encrypted, action: acs},
		{name: "encrypted for another", doc: replace(t, encrypted, `Destination="`+acs, `Destination="https://other.example/acs`), field: "Destination"},
		{name: "encrypted, another request", doc: encrypted, expect: func(e *saml.Expect) { e.InResponseTo = "other" }, field: "InResponseTo"},
		{name: "assertion not in its place", doc: replace(t, rest, "<saml2p:Status>", "<saml2p:Extensions>"+assertion+"</saml2p:Extensions><saml2p:Status>"), field: "Assertion"},

		{name: "destination", doc: replace(t, okta, `Destination="`+acs, `Destination="https://jira.internal:8080/plugins/servlet/samlconsumer`), field: "Destination"},
		{name: "no destination", doc: replace(t, okta, ` Destination="`+acs+`"`, "")},
		{name: "recipient", doc: replace(t, okta, `Recipient="`+acs, `Recipient="https://other.example/acs`), field: "Recipient"},
		{name: "no recipient", doc: replace(t, okta, ` Recipient="`+acs+`"`, ""), field: "Recipient"},

		{name: "audience", doc: replace(t, okta, ">"+entityID+"<", ">https://other.example<"), field: "Audience"},
		{name: "audience with a slash", doc: replace(t, okta, ">"+entityID+"<", ">"+entityID+"/<"), field: "Audience"},
		{name: "audience truncation trick", doc: replace(t, okta, ">"+entityID+"<", ">"+entityID+"<!---->.evil<"), field: "Audience"},
		{name: "no audience", doc: replace(t, okta, "<saml2:Audience>"+entityID+"</saml2:Audience>", ""), field: "Audience"},
		{name: "one of two audiences", doc: replace(t, okta, "<saml2:AudienceRestriction>", "<saml2:AudienceRestriction><saml2:Audience>urn:a</saml2:Audience>")},
		{name: "audience on the host", doc: okta, expect: byHost("jira.example.com")},
		{name: "audience on the host and port", doc: replace(t, okta, ">"+entityID+"<", ">"+entityID+":8443/jira<"), expect: byHost("jira.example.com:8443")},
		{name: "audience on another host", doc: okta, expect: byHost("jira2.example.com"), field: "Audience"},
		{name: "audience is no address", doc: replace(t, okta, ">"+entityID+"<", ">urn:jira<"), expect: byHost("jira.example.com")},
		{name: "no audience, host known", doc: replace(t, okta, "<saml2:Audience>"+entityID+"</saml2:Audience>", ""), expect: byHost("jira.example.com"), field: "Audience"},
		{name: "audience not known", doc: replace(t, okta, ">"+entityID+"<", ">https://other.example<"), expect: byHost("")},

		{name: "another request", doc: okta, expect: func(e *saml.Expect) { e.InResponseTo = "ONELOGIN_other" }, field: "InResponseTo"},
		{name: "answers none", doc: unasked, field: "InResponseTo"},
		{name: "confirmation answers another", doc: replace(t, okta, `Data InResponseTo="`+reqID, `Data InResponseTo="other`), field: "InResponseTo"},
		{name: "request not known", doc: okta, expect: func(e *saml.Expect) { e.InResponseTo = "" }},
		{name: "unsolicited", doc: unasked, expect: unsolicited},
		{name: "unsolicited, yet answers", doc: okta, expect: unsolicited, field: "InResponseTo"},
		{name: "unsolicited, yet the confirmation answers", doc: replace(t, okta, `480" InResponseTo="`+reqID+`"`, `480"`), expect: unsolicited, field: "InResponseTo"},

		{name: "last moment", doc: okta, expect: at(time.Date(2026, 1, 2, 3, 11, 59, 0, time.UTC))},
		{name: "too late", doc: okta, expect: at(time.Date(2026, 1, 2, 3, 12, 0, 0, time.UTC)), field: "NotOnOrAfter"},
		{name: "first moment", doc: okta, expect: at(time.Date(2026, 1, 2, 2, 56, 0, 0, time.UTC))},
		{name: "too early", doc: okta, expect: at(time.Date(2026, 1, 2, 2, 55, 59, 0, time.UTC)), field: "NotBefore"},
		{name: "less skew", doc: okta, expect: func(e *saml.Expect) { at(time.Date(2026, 1, 2, 3, 10, 0, 0, time.UTC))(e); e.Skew = time.Second }, field: "NotOnOrAfter"},
		{name: "no end", doc: replace(t, replace(t, okta, ` NotOnOrAfter="2026-01-02T03:09:00.000Z"`, ""), ` NotOnOrAfter="2026-01-02T03:10:00.000Z"`, ""), field: "NotOnOrAfter"},
		{name: "session over", doc: replace(t, okta, `SessionNotOnOrAfter="2026-01-02T05:04`, `SessionNotOnOrAfter="2026-01-02T01:04`), field: "SessionNotOnOrAfter"},
		{name: "times are the SP's business", doc: okta, expect: at(time.Time{})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, e := parse(t, tt.doc), good()
			if tt.action != "" {
				r.Action = address(tt.action)
			}
			if tt.expect != nil {
				tt.expect(&e)
			}
			err := r.Check(e)
			var ce *saml.CheckError
			switch {
			case tt.field == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.field == "":
			case !errors.As(err, &ce) || !errors.Is(err, autherr.ErrBadAnswer):
				t.Errorf("got %v, want a CheckError about %s", err, tt.field)
			case ce.Field != tt.field:
				t.Errorf("got %v, want one about %s", err, tt.field)
			case ce.HintText() == "" || !strings.Contains(err.Error(), tt.field):
				t.Errorf("%v, hint %q", err, ce.HintText())
			}
		})
	}
}

func byHost(h string) func(*saml.Expect) {
	return func(e *saml.Expect) { e.Audience, e.AudienceHost = "", h }
}

func unsolicited(e *saml.Expect) { e.InResponseTo, e.Unsolicited = "", true }

func at(t time.Time) func(*saml.Expect) { return func(e *saml.Expect) { e.Now = t } }

func TestCheckNeedsAnACS(t *testing.T) {
	if err := parse(t, okta).Check(saml.Expect{}); !errors.Is(err, autherr.ErrConfig) {
		t.Errorf("got %v", err)
	}
}

// The first mismatch is named, in the order that the documentation gives.
func TestCheckOrder(t *testing.T) {
	r := parse(t, failed)
	r.Action = address("https://evil.example/")
	var ce *saml.CheckError
	if err := r.Check(good()); !errors.As(err, &ce) || ce.Field != "Action" {
		t.Errorf("got %v, want Action before status", err)
	}
}

func TestCheckStatus(t *testing.T) {
	const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
	for _, tt := range []struct{ name, doc, code, sub, text, hint string }{
		{"refused", failed, prefix + "Responder", prefix + "AuthnFailed", "Responder/AuthnFailed", "could not authenticate"},
		{"denied", replace(t, failed, "AuthnFailed", "RequestDenied"), prefix + "Responder", prefix + "RequestDenied", "RequestDenied", "assigned"},
		{"no second level word", replace(t, failed, prefix+"AuthnFailed", "urn:vendor:x"), prefix + "Responder", "urn:vendor:x", "urn:vendor:x", "log"},
		{"no status", replace(t, okta, `<saml2p:StatusCode Value="`+prefix+`Success"/>`, `<saml2p:StatusCode/>`), "", "", "no status", "log"},
		{"a success that is none", replace(t, okta, prefix+"Success", prefix+"Success "), prefix + "Success", "", "Success", "log"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := parse(t, tt.doc).Check(good())
			var se *saml.StatusError
			if !errors.As(err, &se) || !errors.Is(err, autherr.ErrExchangeRefused) || errors.Is(err, autherr.ErrBadAnswer) {
				t.Fatalf("got %v, want a StatusError", err)
			}
			if se.Code != tt.code || se.SubCode != tt.sub {
				t.Errorf("code %q, %q", se.Code, se.SubCode)
			}
			if !strings.Contains(err.Error(), tt.text) || !strings.Contains(se.HintText(), tt.hint) {
				t.Errorf("%q, hint %q", err, se.HintText())
			}
		})
	}
}

// Addresses in errors are shown without what may be a ticket, and in one line.
func TestCheckErrorsAreShowable(t *testing.T) {
	const secret = "s3cr3t"
	r := parse(t, replace(t, okta, `Destination="`+acs, `Destination="https://u:`+secret+`@x.example/a`+"&#10;b"+`?ticket=`+secret+`#`+secret))
	err := r.Check(good())
	if err == nil || strings.Contains(err.Error(), secret) || strings.ContainsAny(err.Error(), "\n\x1b") {
		t.Errorf("shows %v", err)
	}
	r = parse(t, okta)
	r.Action = address("https://evil.example/x?SAMLResponse=" + secret)
	if err := r.Check(good()); err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "evil.example") {
		t.Errorf("shows %v", err)
	}
}
