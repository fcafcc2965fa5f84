package sso_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

// restarted returns the state as another process finds it after the clock was put back
// by ahead: every time in it is later by that.
func (c crash) restarted(ahead time.Duration) crash {
	c.t.Helper()
	next := c.copy()
	keys, _ := next.Keys(c.t.Context())
	for _, key := range keys {
		data, _ := next.Load(c.t.Context(), key)
		lease, err := next.Acquire(c.t.Context(), key)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := lease.Save(c.t.Context(), shiftTimes(data, ahead)); err != nil {
			c.t.Fatal(err)
		}
		lease.Release()
	}
	return next
}

var rfc3339 = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)"`)

// shiftTimes adds d to every RFC 3339 time in a document.
func shiftTimes(data []byte, d time.Duration) []byte {
	return rfc3339.ReplaceAllFunc(data, func(text []byte) []byte {
		at, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(text))
		if err != nil {
			return text
		}
		return []byte(`"` + at.Add(d).Format(time.RFC3339Nano) + `"`)
	})
}

// TestClockThatWasAhead: whatever was stored by a clock that was wrong lasts no longer
// than if it had been right.
func TestClockThatWasAhead(t *testing.T) {
	t.Parallel()
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	broken := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
	limited := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "600")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	for _, ahead := range []time.Duration{time.Hour, 26 * time.Hour, 14 * 365 * 24 * time.Hour} {
		for name, tt := range map[string]struct {
			user   string
			during http.Handler // answers the password while the clock is wrong
			tries  int
			within time.Duration // when a sign-in works again
			turn   bool          // of a refresher, not a call
		}{
			"a pause":                {"passwordonly@example.com", hang, 4, time.Hour, false},
			"a short pause":          {"passwordonly@example.com", hang, 2, 10 * time.Minute, false},
			"a rate limit":           {"passwordonly@example.com", limited, 1, 10 * time.Minute, false},
			"a failure":              {"passwordonly@example.com", broken, 1, time.Minute, false},
			"a refresher's backoff":  {"passwordonly@example.com", broken, 1, 30 * time.Minute, true},
			"a code that was sent":   {"sms@example.com", nil, 1, 6 * time.Minute, false},
			"a session":              {"passwordonly@example.com", nil, 1, time.Minute, false},
			"a session, refreshed":   {"passwordonly@example.com", nil, 1, 30 * time.Minute, true},
			"somebody is signing in": {"sms@example.com", nil, 1, 30 * time.Minute, true},
		} {
			t.Run(fmt.Sprint(ahead, "/", name), func(t *testing.T) {
				testscale.Row(t)
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w, opts, ca := world(t)
					defer w.Close()
					store := crash{&sso.MemoryStore{}, t}
					conn := w.OktaConnection("User="+tt.user, "Timeout=5", "MFAType="+map[bool]string{true: "SMS"}[tt.user[0] == 's'], ca)
					w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
						if r.URL.Path == "/api/v1/authn" {
							return tt.during
						}
						return nil
					})
					o := *opts
					o.Store = store
					for range tt.tries {
						attemptOnce(t, conn, &o, tt.turn)
					}
					w.Net.Intercept(nil)
					o.Store = store.restarted(ahead)
					w.Jira.EndSessions(tt.user)
					w.Okta.EndSessions(tt.user)
					start := time.Now()
					for {
						err := attemptOnce(t, conn+codeOf(w, tt.user), &o, tt.turn)
						if err == nil {
							return
						}
						if time.Since(start) > tt.within+time.Minute {
							t.Fatalf("after %v: %v", time.Since(start), err)
						}
						time.Sleep(time.Minute)
					}
				})
			})
		}
	}
}

// codeOf is the property with the newest code that was sent to a user, if there is one.
func codeOf(w *fixtures.World, user string) string {
	if user != "sms@example.com" {
		return ""
	}
	m := w.Okta.Phone(user).Messages()
	if len(m) == 0 {
		return ""
	}
	return ";MFAPassCode=" + m[len(m)-1].Code
}

// attemptOnce is one call, or one turn of a refresher that has just been started.
func attemptOnce(t *testing.T, conn string, o *sso.Options, turn bool) error {
	t.Helper()
	c := open(t, conn, o)
	if !turn {
		_, err := c.Session(t.Context())
		return err
	}
	var failed error = errors.New("nothing was reported")
	r := sso.NewRefresher(sso.RefreshOptions{Observe: func(_ context.Context, e sso.RefreshEvent) { failed = e.Err }})
	r.Add("bot", c)
	if err := r.Once(t.Context()); err != nil {
		return err
	}
	if s := r.Status()[0]; s.State != sso.RefreshLive {
		return fmt.Errorf("%s: %s, next %v: %v", s.State, s.Reason, s.Next, failed)
	}
	return nil
}
