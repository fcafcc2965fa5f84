package cookiejar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// sample has one cookie of each sort, two of them not for the base address.
func sample() []cookiejar.Cookie {
	return []cookiejar.Cookie{
		{Name: "JSESSIONID", Value: "A1", Domain: "jira.example.com", Path: "/jira", Secure: true, HttpOnly: true, HostOnly: true},
		{Name: "xsrf", Value: `B|1'"\`, Domain: "jira.example.com", Path: "/", HostOnly: true, SameSite: "None"},
		{Name: "SSO", Value: `"q<&"`, Domain: "example.com", Path: "/", Expires: time.Date(2037, 11, 6, 8, 49, 37, 0, time.UTC), SameSite: "Strict"},
		{Name: "elsewhere", Value: "1", Domain: "crowd.example.com", Path: "/", HostOnly: true},
		{Name: "gone", Value: "1", Domain: "jira.example.com", Path: "/", HostOnly: true, Expires: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
}

var base = &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira/"}

func write(t testing.TB, f cookiejar.Format, cs []cookiejar.Cookie) string {
	t.Helper()
	var b bytes.Buffer
	if err := cookiejar.Write(&b, f, cs, base); err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	want := map[cookiejar.Format]string{
		cookiejar.Header: `JSESSIONID=A1; xsrf=B|1'"\; SSO="q<&"` + "\n",
		cookiejar.Env:    `JIRA_COOKIE='JSESSIONID=A1; xsrf=B|1'\''"\; SSO="q<&"'` + "\n",
		cookiejar.Curl:   `header = "Cookie: JSESSIONID=A1; xsrf=B|1'\"\\; SSO=\"q<&\""` + "\n",
		cookiejar.Netscape: "# Netscape HTTP Cookie File\n\n" +
			"jira.example.com\tFALSE\t/jira\tTRUE\t0\tJSESSIONID\tA1\n" +
			"#HttpOnly_jira.example.com\tFALSE\t/jira\tTRUE\t0\tJSESSIONID\tA1\n" +
			"jira.example.com\tFALSE\t/\tFALSE\t0\txsrf\tB|1'\"\\\n" +
			".example.com\tTRUE\t/\tFALSE\t2141110177\tSSO\t\"q<&\"\n" +
			"crowd.example.com\tFALSE\t/\tFALSE\t0\telsewhere\t1\n" +
			"jira.example.com\tFALSE\t/\tFALSE\t978307200\tgone\t1\n",
	}
	for f, text := range want {
		if diff := cmp.Diff(text, write(t, f, sample())); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
	}
}

func TestWriteJSONShape(t *testing.T) {
	var got []map[string]any
	if err := json.Unmarshal([]byte(write(t, cookiejar.JSON, sample())), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"name": "SSO", "value": `"q<&"`, "domain": "example.com", "path": "/", "expires": "2037-11-06T08:49:37Z",
		"secure": false, "httpOnly": false, "sameSite": "Strict", "hostOnly": false,
	}
	if diff := cmp.Diff(want, got[2]); len(got) != 5 || diff != "" {
		t.Errorf("%d cookies, %s", len(got), diff)
	}
	if expires, ok := got[0]["expires"]; !ok || expires != nil {
		t.Errorf("a session cookie has expires %v", expires)
	}
	if s := write(t, cookiejar.JSON, nil); s != "[]\n" {
		t.Errorf("no cookies are %q", s)
	}
}

// TestWriteGoJira reads the file as go-jira's HTTP library does: into http.Cookie,
// and each into a standard jar at an address made of its domain.
func TestWriteGoJira(t *testing.T) {
	var got []*http.Cookie
	if err := json.Unmarshal([]byte(write(t, cookiejar.GoJira, sample())), &got); err != nil {
		t.Fatal(err)
	}
	j := cookiejar.New()
	for _, c := range got {
		j.SetCookies(&url.URL{Scheme: "http", Host: c.Domain}, []*http.Cookie{c})
	}
	if h := j.Header(base); h != `JSESSIONID=A1; xsrf=B|1'"\; SSO="q<&"` {
		t.Error(h)
	}
	if !got[0].HttpOnly || !got[0].Secure || !got[0].Expires.IsZero() || got[2].SameSite != http.SameSiteStrictMode || !got[2].Quoted {
		t.Error("attributes are lost")
	}
}

func TestWritePlaywright(t *testing.T) {
	var got map[string][]map[string]any
	if err := json.Unmarshal([]byte(write(t, cookiejar.Playwright, sample())), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"name": "JSESSIONID", "value": "A1", "domain": "jira.example.com", "path": "/jira", "expires": -1.0, "httpOnly": true, "secure": true, "sameSite": "Lax"},
		{"name": "xsrf", "value": `B|1'"\`, "domain": "jira.example.com", "path": "/", "expires": -1.0, "httpOnly": false, "secure": false, "sameSite": "None"},
		{"name": "SSO", "value": `"q<&"`, "domain": ".example.com", "path": "/", "expires": 2141110177.0, "httpOnly": false, "secure": false, "sameSite": "Strict"},
	}
	if diff := cmp.Diff(want, got["cookies"][:3]); diff != "" {
		t.Error(diff)
	}
	if origins, ok := got["origins"]; !ok || origins == nil || len(origins) != 0 {
		t.Errorf("origins = %v, want an empty array", origins)
	}
}

// TestEnvInShell has a shell read what Env writes.
func TestEnvInShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Log("there is no POSIX shell here")
		return
	}
	evil := []cookiejar.Cookie{{Name: "a", Value: `'$(echo x)` + "`id`" + `"\'' #`, Domain: "jira.example.com", Path: "/"}}
	out, err := exec.Command(sh, "-c", write(t, cookiejar.Env, evil)+`printf %s "$JIRA_COOKIE"`).Output()
	if err != nil || string(out) != "a="+evil[0].Value {
		t.Errorf("the shell has %q, %v", out, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	good := cookiejar.Cookie{Name: "n", Value: "v", Domain: "jira.example.com", Path: "/"}
	with := func(change func(*cookiejar.Cookie)) []cookiejar.Cookie {
		c := good
		change(&c)
		return []cookiejar.Cookie{good, c}
	}
	malformed := map[string][]cookiejar.Cookie{
		"newline in value":   with(func(c *cookiejar.Cookie) { c.Value = "hunter2\nevil" }),
		"return in value":    with(func(c *cookiejar.Cookie) { c.Value = "hunter2\revil" }),
		"tab in value":       with(func(c *cookiejar.Cookie) { c.Value = "hunter2\tevil" }),
		"nul in value":       with(func(c *cookiejar.Cookie) { c.Value = "hunter2\x00" }),
		"semicolon in value": with(func(c *cookiejar.Cookie) { c.Value = "hunter2; a=b" }),
		"newline in name":    with(func(c *cookiejar.Cookie) { c.Name = "a\nb" }),
		"equals in name":     with(func(c *cookiejar.Cookie) { c.Name = "a=b" }),
		"no name":            with(func(c *cookiejar.Cookie) { c.Name = " " }),
		"tab in path":        with(func(c *cookiejar.Cookie) { c.Path = "/\tx" }),
		"newline in domain":  with(func(c *cookiejar.Cookie) { c.Domain = "a\nb" }),
		"comment as domain":  with(func(c *cookiejar.Cookie) { c.Domain = "#a" }),
		"no domain":          with(func(c *cookiejar.Cookie) { c.Domain = "" }),
		"too long":           with(func(c *cookiejar.Cookie) { c.Value = strings.Repeat("hunter2", 600) }),
	}
	for name, cs := range malformed {
		for _, f := range cookiejar.Formats() {
			var b bytes.Buffer
			err := cookiejar.Write(&b, f, cs, base)
			if !errors.Is(err, autherr.ErrConfig) || b.Len() > 0 || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s as %s: error %v, %d bytes written", name, f, err, b.Len())
			}
		}
	}
	for _, f := range []cookiejar.Format{cookiejar.Header, cookiejar.Env, cookiejar.Curl, "yaml", ""} {
		if err := cookiejar.Write(&bytes.Buffer{}, f, nil, nil); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%q without a base: %v", f, err)
		}
	}
	bytesValue := with(func(c *cookiejar.Cookie) { c.Value = "\xff" })
	for _, f := range cookiejar.Formats() { // see TestOmitted
		if err := cookiejar.Write(&bytes.Buffer{}, f, bytesValue, base); err != nil {
			t.Errorf("bytes as %s: %v", f, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteReportsTheWriter(t *testing.T) {
	for _, f := range cookiejar.Formats() {
		if err := cookiejar.Write(brokenWriter{}, f, sample(), base); err == nil {
			t.Errorf("%s: no error", f)
		}
	}
}

func TestReadBack(t *testing.T) {
	cs := append(sample(), cookiejar.Cookie{Name: "bytes", Value: "\xff\xfe", Domain: "a.example", Path: "/", SameSite: "Lax"})
	got, err := cookiejar.ReadJSON(strings.NewReader(write(t, cookiejar.JSON, cs)))
	if diff := diffCookies(cs, got); err != nil || diff != "" {
		t.Errorf("json: %v %s", err, diff)
	}
	got, err = cookiejar.ReadNetscape(strings.NewReader(write(t, cookiejar.Netscape, cs)))
	cs = cs[:len(cs)-1] // bytes are left out
	for i := range cs {
		cs[i].SameSite = "" // not in the file
	}
	if diff := diffCookies(cs, got); err != nil || diff != "" {
		t.Errorf("netscape: %v %s", err, diff)
	}
}

func TestReadNetscape(t *testing.T) {
	tests := []struct {
		name, in string
		want     int
		wantErr  error
	}{
		{"empty", "", 0, nil},
		{"comments, blank lines, windows ends", "# Netscape HTTP Cookie File\r\n\r\n#x\r\na.example\tFALSE\t/\tTRUE\t0\tn\tv\r\n", 1, nil},
		{"stripped empty value", "a.example\tFALSE\t/\tTRUE\t0\tn\n", 1, nil},
		{"minus one is the session", "a.example\tFALSE\t/\tTRUE\t-1\tn\tv", 1, nil},
		{"milliseconds", "a.example\tFALSE\t/\tTRUE\t99999999999999999\tn\tv", 1, nil},
		{"few columns", "a.example FALSE / TRUE 0 n hunter2", 0, autherr.ErrConfig},
		{"many columns", "a.example\tFALSE\t/\tTRUE\t0\tn\thunter2\tx", 0, autherr.ErrConfig},
		{"no boolean", "a.example\tmaybe\t/\tTRUE\t0\tn\thunter2", 0, autherr.ErrConfig},
		{"no number", "a.example\tTRUE\t/\tTRUE\thunter2\tn\tv", 0, autherr.ErrConfig},
		{"no path", "a.example\tTRUE\thunter2\tTRUE\t0\tn\tv", 0, autherr.ErrConfig},
		{"no name", "a.example\tTRUE\t/\tTRUE\t0\t\thunter2", 0, autherr.ErrConfig},
		{"too many", strings.Repeat("a.example\tTRUE\t/\tTRUE\t0\tn\tv\n", cookiejar.MaxCookies+1), 0, autherr.ErrConfig},
		{"too long", strings.Repeat("#\n", 9<<20), 0, autherr.ErrConfig},
	}
	for _, tt := range tests {
		got, err := cookiejar.ReadNetscape(strings.NewReader(tt.in))
		if len(got) != tt.want || !errors.Is(err, tt.wantErr) {
			t.Errorf("%s: %d cookies, %v", tt.name, len(got), err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error has the value: %v", tt.name, err)
		}
	}
}

func TestReadJSONRefuses(t *testing.T) {
	for _, in := range []string{
		"", "{}", `"hunter2"`, "[null]", `[{"value":"hunter2"}]`, `[{"name":"n","value":"hunter2\n","domain":"a.example"}]`,
		`[{"name":"n","value":"v","domain":"a.example","expires":"hunter2"}]`,
		`[{"name":"n","valueBase64":"hunter2!","domain":"a.example"}]`,
	} {
		got, err := cookiejar.ReadJSON(strings.NewReader(in))
		if len(got) != 0 || !errors.Is(err, autherr.ErrConfig) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
}
