package okta_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta"
)

// TestUnsendable: what JSON would carry as something else is not posted, whoever the
// caller is.
func TestUnsendable(t *testing.T) {
	given := func(secret string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return secret, nil }
	}
	for name, change := range map[string]func(*okta.Client){
		"Latin-1":         func(c *okta.Client) { c.Password = given("p\xe4ss") },
		"a cut character": func(c *okta.Client) { c.Password = given("pass\xc3") },
		"UTF-16":          func(c *okta.Client) { c.Password = given("p\x00w\x00") },
		"an escape":       func(c *okta.Client) { c.Password = given("\x1b[200~pw") },
		"two lines":       func(c *okta.Client) { c.Password = given("a\nb") },
		"user":            func(c *okta.Client) { c.User = "ana\xe4@example.com" },
	} {
		s := newScript(t)
		c := s.client()
		change(c)
		err := s.signIn(c)
		if !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
		if s.count("POST /api/v1/authn") != 0 {
			t.Errorf("%s: posted", name)
		}
	}
}
