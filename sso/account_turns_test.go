package sso_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// TestPausesOfPasswordsThatTakeTurns: of two passwords that connections of one account
// send in turns (one host has the new one already, say) neither loses its pause to the
// other, and neither does the verdict on one end the other's.
func TestPausesOfPasswordsThatTakeTurns(t *testing.T) {
	t.Parallel()
	for _, passwords := range []int{2, 3, 5} {
		t.Run(fmt.Sprint(passwords), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, opts, ca := world(t)
				defer w.Close()
				hang := func(_ string, r *http.Request) http.Handler {
					if r.URL.Path != "/api/v1/authn" {
						return nil
					}
					return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
				}
				w.Net.Intercept(hang)
				for n := range 12 {
					addJira(w, n)
				}
				signIn := func(n int, password string) error {
					_, err := open(t, jiraConnection(w, "Okta", n, ca, "Timeout=5", "Password="+password), opts).Session(t.Context())
					return err
				}
				for n := range 12 {
					signIn(n, fmt.Sprint("wrong ", n%passwords))
				}
				if n := passwordsSent(w); n != 2*passwords {
					t.Errorf("%d passwords were sent, want 2 of each of %d", n, passwords)
				}
				w.Net.Intercept(nil)
				if err := signIn(0, w.Password); err != nil {
					t.Errorf("with the right one: %v", err)
				}
				w.Net.Intercept(hang)
				for n := range passwords {
					if err := signIn(n+1, fmt.Sprint("wrong ", n)); !errors.Is(err, sso.ErrRateLimited) {
						t.Errorf("the right one has ended the pause of a wrong one: %v", err)
					}
				}
				w.Net.Intercept(nil)
				time.Sleep(10 * time.Minute)
				for n := range 12 {
					if err := signIn(n, w.Password); err != nil {
						t.Errorf("after the pause, Jira %d: %v", n, err)
					}
				}
			})
		})
	}
}
