package okta_test

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/jsstring"
	"github.com/ssoexchange/ssoexchange/mfa"
)

var pageState = regexp.MustCompile(`stateToken(?:\\x22|")?\s*(?:=|:|\\x3A)\s*(?:'|"|\\x22)((?:0[02]|eyJ).+?)(?:'|"|\\x22)`)

// reshape has the organisation name a page's transaction as shape does: TOKEN stands for
// its token, PATH for where Okta goes on. It returns how many pages that were.
func (s *sim) reshape(shape string) *int {
	n := new(int)
	s.net.Rewrite(func(a *fixtures.Answer) {
		m := pageState.FindStringSubmatch(a.Body)
		if m == nil || a.Status != http.StatusOK || a.Request.Method != http.MethodGet {
			return
		}
		*n++
		token := html.UnescapeString(jsstring.Unescape(m[1]))
		a.Body = "<html><head><title>Signing in</title></head><body>" +
			strings.NewReplacer("TOKEN", token, "PATH", "/login/step-up/redirect", "OLD", token[:2]+"spentlongago").Replace(shape) + "</body></html>"
	})
	return n
}

// TestNavigationPages: whatever the page is made of that leads to the sign-in, it is gone
// through, after the password on Classic and at the start on Identity Engine. The password
// is posted once.
func TestNavigationPages(t *testing.T) {
	for _, shape := range []string{
		`<form action="PATH?stateToken=TOKEN"><button>go</button></form>`,
		`<a href="PATH?a=b&amp;stateToken=TOKEN">go</a>`,
		`<form><input type="hidden" name="stateToken" value="TOKEN"></form>`,
		`<script>window.location.href = '\x2Flogin\x2Fstep-up\x2Fredirect\x3FstateToken\x3DTOKEN';</script>`,
		`<script>location.replace("https:\/\/acme.okta.com\/login\/step-up\/redirect?stateToken=TOKEN")</script>`,
		"<script>location=`PATH?stateToken=TOKEN`</script>",
		`<meta http-equiv="refresh" content="0;url=PATH?stateToken=TOKEN">`,
		`<SCRIPT>VAR StateToken="TOKEN"</SCRIPT>`,
		`<!-- var stateToken = 'OLD' --><script>/* var stateToken = 'OLD' */ go('PATH?stateToken=TOKEN')</script>`,
	} {
		for _, engine := range []string{"classic", "idx"} {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorTOTP}}}, fixtures.App{MFA: true})
				if engine == "idx" {
					s.okta.SetEngine("idx")
				} else {
					s.okta.ChangePolicy(func(p *fixtures.Policy) { p.MFA = false })
				}
				pages := s.reshape(shape)
				c := s.client()
				c.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
					return s.okta.Code(ana, fixtures.FactorTOTP), nil
				})
				if err := s.signIn(c); err != nil {
					t.Errorf("%s, %s: %v", engine, shape, err)
				}
				if n := s.okta.Attempts(ana); n != 1 || *pages == 0 {
					t.Errorf("%s, %s: %d passwords, %d such pages", engine, shape, n, *pages)
				}
			})
		}
	}
}
