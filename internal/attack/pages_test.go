//go:build linux && !race

package attack_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

const whole = 4 << 20 // bytes: the bound of an answer

// fill repeats part behind before up to the bound of an answer.
func fill(before, part string) string {
	return before + strings.Repeat(part, (whole-len(before)-100)/len(part))
}

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// pages are documents of which a tree builder, a parser of XML or of scripts makes a
// multiple.
var pages = map[string]func() string{
	"formatting":       func() string { return fill(numbered(450, "<b a=%d>"), "<p>x") },
	"formatting, half": func() string { return fill(numbered(450, "<b a=%d>"), "<p>x")[:512<<10] },
	"font":             func() string { return fill(strings.Repeat("<font>", 400), "<font>x</p>") },
	"links":            func() string { return fill("", "<a>x<p>") },
	"no-break":         func() string { return fill("", "<nobr>x<p>") },
	"foster parents":   func() string { return fill("<table>"+strings.Repeat("x", 1<<20), "x<tr>") },
	"lost ends":        func() string { return fill(strings.Repeat("x", 1<<20), "x</z>") },
	"deep":             func() string { return fill("", "<div>") },
	"templates":        func() string { return fill("", "<template>") },
	"lists":            func() string { return fill("<form><select multiple>", "<option selected>x") },
	"foreign":          func() string { return fill("", "<svg><desc><math><mi><p>") },
	"frames":           func() string { return fill("<frameset>", "<frameset><frame>") },
	"attributes":       func() string { return "<form><input" + numbered(400_000, " a%d") + ">" },
	"strings":          func() string { return fill("<script>", `"/`) },
	"open strings":     func() string { return fill("<script>", `stateToken='`+"\n") },
	"escapes":          func() string { return fill(`<script>stateToken='`, `\x41`) },
	"open comments":    func() string { return fill("<script>", "/*") },
	"slashes":          func() string { return fill("<script>", "(/") },
	"navigation":       func() string { return fill("<script>", "location ") },
	"tokens":           func() string { return fill("<script>", "stateToken ") },
	"refresh":          func() string { return fill("", "<meta http-equiv=refresh content='0'>") },
	"spaces":           func() string { return fill("modelDataBag", " ") },
	"no text":          func() string { return fill("", "\x00\xff") },
	"deep JSON":        func() string { return fill("", `{"a":[`) },
	"deep XML":         func() string { return fill("", "<a b='c'>") },
	"one number":       func() string { return fill(`{"name":`, "9") },
	"SAML of elements": func() string { return samlForm("<a/>", 1<<20) },
	"SAML of namespaces": func() string {
		return samlForm("<a"+numbered(40_000, " xmlns:x%d='u'")+"/>", 0)
	},
	"SAML of entities": func() string { return samlForm("&b;", 1<<20) },
	"SAML, deep":       func() string { return samlForm("<a>", 1<<20) },
}

// samlForm is a page with a response of the part, repeated up to size.
func samlForm(part string, size int) string {
	doc := `<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "cc">]><p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol">`
	if !strings.Contains(part, "&") {
		doc = doc[strings.Index(doc, "<p:"):]
	}
	doc += strings.Repeat(part, max(1, (size-len(doc)-20)/len(part))) + "</p:Response>"
	return `<form method=post action="/plugins/servlet/samlconsumer"><input name=SAMLResponse value="` +
		base64.StdEncoding.EncodeToString([]byte(doc)) + `"></form>`
}

// packed answers with a page, compressed.
func packed(status int, contentType, page string) http.Handler {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, page)
	z.Close()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		w.Write(b.Bytes())
	})
}

// place is an answer that is replaced by a page.
type place struct {
	host, path  string
	status      int
	contentType string
	conn        func(*site) string
}

// Whatever page a server answers with, wherever it does: the command ends by itself,
// without a crash, and takes it for no session. Each page is tried at one place, or at each.
func TestPages(t *testing.T) {
	t.Parallel()
	for i, name := range slices.Sorted(maps.Keys(pages)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := pages[name]()
			for j, where := range []place{
				{"okta", "/home/", 200, "text/html", okta},
				{"okta", "/api/v1/authn", 200, "application/json", okta},
				{"jira", "/plugins/servlet/samlconsumer", 200, "text/html", okta},
				{"jira", "/rest/api/2/myself", 200, "application/json", okta},
				{"crowd", "/crowd/console", 200, "text/html", crowd},
				{"crowd", "/crowd/rest", 400, "application/xml", crowd},
			} {
				if j != i%6 && testscale.Of(1, 6) == 1 {
					continue
				}
				s := newSite(t, fixtures.WorldOptions{})
				hostile := packed(where.status, where.contentType, text)
				var hit atomic.Int64
				s.Net.Intercept(func(host string, r *http.Request) http.Handler {
					if host == where.host+".localhost" && strings.HasPrefix(r.URL.Path, where.path) {
						hit.Add(1)
						return hostile
					}
					return nil
				})
				out := s.run(t, "cookies", "-c", where.conn(s))
				t.Logf("%s%s: exit %d, %v, %d MiB", where.host, where.path, out.Exit, out.Processor, out.Peak>>20)
				if out.Exit == 0 && hit.Load() > 0 && where.host != "crowd" {
					t.Errorf("%s%s: exit 0", where.host, where.path)
				}
				if strings.Contains(out.Stdout, "JSESSIONID") && out.Exit != 0 {
					t.Errorf("%s%s: cookies without success", where.host, where.path)
				}
				if len(out.Stderr) > 4<<10 {
					t.Errorf("%s%s: %d bytes on standard error", where.host, where.path, len(out.Stderr))
				}
			}
		})
	}
}

func okta(s *site) string  { return s.viaOkta("passwordonly@example.com", "") }
func crowd(s *site) string { return s.viaCrowd("ana@example.com", "") }

// A bomb, of one layer or two, is not unpacked beyond the bound of an answer.
func TestBombs(t *testing.T) {
	t.Parallel()
	var inner bytes.Buffer
	z, _ := gzip.NewWriterLevel(&inner, gzip.BestCompression)
	zeros := make([]byte, 1<<20)
	for range 512 {
		z.Write(zeros)
	}
	z.Close()
	var outer bytes.Buffer
	z = gzip.NewWriter(&outer)
	z.Write(inner.Bytes())
	z.Close()
	for name, tt := range map[string]struct {
		encoding string
		body     []byte
	}{
		"one layer":            {"gzip", inner.Bytes()},
		"two layers":           {"gzip, gzip", outer.Bytes()},
		"two layers, one told": {"gzip", outer.Bytes()},
		"another name":         {"x-gzip", inner.Bytes()},
		"many in a row":        {"gzip", bytes.Repeat(inner.Bytes(), 4)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, host := range []string{"okta", "jira"} {
				s := newSite(t, fixtures.WorldOptions{})
				s.Net.Intercept(func(h string, r *http.Request) http.Handler {
					if h != host+".localhost" {
						return nil
					}
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Content-Type", "text/html")
						w.Header().Set("Content-Encoding", tt.encoding)
						w.Write(tt.body)
					})
				})
				if out := s.run(t, "cookies", "-c", okta(s)); out.Exit == 0 {
					t.Errorf("%s: exit 0", host)
				}
			}
		})
	}
}

// An answer with as many cookies as its head can hold.
func TestCookieFloods(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{
		"names": "c%d=1", "paths": "c=1; Path=/%d", "removals": "c%d=; Max-Age=0", "large": "c%d=" + strings.Repeat("x", 4000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, fixtures.WorldOptions{})
			s.Net.Intercept(func(host string, r *http.Request) http.Handler {
				if host != "jira.localhost" || !strings.HasPrefix(r.URL.Path, "/rest/api/2/myself") {
					return nil
				}
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					for i, n := 0, 0; n < 240<<10; i++ {
						line := fmt.Sprintf(format, i)
						w.Header().Add("Set-Cookie", line)
						n += len(line) + 14
					}
					s.Jira.ServeHTTP(w, r)
				})
			})
			s.run(t, "cookies", "-c", okta(s)).wants(t, 0)
			s.run(t, "status", "--check", "-c", okta(s)) // what it says is up to Jira, which may push its own session out
		})
	}
}
