package sso_test

import (
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestNewPassword: an expired password is changed once, and the same connection
// string, which still names the old one, goes on working without sending it.
func TestNewPassword(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		t.Run(engine, func(t *testing.T) {
			w, opts, ca := world(t)
			w.Okta.SetEngine(engine)
			const user = "passwordonly@example.com"
			w.Okta.ChangeUser(user, func(u *fixtures.User) { u.PasswordExpired = true })
			conn := w.OktaConnection("User="+user, "NewPassword=Fresh-and-long-enough-1", ca)
			if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.Okta.EndSessions(user)
			w.Jira.EndSessions(user)
			before := w.Okta.Attempts(user)
			if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
				t.Fatalf("the next sign-in, with the same string: %v", err)
			}
			if n := w.Okta.Attempts(user) - before; n != 1 {
				t.Errorf("%d passwords were sent after the change, want the new one and no other", n)
			}
		})
	}
}
