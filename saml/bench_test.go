package saml_test

import (
	"net/url"
	"testing"

	"github.com/ssoexchange/ssoexchange/saml"
)

// BenchmarkResponse is what a client does between the IdP's page and the exchange:
// find the form, read the response, hold it against what is expected.
func BenchmarkResponse(b *testing.B) {
	text := []byte(page(acs, encode(okta), ""))
	base := &url.URL{Scheme: "https", Host: "acme.okta.com", Path: "/home/jira/0oa1/42"}
	to, err := url.Parse(acs)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := saml.ReadForm(base, text)
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Check(saml.Expect{ACS: to, Audience: entityID, InResponseTo: reqID, Now: now}); err != nil {
			b.Fatal(err)
		}
	}
}
