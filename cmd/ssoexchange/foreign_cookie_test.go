package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// TestCookieThatIsNotText: a cookie whose value is no UTF-8 is left out of the formats that
// cannot hold it, and named; the others are exported. The session is stored with it.
func TestCookieThatIsNotText(t *testing.T) {
	for name, value := range map[string]string{
		"one byte": "\xff", "Latin-1": "caf\xe9", "a cut character": "x\xc3",
		"a surrogate": "\xed\xa0\x80", "overlong": "\xc0\xaf", "UTF-16": "\xff\xfea\xfe",
	} {
		t.Run(name, func(t *testing.T) {
			testscale.Row(t)
			r := newFieldRig(t)
			r.rewrite("jira.", func(a *fixtures.Answer) {
				if a.Request.Method == http.MethodPost {
					a.Header.Add("Set-Cookie", "odd="+value+"; Path=/; Secure")
					a.Header.Add("Set-Cookie", "even=1; Path=/; Secure")
				}
			})
			conn := r.okta()
			for _, format := range []string{"netscape", "go-jira", "playwright", "env", "header", "curl", "json"} {
				o := r.run(conn, "cookies", "--format", format)
				r.want(o, 0, "", "")
				if !strings.Contains(o.stdout, "JSESSIONID") || !strings.Contains(o.stdout, "even") {
					t.Errorf("%s: the others are lost: %q", format, o.stdout)
				}
				left := format != "header" && format != "curl" && format != "json"
				named := strings.Contains(o.stderr, `the cookie \"odd\" is left out`)
				if named != left || strings.Contains(o.stdout, "odd") == left {
					t.Errorf("%s: %q is printed, and told: %s", format, o.stdout, o.stderr)
				}
			}
			if n := r.passwords(); n != 1 {
				t.Errorf("%d passwords: the session is stored", n)
			}
		})
	}
}
