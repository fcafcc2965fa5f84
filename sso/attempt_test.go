package sso_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// passwordsSent counts the passwords that Okta received since the last Reset.
func passwordsSent(w *fixtures.World) int { return w.Net.Count(w.Okta.Host(), "POST", "/api/v1/authn") }

// crash is a MemoryStore whose state can be taken at any moment, as kill -9 leaves it.
type crash struct {
	*sso.MemoryStore
	t *testing.T
}

func (c crash) copy() crash {
	c.t.Helper()
	keys, err := c.Keys(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	next := crash{&sso.MemoryStore{}, c.t}
	for _, key := range keys {
		data, _ := c.Load(c.t.Context(), key)
		lease, err := next.Acquire(c.t.Context(), key)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := lease.Save(c.t.Context(), data); err != nil {
			c.t.Fatal(err)
		}
		lease.Release()
	}
	return next
}

// TestKilledWhileThePasswordIsOut: each process dies between the sending of a
// password and the storing of its verdict, which would have been a refusal. Whoever
// starts the next one at once, as a supervisor does, gets one try an hour, and that only
// after the server has answered something harmless.
func TestKilledWhileThePasswordIsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		store := crash{&sso.MemoryStore{}, t}
		conn := w.OktaConnection("User=passwordonly@example.com", "Password=was right last year", ca)
		var mu sync.Mutex
		var left crash // the state at the moment of the kill
		w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
			if r.URL.Path == "/api/v1/authn" {
				mu.Lock()
				defer mu.Unlock()
				left = store.copy()
			}
			return nil
		})
		start, sent := time.Now(), []time.Duration{}
		for time.Since(start) < 4*time.Hour {
			o := *opts
			o.Store = store
			c := open(t, conn, &o)
			before := passwordsSent(w)
			_, err := c.Session(t.Context())
			if passwordsSent(w) > before {
				sent = append(sent, time.Since(start))
				mu.Lock()
				store = left // what the process learnt afterwards is lost
				mu.Unlock()
			} else if wait, ok := sso.RetryAfter(err); !errors.Is(err, sso.ErrRateLimited) || !ok || wait <= 0 || !strings.Contains(sso.Hint(err), "--retry-refused") {
				t.Fatalf("kept back with %v, hint %q, wait %v", err, sso.Hint(err), wait)
			}
			time.Sleep(5 * time.Minute)
		}
		t.Logf("sent after %v", sent)
		if len(sent) < 5 || sent[2]-sent[1] < 10*time.Minute {
			t.Fatalf("the password was sent after %v, want 5 or 6 times in four hours, the third time after 10 minutes", sent)
		}
		for i := 3; i < len(sent); i++ {
			if pause := sent[i] - sent[i-1]; pause < time.Hour || pause > time.Hour+5*time.Minute {
				t.Errorf("the password was sent after %v, want pauses of an hour at the end", sent)
			}
		}
		if n := w.Net.Count(w.Okta.Host(), "GET", "/.well-known/okta-organization"); n != len(sent)-1 {
			t.Errorf("%d harmless requests for %d passwords, want one before each but the first", n, len(sent))
		}
		// A person may insist, and the right password is another secret.
		o := *opts
		o.Store = store
		if _, err := open(t, w.OktaConnection("User=passwordonly@example.com", ca), &o).Session(t.Context()); err != nil {
			t.Errorf("the right password: %v", err)
		}
		o.Store = left
		c := open(t, conn, &o)
		if err := c.ClearRefusal(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := passwordsSent(w)
		if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) || passwordsSent(w) != before+1 {
			t.Errorf("after ClearRefusal: %v, %d sent, want a try and its refusal", err, passwordsSent(w)-before)
		}
	})
}

// TestLostAnswerIsNoRefusal: a connection that breaks, or a server in trouble, keeps
// nothing back for long once a verdict has come.
func TestLostAnswerIsNoRefusal(t *testing.T) {
	w, opts, ca := world(t)
	c := open(t, w.OktaConnection("User=passwordonly@example.com", ca), opts)
	trouble := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	broken := true
	w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
		if broken && r.URL.Path == "/api/v1/authn" {
			return trouble
		}
		return nil
	})
	for range 5 {
		if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrUnreachable) {
			t.Fatalf("with a server in trouble: %v, want it to be unreachable each time: 503 is an answer", err)
		}
	}
	broken = false
	if _, err := c.Session(t.Context()); err != nil {
		t.Errorf("after the trouble: %v", err)
	}
}

// TestWhatCannotBeNotedIsNotSent: without a place for the mark no password leaves.
func TestWhatCannotBeNotedIsNotSent(t *testing.T) {
	w, opts, ca := world(t)
	opts.Store = fullStore{&sso.MemoryStore{}}
	c := open(t, w.OktaConnection("User=passwordonly@example.com", ca), opts)
	if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrConfig) || sso.Hint(err) == "" {
		t.Errorf("error %v, hint %q, want an ErrConfig about the state", err, sso.Hint(err))
	}
	if n := passwordsSent(w); n != 0 {
		t.Errorf("%d passwords were sent, want none", n)
	}
}

// TestTwoWrongSecretsTakeNoTurns: two hosts share a store and have different wrong
// passwords. Each is tried once, also after the right one has been used in between.
func TestTwoWrongSecretsTakeNoTurns(t *testing.T) {
	w, opts, ca := world(t)
	session := func(password string) error {
		props := []string{"User=passwordonly@example.com", ca}
		if password != "" {
			props = append(props, "Password="+password)
		}
		c := open(t, w.OktaConnection(props...), opts)
		_, err := c.Session(t.Context())
		return err
	}
	for i := range 5 {
		for _, password := range []string{"of last year", "of the year before"} {
			if err := session(password); !errors.Is(err, sso.ErrCredentials) {
				t.Fatalf("round %d: %v", i, err)
			}
		}
	}
	if n := passwordsSent(w); n != 2 {
		t.Errorf("%d passwords sent for two wrong ones, want 2", n)
	}
	if err := session(""); err != nil {
		t.Fatalf("the right password: %v", err)
	}
	w.Jira.EndSessions("passwordonly@example.com")
	w.Okta.EndSessions("passwordonly@example.com")
	w.Net.Reset()
	for _, password := range []string{"of last year", "of the year before"} {
		if err := session(password); !errors.Is(err, sso.ErrCredentials) {
			t.Errorf("an old password after the right one: %v", err)
		}
	}
	if n := passwordsSent(w); n != 0 {
		t.Errorf("%d old passwords sent, want none", n)
	}
}
