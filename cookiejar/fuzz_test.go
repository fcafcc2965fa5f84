package cookiejar_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

func FuzzReadNetscape(f *testing.F) {
	f.Add([]byte(write(f, cookiejar.Netscape, sample())))
	f.Add([]byte("# HTTP Cookie File\r\n.a.example\tTRUE\t/\tFALSE\t-1\tn\tv\r\n#HttpOnly_.b\tFALSE\t/x y\tTRUE\t99999999999999\tn\t\n"))
	f.Add([]byte("a.example\tFALSE\t/\tTRUE\t0\tn"))
	f.Add([]byte("a.example\tFALSE\t/\tTRUE\t0\tlatin\tcaf\xe9\na.example\tFALSE\t/\tTRUE\t0\tn\tv\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		cs, err := cookiejar.ReadNetscape(bytes.NewReader(in))
		if err != nil {
			return
		}
		again, err := cookiejar.ReadNetscape(strings.NewReader(write(t, cookiejar.Netscape, cs)))
		if diff := diffCookies(carried(cookiejar.Netscape, cs), again); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		writeAll(t, cs)
	})
}

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(write(f, cookiejar.JSON, sample())))
	f.Add([]byte(`[{"name":"n","valueBase64":"/w==","domain":".A.example","path":"","expires":"1969-01-01T00:00:00+01:00","sameSite":"LAX"}]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, in []byte) {
		cs, err := cookiejar.ReadJSON(bytes.NewReader(in))
		if err != nil {
			return
		}
		again, err := cookiejar.ReadJSON(strings.NewReader(write(t, cookiejar.JSON, cs)))
		if diff := diffCookies(carried(cookiejar.JSON, cs), again); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		writeAll(t, cs)
	})
}

func FuzzReceive(f *testing.F) {
	f.Add("https://jira.example.com/jira/x", "JSESSIONID=A1; Path=/jira; Secure; HttpOnly")
	f.Add("https://acme.okta.com/", `DT=DI0x;Version=1;Path=/;Expires=Fri, 06-Nov-37 08:49:37 GMT;Secure`)
	f.Add("https://[::1]:8443/%0A", `GCLB="a\"b|"; Domain=.example.com; Max-Age=-0; SameSite=none`)
	f.Add("https://bücher.example/", "a=\xff; Domain=xn--bcher-kva.example")
	f.Fuzz(func(t *testing.T, address, line string) {
		u, err := http.NewRequest("GET", address, nil)
		if err != nil {
			return
		}
		j := cookiejar.New()
		j.Receive(u.URL, http.Header{"Set-Cookie": {line}})
		all := j.All()
		again := cookiejar.New()
		again.Add(all...)
		if diff := diffCookies(all, again.All()); diff != "" {
			t.Fatalf("restored: %s", diff)
		}
		if strings.ContainsFunc(j.Header(u.URL), func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatal("a control character in the header")
		}
		writeAll(t, all)
		got, err := cookiejar.ReadNetscape(strings.NewReader(write(t, cookiejar.Netscape, all)))
		if want := len(all) - len(cookiejar.Omitted(cookiejar.Netscape, all)); err != nil || len(got) != want {
			t.Fatalf("the Netscape file has %d cookies of %d, %v", len(got), want, err)
		}
	})
}

// writeAll writes cookies in the formats of one line and sees that it is one.
func writeAll(t *testing.T, cs []cookiejar.Cookie) {
	for _, f := range []cookiejar.Format{cookiejar.Header, cookiejar.Env, cookiejar.Curl} {
		if s := write(t, f, cs); strings.Count(s, "\n") != 1 || !strings.HasSuffix(s, "\n") {
			t.Fatalf("%s is not one line: %q", f, s)
		}
	}
}
