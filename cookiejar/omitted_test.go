package cookiejar_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// notText are values that are no UTF-8, or that a careless reader splits.
var notText = map[string]string{
	"Latin-1": "caf\xe9", "bytes": "\xff\xfe", "a cut character": "x\xc3", "a surrogate": "\xed\xa0\x80", "overlong": "\xc0\xaf", "one byte": "\x80",
}

// TestOmitted: one cookie that a format's readers would choke on does not cost the
// others, and is named.
func TestOmitted(t *testing.T) {
	for what, value := range notText {
		bad := cookiejar.Cookie{Name: "bad", Value: value, Domain: "jira.example.com", Path: "/", HostOnly: true, Secure: true}
		for _, f := range cookiejar.Formats() {
			out := write(t, f, append(sample(), bad))
			if !strings.Contains(out, "A1") {
				t.Errorf("%s as %s: the others are lost", what, f)
			}
			left := cookiejar.Omitted(f, append(sample(), bad))
			carried := strings.Contains(out, value) || f == cookiejar.JSON && strings.Contains(out, "valueBase64")
			if carried == (len(left) == 1) || len(left) > 1 || len(left) == 1 && left[0].Name != "bad" {
				t.Errorf("%s as %s: carried %v, left out %v", what, f, carried, left)
			}
			if text := f != cookiejar.Header && f != cookiejar.Curl; text && !utf8.ValidString(out) {
				t.Errorf("%s as %s: the file is not UTF-8", what, f)
			}
		}
	}
	// What looks dangerous and is not: it stays, and only it is one cookie.
	for _, value := range []string{"\u2028", "\u0085", "\ufeff", `"`, `'`, "\\", "$(x)`x`", "<&>", "\u202e", "a b", "%0a", ""} {
		c := cookiejar.Cookie{Name: "odd", Value: value, Domain: "jira.example.com", Path: "/", HostOnly: true}
		for _, f := range cookiejar.Formats() {
			if out := write(t, f, append(sample(), c)); len(cookiejar.Omitted(f, []cookiejar.Cookie{c})) > 0 || !strings.Contains(out, "odd") {
				t.Errorf("%q as %s is left out", value, f)
			}
		}
		for f, read := range map[cookiejar.Format]func(string) ([]cookiejar.Cookie, error){
			cookiejar.Netscape: func(s string) ([]cookiejar.Cookie, error) { return cookiejar.ReadNetscape(strings.NewReader(s)) },
			cookiejar.JSON:     func(s string) ([]cookiejar.Cookie, error) { return cookiejar.ReadJSON(strings.NewReader(s)) },
		} {
			got, err := read(write(t, f, []cookiejar.Cookie{c}))
			if err != nil || len(got) != 1 || got[0].Value != value {
				t.Errorf("%q as %s: %d cookies, %v", value, f, len(got), err)
			}
		}
	}
}

// TestPrefixes: a name with a prefix is a promise about the attributes (RFC 6265bis,
// 4.1.3), whoever brings the cookie.
func TestPrefixes(t *testing.T) {
	const https, plain = "https://jira.example.com/jira/login", "http://jira.example.com/"
	for _, tt := range []struct {
		from, line string
		kept       bool
	}{
		{https, "__Secure-a=1; Secure", true},
		{https, "__Secure-a=1; Secure; Domain=example.com; Path=/jira", true},
		{https, "__Secure-a=1", false},
		{https, "__SECURE-a=1", false},
		{https, "__secure-a=1; HttpOnly", false},
		{plain, "__Secure-a=1; Secure", false},
		{"http://localhost:8080/", "__Secure-a=1; Secure", true},
		{"http://127.0.0.1:8080/", "__Host-a=1; Secure; Path=/", true},
		{https, "__Host-a=1; Secure; Path=/", true},
		{https, "__host-a=1; Secure; Path=/; HttpOnly", true},
		{https, "__Host-a=1; Path=/", false},
		{https, "__Host-a=1; Secure", false},
		{"https://jira.example.com/", "__Host-a=1; Secure", false}, // the path is not said
		{https, "__Host-a=1; Secure; Path=/jira", false},
		{https, "__Host-a=1; Secure; Path=/; Domain=jira.example.com", false},
		{https, "__hOsT-a=1; Secure; Path=/; Domain=example.com", false},
		{plain, "__Host-a=1; Secure; Path=/", false},
		{https, "_Secure-a=1", true},
		{https, "x__Host-a=1", true},
		{https, "__Hosta=1", true},
	} {
		u, err := url.Parse(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		j := cookiejar.New()
		j.Receive(u, http.Header{"Set-Cookie": {tt.line}})
		if got := len(j.All()) == 1; got != tt.kept {
			t.Errorf("%s from %s: kept %v", tt.line, tt.from, got)
		}
		c, err := http.ParseSetCookie(tt.line)
		if err != nil {
			t.Fatal(err)
		}
		j = cookiejar.New()
		j.SetCookies(u, []*http.Cookie{c})
		if got := len(j.All()) == 1; got != tt.kept {
			t.Errorf("%s from %s, by net/http: kept %v", tt.line, tt.from, got)
		}
	}
}

// TestPrefixesOnImport: nor does a file bring one in, and the others in it come.
func TestPrefixesOnImport(t *testing.T) {
	good := cookiejar.Cookie{Name: "__Host-good", Value: "1", Domain: "jira.example.com", Path: "/", Secure: true, HostOnly: true}
	for what, change := range map[string]func(*cookiejar.Cookie){
		"not secure":       func(c *cookiejar.Cookie) { c.Secure = false },
		"for subdomains":   func(c *cookiejar.Cookie) { c.HostOnly = false },
		"another path":     func(c *cookiejar.Cookie) { c.Path = "/jira" },
		"in capitals":      func(c *cookiejar.Cookie) { c.Name, c.Secure = "__HOST-bad", false },
		"secure, not so":   func(c *cookiejar.Cookie) { c.Name, c.Secure = "__Secure-bad", false },
		"secure, capitals": func(c *cookiejar.Cookie) { c.Name, c.Secure = "__SeCuRe-bad", false },
	} {
		bad := good
		bad.Name = "__Host-bad"
		change(&bad)
		both := []cookiejar.Cookie{bad, good}
		j := cookiejar.New()
		j.Add(both...)
		if all := j.All(); len(all) != 1 || all[0].Name != good.Name {
			t.Errorf("%s, Add: %v", what, all)
		}
		data, err := json.Marshal(both)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cookiejar.ReadJSON(strings.NewReader(string(data))); err != nil || len(got) != 1 || got[0].Name != good.Name {
			t.Errorf("%s, ReadJSON: %v, %v", what, got, err)
		}
		var stored []cookiejar.Cookie // a record of before stays readable
		if err := json.Unmarshal(data, &stored); err != nil || len(stored) != 2 {
			t.Errorf("%s: %v, %v", what, stored, err)
		}
		for _, f := range cookiejar.Formats() {
			if out := write(t, f, both); strings.Contains(strings.ToLower(out), "-bad") || !strings.Contains(out, good.Name) {
				t.Errorf("%s as %s: %s", what, f, out)
			}
		}
		line := "jira.example.com\t" + map[bool]string{true: "FALSE", false: "TRUE"}[bad.HostOnly] + "\t" + bad.Path + "\t" +
			map[bool]string{true: "TRUE", false: "FALSE"}[bad.Secure] + "\t0\t" + bad.Name + "\t1\n"
		got, err := cookiejar.ReadNetscape(strings.NewReader(line + write(t, cookiejar.Netscape, []cookiejar.Cookie{good})))
		if err != nil || len(got) != 1 || got[0].Name != good.Name {
			t.Errorf("%s, ReadNetscape: %v, %v", what, got, err)
		}
	}
}
