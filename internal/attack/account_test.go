//go:build linux && !race

package attack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// A dozen Jiras behind one account, whose password was changed: it is posted once, and
// the account is not locked, whatever the user's name looks like.
func TestOneAccountManyJiras(t *testing.T) {
	t.Parallel()
	for name, extra := range map[string][]string{"store": nil, "environment": {"--no-input"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, fixtures.WorldOptions{})
			s.Okta.SetPassword("passwordonly@example.com", "another one")
			for i := range 12 {
				user := "passwordonly@example.com"
				if i%3 == 1 {
					user = "PasswordOnly@Example.com"
				}
				s.Net.Handle(fmt.Sprintf("jira%d.localhost:%s", i, s.Port), s.Jira)
				conn := strings.ReplaceAll(s.viaOkta(user, ""), "jira.localhost", fmt.Sprintf("jira%d.localhost", i))
				if out := s.run(t, append([]string{"cookies", "-c", conn}, extra...)...); out.Exit != 3 && out.Exit != 4 {
					t.Errorf("Jira %d: exit %d: %s", i, out.Exit, out.Stderr)
				}
			}
			if n := s.posts("okta.localhost", "/api/v1/authn"); n > 1 {
				t.Errorf("the password was posted %d times", n)
			}
		})
	}
}

// A source of a secret that fails is reported as what it is, and nothing is sent; when
// it works again, so does the sign-in, without a person.
func TestSourceFailsOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, fixtures.WorldOptions{})
	file := filepath.Join(s.Home, "password")
	conn := strings.Replace(s.viaOkta("passwordonly@example.com", ""), "Password="+s.Password, "PasswordFile="+file, 1)
	if out := s.run(t, "cookies", "-c", conn); out.Exit == 0 || out.Exit == 3 {
		t.Errorf("exit %d: %s", out.Exit, out.Stderr)
	}
	if n := s.posts("okta.localhost", "/api/v1/authn"); n != 0 {
		t.Errorf("%d passwords were posted", n)
	}
	if err := os.WriteFile(file, []byte(s.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(t, "cookies", "-c", conn).wants(t, 0)
}
