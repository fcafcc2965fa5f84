package saml_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ssoexchange/ssoexchange/saml"
)

// utf16LE encodes s with a byte order mark.
func utf16LE(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}

// TestDeclaredEncodings: the documents of all these declarations are read, and posted
// byte by byte as they came.
func TestDeclaredEncodings(t *testing.T) {
	const head = `<?xml version="1.0" encoding="UTF-8"?>`
	named := replace(t, okta, "ana@example.com", "jürgen@example.com")
	latin := strings.ReplaceAll(named, "ü", "\xfc")
	for _, tt := range []struct{ name, doc, user string }{
		{"US-ASCII", replace(t, okta, "UTF-8", "US-ASCII"), "ana@example.com"},
		{"us-ascii with references", replace(t, replace(t, named, "ü", "&#xFC;"), "UTF-8", "us-ascii"), "jürgen@example.com"},
		{"ISO-8859-1", replace(t, latin, "UTF-8", "ISO-8859-1"), "jürgen@example.com"},
		{"ISO-8859-15", replace(t, latin, "UTF-8", "ISO-8859-15"), "jürgen@example.com"},
		{"Windows-1252", replace(t, latin, "UTF-8", "Windows-1252"), "jürgen@example.com"},
		{"UTF8", replace(t, named, "UTF-8", "UTF8"), "jürgen@example.com"},
		{"UTF-16", utf16LE(replace(t, named, "UTF-8", "UTF-16")), "jürgen@example.com"},
		{"called UTF-16, and is not", replace(t, named, "UTF-8", "utf-16"), "jürgen@example.com"},
		{"byte order mark", "\ufeff" + named, "jürgen@example.com"},
		{"byte order mark without a declaration", "\ufeff" + replace(t, named, head, ""), "jürgen@example.com"},
		{"XML 1.1", replace(t, named, `version="1.0"`, `version="1.1"`), "jürgen@example.com"},
		{"standalone", replace(t, named, `"UTF-8"?>`, `"UTF-8" standalone="yes"?>`), "jürgen@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := parse(t, tt.doc)
			if r.NameID != tt.user || r.Encoded != base64.StdEncoding.EncodeToString([]byte(tt.doc)) {
				t.Errorf("NameID %q", r.NameID)
			}
			if err := r.Check(good()); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
	t.Run("request", func(t *testing.T) {
		for _, declaration := range []string{`<?xml version="1.0" encoding="US-ASCII"?>`, `<?xml version="1.1"?>`, "\ufeff", `<?xml version='1.0' encoding='iso-8859-1'?>`} {
			if r, err := saml.ParseRequest(redirect(deflate(declaration+authnRequest), "")); err != nil || r.ID != reqID {
				t.Errorf("%q: %v, %v", declaration, r, err)
			}
		}
	})
}
