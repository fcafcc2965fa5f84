package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/fixtures"
)

var storedTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)"`)

// writtenIn2040 has every time of every record be forty years later: a bubble begins in 2000.
func (r *oktaRig) writtenIn2040() {
	r.Helper()
	store, err := filestore.Open(filepath.Join(r.dir, "state"), filestore.Options{})
	if err != nil {
		r.Fatal(err)
	}
	keys, err := store.Keys(r.Context())
	if err != nil || len(keys) == 0 {
		r.Fatalf("%d records: %v", len(keys), err)
	}
	for _, key := range keys {
		lease, err := store.Acquire(r.Context(), key)
		if err != nil {
			r.Fatal(err)
		}
		data, err := store.Load(r.Context(), key)
		if err != nil {
			r.Fatal(err)
		}
		data = storedTime.ReplaceAllFunc(data, func(text []byte) []byte {
			at, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(text))
			if err != nil || at.Year() < 2000 {
				return text
			}
			return []byte(`"` + at.AddDate(40, 0, 0).Format(time.RFC3339Nano) + `"`)
		})
		if err := lease.Save(r.Context(), data); err != nil {
			r.Fatal(err)
		}
		lease.Release()
	}
}

// TestStoredIn2040: what was stored by a clock that stood at 2040 keeps nothing back until
// then. A wait is as long as if it began now, and a refused password stays refused.
func TestStoredIn2040(t *testing.T) {
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	broken := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	limited := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	for name, tt := range map[string]struct {
		command  string
		during   http.Handler // answers the password while the clock is wrong
		runs     int
		password string // "" is the right one
		exit     int    // of the next run
		hint     string
	}{
		"a session":            {command: "cookies", runs: 1},
		"a session, refreshed": {command: "refresh", runs: 1},
		"a failure":            {command: "cookies", during: broken, runs: 1},
		"a failed refresh":     {command: "refresh", during: broken, runs: 1},
		"no verdict, once":     {command: "cookies", during: hang, runs: 1},
		"no verdict, often":    {command: "cookies", during: hang, runs: 4, exit: 8, hint: "wait; or,"},
		"a rate limit":         {command: "cookies", during: limited, runs: 1, exit: 8, hint: "after the wait"},
		"a wrong password":     {command: "cookies", password: "wrong", runs: 1, exit: 3, hint: "give the right Password"},
	} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, fixtures.Scenario{Login: "passwordonly@example.com"}, func(r *oktaRig) {
				args := []string{tt.command, "--set", "Timeout=5"}
				if tt.command == "refresh" {
					args = append(args, "--once")
				}
				if tt.password != "" {
					args = append(args, "--set", "Password="+tt.password)
				}
				r.Net.Intercept(func(_ string, q *http.Request) http.Handler {
					if q.URL.Path == "/api/v1/authn" || q.URL.Path == "/idp/idx/challenge/answer" {
						return tt.during
					}
					return nil
				})
				for range tt.runs {
					r.run(args...)
				}
				r.Net.Intercept(nil)
				r.writtenIn2040()
				r.endSessions()
				before := r.org.Attempts(r.scenario.Login)
				o := r.run(args...)
				if o.status != tt.exit || !strings.Contains(o.hint, tt.hint) {
					r.Errorf("exit %d, hint %q, want %d, %q", o.status, o.hint, tt.exit, tt.hint)
				}
				if n := r.org.Attempts(r.scenario.Login) - before; n != map[bool]int{true: 1}[tt.exit == 0] {
					r.Errorf("exit %d, and the password was sent %d times", o.status, n)
				}
				if tt.exit != 8 {
					return
				}
				if o.wait < 1 || o.wait > 3600 {
					r.Errorf("retry_after is %d, want an hour at most", o.wait)
				}
				time.Sleep(time.Duration(o.wait) * time.Second)
				if o := r.run(args...); o.status != 0 {
					r.Errorf("after the wait: exit %d, %s", o.status, o.message)
				}
			})
		})
	}
}
