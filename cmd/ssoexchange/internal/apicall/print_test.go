package apicall

import (
	"net/http"
	"strings"
	"testing"
)

// TestWriteHead: no cookie's value is shown, not even of one without a name, and nothing that would do
// more to a terminal than to be shown.
func TestWriteHead(t *testing.T) {
	var b strings.Builder
	err := WriteHead(&b, &http.Response{Proto: "HTTP/1.1", Status: "200 OK\x1b[2J", Header: http.Header{
		"Set-Cookie": {"a=s3cret; Path=/", "s3cret"}, "X-Page": {"1\u009b2J"}}})
	want := "HTTP/1.1 200 OK[2J\nSet-Cookie: a=[redacted]\nSet-Cookie: [redacted]\nX-Page: 12J\n\n"
	if err != nil || b.String() != want {
		t.Errorf("%q, %v, want %q", b.String(), err, want)
	}
}
