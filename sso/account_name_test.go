package sso_test

import (
	"errors"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestSpellingsOfAUser: a password that was refused to a user is not sent again for
// another spelling of the same user's name, and for another user it is.
func TestSpellingsOfAUser(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		scheme string
		users  []string
		posts  int
	}{
		"short login":                {"Okta", []string{"zoe@example.com", "zoe", "ZOE", "zoe@example.com"}, 1},
		"full login second":          {"Okta", []string{"zoe", "zoe@example.com", "zoe@example.org"}, 1},
		"two domains":                {"Okta", []string{"zoe@example.com", "zoe@example.org", "zoe@example.com", "zoe@example.org"}, 2},
		"composed and decomposed":    {"Okta", []string{"zo\u00eb@example.com", "zoe\u0308@example.com", "ZOE\u0308@example.com", "ZO\u00cb"}, 1},
		"other diacritics":           {"Crowd", []string{"\u00c5sa", "A\u030asa", "\u212bsa", "a\u030asa"}, 1},
		"full width":                 {"Okta", []string{"zoe@example.com", "\uff5a\uff4f\uff45@example.com", "zoe\uff20example.com"}, 1},
		"no-break spaces at the end": {"Okta", []string{"zoe@example.com", "zoe@example.com\u00a0", "\u202fzoe@example.com"}, 1},
		"invisible characters":       {"Okta", []string{"zoe@example.com", "zoe@example.com\u200b", "\u200ezoe@example.com", "zo\u00ade@example.com"}, 1},
		"final sigma":                {"Crowd", []string{"\u03b1\u03c2", "\u03b1\u03c3", "\u0391\u03a3"}, 1},
		"Kelvin sign":                {"Crowd", []string{"mike", "mi\u212ae", "MIKE"}, 1},
		"an @ is Crowd's own matter": {"Crowd", []string{"zoe@example.com", "zoe"}, 2},
		"an accent more":             {"Okta", []string{"zoe@example.com", "zo\u00eb@example.com"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			for n, user := range tt.users {
				addJira(w, n)
				c := open(t, jiraConnection(w, tt.scheme, n, "Password=of last year", "User="+user, ca), opts)
				if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) {
					t.Fatalf("%q: %v", user, err)
				}
			}
			if n := passwordPosts(w); n != tt.posts {
				t.Errorf("%d passwords were sent, want %d", n, tt.posts)
			}
		})
	}
}

// TestUsersThatBeginAlike: two users of an organisation who differ in their domains
// share neither a refusal nor the end of one, even if they have one password; a login
// without a domain, which may be either's, is not tried with what was refused to one.
func TestUsersThatBeginAlike(t *testing.T) {
	t.Parallel()
	w, opts, ca := world(t)
	w.Okta.AddUser(fixtures.User{Login: "passwordonly@example.org", Password: "another"})
	signIn := func(n int, user string) error {
		_, err := open(t, jiraConnection(w, "Okta", n, "User="+user, ca), opts).Login(t.Context())
		return err
	}
	addJira(w, 0)
	addJira(w, 1)
	const right, wrong, short = "passwordonly@example.com", "passwordonly@example.org", "passwordonly"
	for n := range 3 {
		if err := signIn(0, right); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		var before *sso.RefusedBeforeError
		if err := signIn(1, wrong); !errors.Is(err, sso.ErrCredentials) || errors.As(err, &before) != (n > 0) {
			t.Fatalf("%d: %v", n, err)
		}
		if err := signIn(1, short); !errors.As(err, &before) {
			t.Fatalf("%d: the short login: %v", n, err)
		}
	}
	entries, err := sso.Entries(t.Context(), opts.Store)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if refused := len(e.Refused) > 0; refused != (e.Identity.User != right) {
			t.Errorf("%s: refused %v", e.Identity.User, e.Refused)
		}
	}
}
