package loginform_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/mfa"
)

// Whatever a page is: the password leaves at most once, only to the origin that may see it, by
// POST, and the code at most once.
func FuzzPage(f *testing.F) {
	for _, cases := range [][]pageCase{signsIn, refusals, secondFactors} {
		for _, c := range cases {
			for _, answers := range c.pages {
				for _, a := range answers {
					f.Add(a.body, a.body)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		s := newSite(nil)
		s.anywhere = one(answer{body: first}, answer{body: second})
		c := client(s)
		c.MFATimeout = 1 // a push is waited for no longer
		c.Answerer = mfa.Code("739154")
		_, _ = c.SignIn(context.Background(), start(idp+"/sso"))
		got := s.passwords()
		if len(got) > 1 || len(got) == 1 && got[0] != idpHost {
			t.Fatalf("the password went to %q", got)
		}
		codes := 0
		for _, r := range s.seen {
			if strings.Contains(r.query.Encode(), url.QueryEscape(password)) || r.method != "POST" &&
				strings.Contains(r.query.Encode(), "739154") {
				t.Fatalf("a secret is in the address of %s", r.at)
			}
			codes += strings.Count(r.raw, "=739154")
			if !strings.HasPrefix(r.at, idp+"/") && r.at != idp {
				t.Fatalf("%s was asked", r.at)
			}
		}
		if codes > 1 && strings.Count(first+second, "739154") == 0 {
			t.Fatalf("the code was sent %d times", codes)
		}
	})
}
