package cookiejar_test

import (
	"net/http"
	stdjar "net/http/cookiejar"
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// The first three are samples of RFC 3492 section 7.1.
func TestHostsInOtherScripts(t *testing.T) {
	for host, want := range map[string]string{
		"почемужеонинеговорятпорусски.example": "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l.example",
		"ليهمابتكلموشعربي؟.example":            "xn--egbpdaj6bu4bxfgehfvwxn.example",
		"pročprostěnemluvíčesky.example":       "xn--proprostnemluvesky-uyb24dma41a.example",
		"jira.MÜNCHEN.example":                 "jira.xn--mnchen-3ya.example",
		"例え.テスト":                               "xn--r8jz45g.xn--zckzah",
	} {
		j := cookiejar.New()
		j.Receive(&url.URL{Scheme: "https", Host: host}, http.Header{"Set-Cookie": {"a=1"}})
		if all := j.All(); len(all) != 1 || all[0].Domain != want {
			t.Errorf("%s: %v, want the domain %s", host, all, want)
		}
	}
}

func TestHostsLikeStandardJar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`[a-zà-öа-я一-龠]{1,12}(\.[a-zß-öα-ω]{1,8}){0,2}`).Draw(t, "host")
		j := cookiejar.New()
		u := &url.URL{Scheme: "https", Host: host}
		j.Receive(u, http.Header{"Set-Cookie": {"a=1"}})
		all := j.All()
		if len(all) != 1 {
			t.Fatalf("%d cookies", len(all))
		}
		std, _ := stdjar.New(nil)
		std.SetCookies(u, []*http.Cookie{{Name: "a", Value: "1"}})
		if len(std.Cookies(&url.URL{Scheme: "https", Host: all[0].Domain})) != 1 {
			t.Fatalf("the standard jar does not know %s as %s", host, all[0].Domain)
		}
	})
}
