package htmlform_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

// BenchmarkForm reads a page like the one that carries a response of 12 KiB.
func BenchmarkForm(b *testing.B) {
	value := strings.Repeat("PHNhbWwycDpSZXNwb25zZSB4bWxucz&#x2b;", 340)
	page := []byte(`<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><title>Signing in</title></head><body>
<form id="appForm" action="https&#x3a;&#x2f;&#x2f;jira.example.com&#x2f;plugins&#x2f;servlet&#x2f;samlconsumer" method="POST">
<input name="SAMLResponse" type="hidden" value="` + value + `"/><input name="RelayState" type="hidden" value=""/></form>
<script>document.getElementById('appForm').submit();</script></body></html>`)
	base := &url.URL{Scheme: "https", Host: "acme.okta.com", Path: "/home/jira/0oa1/42"}
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		forms, err := htmlform.Parse(base, page)
		if err != nil || len(forms) != 1 || len(forms[0].Fields) != 2 {
			b.Fatal(len(forms), err)
		}
	}
}
