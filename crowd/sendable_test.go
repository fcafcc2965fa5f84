package crowd_test

import (
	"errors"
	"testing"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// TestUnsendable: what XML, a form or a header would carry as something else is not
// sent, whoever the caller is.
func TestUnsendable(t *testing.T) {
	for name, change := range map[string]func(*crowd.Client){
		"password in Latin-1":      func(c *crowd.Client) { c.Password = given("p\xe4ss") },
		"password, noncharacter":   func(c *crowd.Client) { c.Password = given("a\uffff") },
		"password, NUL":            func(c *crowd.Client) { c.Password = given("a\x00") },
		"application's, cut":       func(c *crowd.Client) { c.AppPassword = given("a\xc3") },
		"application's, tab":       func(c *crowd.Client) { c.AppPassword = given("a\tb") },
		"application's name":       func(c *crowd.Client) { c.AppName = "a\x01" },
		"user":                     func(c *crowd.Client) { c.User = "ana\xe4" },
		"user with a control char": func(c *crowd.Client) { c.User = "ana\n" },
	} {
		s := newServer()
		c := newClient(s)
		change(c)
		if _, err := c.SignIn(t.Context(), startHere()); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
		if s.count("POST", "/session") != 0 || s.count("POST", "/j_security_check") != 0 {
			t.Errorf("%s: sent", name)
		}
	}
}
