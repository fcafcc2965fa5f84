//go:build linux && !race

package attack_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// Bytes behind an answer, or an answer that is none, do not show on standard error,
// whichever server sends them and however much is logged.
func TestSurplus(t *testing.T) {
	t.Parallel()
	const surplus = "HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=s3cret\r\n\r\n<input name=SAMLResponse value=s3cret>"
	for name, spoil := range map[string]func(answer []byte) []byte{
		"behind the answer": func(a []byte) []byte { return append(a, surplus...) },
		"the answer twice":  func(a []byte) []byte { return append(a, a...) },
		"a line without a colon": func(a []byte) []byte {
			return bytes.Replace(a, []byte("\r\n"), []byte("\r\nJSESSIONID=s3cret\r\n"), 1)
		},
		"two lengths": func(a []byte) []byte {
			return bytes.Replace(a, []byte("\r\n"), []byte("\r\nContent-Length: s3cret\r\n"), 1)
		},
		"no HTTP": func(a []byte) []byte { return append([]byte("JSESSIONID=s3cret "), a...) },
		"many informations": func(a []byte) []byte {
			a = bytes.Replace(a, []byte("\r\n"), []byte("\r\nConnection: close\r\n"), 1) // it is good otherwise
			return append(bytes.Repeat([]byte("HTTP/1.1 103 s3cret\r\nLink: s3cret\r\n\r\n"), 50), a...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, host := range []string{"okta", "jira", "crowd"} {
				s := newSite(t, fixtures.WorldOptions{})
				s.Net.Intercept(func(h string, r *http.Request) http.Handler {
					if h != host+".localhost" {
						return nil
					}
					return raw(map[string]http.Handler{"okta": s.Okta, "jira": s.Jira, "crowd": s.Crowd}[host], spoil)
				})
				conn := okta(s)
				if host == "crowd" {
					conn = crowd(s)
				}
				out := s.run(t, "cookies", "--log-level", "debug", "-c", conn)
				for _, text := range append(s.Secrets(), "s3cret") {
					if len(text) >= 4 && strings.Contains(out.Stderr, text) {
						t.Errorf("%s: a secret of %d bytes on standard error:\n%s", host, len(text), out.Stderr)
					}
				}
				if strings.Contains(out.Stderr, "nsolicited") {
					t.Errorf("%s: %s", host, out.Stderr)
				}
			}
		})
	}
}

// raw answers as h does, with the bytes of its answer spoilt.
func raw(h http.Handler, spoil func([]byte) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		var b bytes.Buffer
		fmt.Fprintf(&b, "HTTP/1.1 %d X\r\nContent-Length: %d\r\n", answer.Code, answer.Body.Len())
		answer.Header().Del("Content-Length")
		answer.Header().Write(&b)
		b.WriteString("\r\n")
		b.Write(answer.Body.Bytes())
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Write(spoil(b.Bytes()))
		io.Copy(io.Discard, buffered) // until the client is done
	})
}
