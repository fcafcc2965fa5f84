package saml_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/saml"
)

// confirmation returns a SubjectConfirmation; attributes that are "" are left out.
func confirmation(recipient, inResponseTo, end string) string {
	attr := func(name, value string) string {
		if value == "" {
			return ""
		}
		return ` ` + name + `="` + value + `"`
	}
	return `<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData` +
		attr("Recipient", recipient) + attr("InResponseTo", inResponseTo) + attr("NotOnOrAfter", end) + `/></saml2:SubjectConfirmation>`
}

// TestSeveralConfirmations: one that fits is enough (Profiles 4.1.4.3), and no two
// halves make one.
func TestSeveralConfirmations(t *testing.T) {
	const fresh, over, evil = "2026-01-02T03:09:00.000Z", "2026-01-02T02:00:00.000Z", "https://evil.example/acs"
	from, to := strings.Index(okta, "<saml2:SubjectConfirmation "), strings.Index(okta, "</saml2:Subject>")
	with := func(all ...string) string { return okta[:from] + strings.Join(all, "") + okta[to:] }
	fits := confirmation(acs, reqID, fresh)
	holder := strings.ReplaceAll(confirmation(evil, "other", over), ":cm:bearer", ":cm:holder-of-key")
	for _, tt := range []struct {
		name, doc string
		expect    func(*saml.Expect)
		field     string
	}{
		{name: "the first has expired", doc: with(confirmation(acs, reqID, over), fits)},
		{name: "the last has expired", doc: with(fits, confirmation(acs, reqID, over))},
		{name: "the first is for another request", doc: with(confirmation(acs, "other", fresh), fits)},
		{name: "the last is for another request", doc: with(fits, confirmation(acs, "other", fresh))},
		{name: "the first is for another recipient", doc: with(confirmation(evil, reqID, fresh), fits)},
		{name: "one without any data", doc: with(`<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>`, fits)},
		{name: "one of another method", doc: with(holder, fits, holder)},
		{name: "one that answers none", doc: with(confirmation(acs, "", fresh), confirmation(acs, "other", fresh)), expect: func(e *saml.Expect) { e.InResponseTo = "" }},
		{name: "none for us", doc: with(confirmation(evil, reqID, fresh), confirmation("", reqID, fresh)), field: "Recipient"},
		{name: "right recipient and right request in different ones", doc: with(confirmation(acs, "other", fresh), confirmation(evil, reqID, fresh)), field: "InResponseTo"},
		{name: "in time, but for another request", doc: with(confirmation(acs, "other", fresh), confirmation(acs, reqID, over)), field: "NotOnOrAfter"},
		{name: "all have expired", doc: with(confirmation(acs, reqID, over), confirmation(acs, reqID, over)), field: "NotOnOrAfter"},
		{name: "all have expired, and the clock is not ours to judge", doc: with(confirmation(acs, reqID, over)), expect: func(e *saml.Expect) { e.Now = time.Time{} }},
		{name: "unsolicited, one answers and one does not", doc: strings.Replace(with(fits, confirmation(acs, "", fresh)), ` InResponseTo="`+reqID+`"`, "", 1), expect: unsolicited},
		{name: "unsolicited, all answer", doc: strings.Replace(with(fits, fits), ` InResponseTo="`+reqID+`"`, "", 1), expect: unsolicited, field: "InResponseTo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := good()
			if tt.expect != nil {
				tt.expect(&e)
			}
			err := parse(t, tt.doc).Check(e)
			var ce *saml.CheckError
			if tt.field == "" && err != nil || tt.field != "" && (!errors.As(err, &ce) || ce.Field != tt.field) {
				t.Errorf("got %v, want %q", err, tt.field)
			}
		})
	}
}
