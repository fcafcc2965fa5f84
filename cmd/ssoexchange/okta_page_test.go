package main

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/jsstring"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

var pageState = regexp.MustCompile(`stateToken(?:\\x22|")?\s*(?:=|:|\\x3A)\s*(?:'|"|\\x22)((?:0[02]|eyJ).+?)(?:'|"|\\x22)`)

// oktaPages has Okta name a page's transaction as shape does: TOKEN stands for its token, OLD
// for another one, PATH for where Okta goes on. It returns how many pages that were.
func (r *fieldRig) oktaPages(shape string) *int {
	n := new(int)
	r.rewrite("okta.", func(a *fixtures.Answer) {
		m := pageState.FindStringSubmatch(a.Body)
		if m == nil || a.Status != 200 || a.Request.Method != http.MethodGet {
			return
		}
		*n++
		token := html.UnescapeString(jsstring.Unescape(m[1]))
		fill := strings.NewReplacer("TOKEN", token, "PATH", "/login/step-up/redirect", "OLD", token[:2]+"spentlongago")
		a.Body = "<html><head><title>Signing in</title></head><body>" + fill.Replace(shape) + "</body></html>"
	})
	return n
}

// TestOktaPages: cookies goes through every page of Okta that names its transaction, on
// Classic after the password. Of one that names none the error says so.
func TestOktaPages(t *testing.T) {
	for name, tt := range map[string]struct {
		shape string
		lost  bool // no transaction can be read from it
	}{
		"form":             {shape: `<form action="PATH?stateToken=TOKEN"><button>go</button></form>`},
		"link":             {shape: `<a href="PATH?a=b&amp;stateToken=TOKEN">go</a>`},
		"hidden field":     {shape: `<form><input type="hidden" name="stateToken" value="TOKEN"></form>`},
		"href, escaped":    {shape: `<script>window.location.href = '\x2Flogin\x2Fstep-up\x2Fredirect\x3FstateToken\x3DTOKEN';</script>`},
		"template literal": {shape: "<script>location=`PATH?stateToken=TOKEN`</script>"},
		"meta refresh":     {shape: `<meta http-equiv="refresh" content="0;url=PATH?stateToken=TOKEN">`},
		"other case":       {shape: `<SCRIPT>VAR StateToken="TOKEN"</SCRIPT>`},
		"old in a comment": {shape: `<!-- var stateToken = 'OLD' --><script>/* var stateToken = 'OLD' */ go('PATH?stateToken=TOKEN')</script>`},
		"none":             {"<p>Signing you in</p>", true},
		"in a comment":     {"<!-- var stateToken = 'TOKEN' -->", true},
	} {
		for _, engine := range []string{"Classic", "IDX"} {
			t.Run(name+"/"+engine, func(t *testing.T) {
				testscale.Row(t)
				r := newFieldRig(t)
				totp := []fixtures.Factor{{Type: fixtures.FactorTOTP}}
				r.Okta.AddUser(fixtures.User{Login: r.User, Password: r.Password, Factors: totp})
				r.Okta.ChangeApp(func(a *fixtures.App) { a.MFA = true })
				if engine == "IDX" {
					r.Okta.SetEngine(engine)
				} else {
					r.Okta.ChangePolicy(func(p *fixtures.Policy) { p.MFA = false })
				}
				pages := r.oktaPages(tt.shape)
				o := r.run(r.okta("MFASecret="+r.Okta.TOTPSecret(r.User)), "cookies")
				passwords, assertions := 1, 0
				switch {
				case !tt.lost:
					assertions = 1
					r.want(o, 0, "", "")
				case engine == "Classic":
					r.want(o, 10, `a page that is not known (status 200): "Signing in"`, "open it in a browser")
				default: // it begins with the page
					passwords = 0
					r.want(o, 9, "a page without an Identity Engine transaction", "the app's own embed link")
				}
				if r.passwords() != passwords || posts(r.World) != assertions || *pages == 0 {
					t.Errorf("%d passwords, %d assertions, %d such pages", r.passwords(), posts(r.World), *pages)
				}
			})
		}
	}
}
