package jira

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// TestExpressionsCompile: lazy expressions panic at their first use if they are none.
func TestExpressionsCompile(t *testing.T) {
	for _, g := range gatewayWords {
		g.words()
	}
	for _, g := range gatewayHeaders {
		g.value()
		if g.header != http.CanonicalHeaderKey(g.header) {
			t.Errorf("%s is not found in a header", g.header)
		}
	}
	for _, g := range gatewayPaths {
		g.path()
	}
	for _, g := range gatewayHosts {
		g.host()
	}
}

// FuzzAnswer gives any answer to everything that judges answers: a name is plausible and
// never that of a page, words are bounded, printable and hold no cookie.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "application/json", "", `{"name":"ana"}`)
	f.Add(200, "text/html", "", `<title>Just a moment...</title>`)
	f.Add(302, "text/html", "/login.jsp;jsessionid=1", "")
	f.Add(302, "", "https://evil.example/maintenance", "")
	f.Add(403, "text/plain", "", "Your support ID is: 1234567890123 s3cr3t-cookie-value")
	f.Add(503, "application/json", "", "\xff\xfe{\x00}\x00")
	base := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira"}
	f.Fuzz(func(t *testing.T, status int, kind, location, body string) {
		jar := cookiejar.New()
		jar.Add(cookiejar.Cookie{Name: "JSESSIONID", Value: "s3cr3t-cookie-value", Domain: "jira.example.com", Path: "/", HostOnly: true})
		v := &Visit{cfg: Config{URL: base}, Jar: jar}
		a := Reply{Response: &httpclient.Response{URL: v.Address(MyselfPath), Status: status, Body: []byte(body), Header: http.Header{}}}
		a.Header.Set("Content-Type", kind)
		a.Header.Set("Location", location)
		if name := v.NamedIn(a); name != "" && (!PlausibleName(name) || IsHTML(a.Response) || status != http.StatusOK) {
			t.Errorf("named %q", name)
		}
		if nobody, err := v.Anonymous(a); nobody && err != nil {
			t.Error("both nobody and trouble")
		}
		said := v.MessageOf(a.Response)
		if utf8.RuneCountInString(said) > 2*maxWords || strings.ContainsFunc(said, unicode.IsControl) || strings.Contains(said, "s3cr3t-cookie-value") {
			t.Errorf("said %q", said)
		}
		if err := v.NotJira(a.Response); err == nil || len(err.Error()) > 4096 {
			t.Errorf("error %v", err)
		}
	})
}
