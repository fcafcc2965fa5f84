package sso_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/sso"
)

func TestSessionIsReusedAndProved(t *testing.T) {
	p := &stubProvider{}
	c, sp, _ := stubClient(t, p, nil)
	first, err := c.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first.User != "ana" || first.Reused || len(first.Cookies) != 1 {
		t.Errorf("first session %v reused %v with %d cookies", first, first.Reused, len(first.Cookies))
	}
	_, before := sp.counts()
	second, err := c.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	posts, after := sp.counts()
	if !second.Reused || p.count() != 1 || posts != 1 {
		t.Errorf("reused %v after %d sign-ins and %d assertions, want true, 1, 1", second.Reused, p.count(), posts)
	}
	if after != before+1 {
		t.Errorf("%d session checks for a stored session, want 1: it must be proved alive", after-before)
	}
	sp.end()
	third, err := c.Session(t.Context())
	if err != nil || third.Reused || p.count() != 2 {
		t.Errorf("after the session ended: %v, reused %v, %d sign-ins", err, third != nil && third.Reused, p.count())
	}
}

func TestOneSignInForManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &stubProvider{signIn: func(context.Context) error { <-release; return nil }}
		c, sp, net := stubClient(t, p, nil)
		defer net.Close()
		defer c.Close()

		errs := make(chan error, 100)
		for range cap(errs) {
			go func() {
				_, err := c.Session(t.Context())
				errs <- err
			}()
		}
		// One caller leaves by its own context while the others wait.
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := c.Session(ctx)
			left <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who left got %v", err)
		}
		close(release)
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Fatalf("a caller who stayed got %v", err)
			}
		}
		if posts, _ := sp.counts(); p.count() != 1 || posts != 1 {
			t.Errorf("%d sign-ins, %d assertions for 100 callers, want 1 and 1", p.count(), posts)
		}
	})
}

func TestLastCallerCancelsTheSignIn(t *testing.T) {
	cancelled := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	p := &stubProvider{signIn: func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		close(cancelled)
		return context.Cause(ctx)
	}}
	c, _, _ := stubClient(t, p, nil)
	if _, err := c.Session(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	<-cancelled
}

// TestLastCallerHearsOfTheOpenChallenge: who is interrupted at the prompt for a code
// learns that it can still be used.
func TestLastCallerHearsOfTheOpenChallenge(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	p := &stubProvider{signIn: func(ctx context.Context) error {
		cancel(errInterrupt)
		<-ctx.Done()
		return autherr.AtStep(autherr.StepMFA, &autherr.Error{Kind: autherr.ErrPassCodeNeeded, Text: "a code was sent", Hint: "use it"})
	}}
	c, _, _ := stubClient(t, p, nil)
	_, err := c.Session(ctx)
	if !errors.Is(err, errInterrupt) || sso.Code(err) != "passcode_needed" || sso.Hint(err) != "use it" {
		t.Errorf("error %v, code %q, hint %q", err, sso.Code(err), sso.Hint(err))
	}
}

var errInterrupt = errors.New("interrupt signal received")

// TestNeighbourFailed shows that a caller who waited for somebody else's sign-in
// reports how that one ended instead of trying the same again.
func TestNeighbourFailed(t *testing.T) {
	store := &sso.MemoryStore{}
	share := func(o *sso.Options) { o.Store = store }
	entered, release := make(chan struct{}), make(chan struct{})
	p1 := &stubProvider{signIn: func(context.Context) error {
		close(entered)
		<-release
		return &autherr.StepError{Step: "mfa", Err: autherr.New(autherr.ErrMFARejected, "okta: push rejected", "look at the phone")}
	}}
	p2 := &stubProvider{}
	c1, _, _ := stubClient(t, p1, share)
	c2, _, _ := stubClient(t, p2, share)

	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := c1.Session(t.Context()); first <- err }()
	<-entered
	go func() { _, err := c2.Session(t.Context()); second <- err }()
	time.Sleep(50 * time.Millisecond) // long enough for c2 to wait for the lease
	close(release)
	if err := <-first; !errors.Is(err, sso.ErrMFARejected) {
		t.Fatalf("first: %v", err)
	}
	err := <-second
	if !errors.Is(err, sso.ErrMFARejected) || sso.Step(err) != "mfa" || sso.Hint(err) != "look at the phone" {
		t.Errorf("second: %v (step %q, hint %q), want the neighbour's failure", err, sso.Step(err), sso.Hint(err))
	}
	if p2.count() != 0 {
		t.Errorf("the second process signed in %d times, want none", p2.count())
	}
	// A later call is a new decision.
	if _, err := c2.Session(t.Context()); err != nil || p2.count() != 1 {
		t.Errorf("a later call: %v after %d sign-ins", err, p2.count())
	}
}

func TestNeighbourSignedIn(t *testing.T) {
	store := &sso.MemoryStore{}
	entered, release := make(chan struct{}), make(chan struct{})
	p1 := &stubProvider{signIn: func(context.Context) error { close(entered); <-release; return nil }}
	c1, _, net := stubClient(t, p1, func(o *sso.Options) { o.Store = store })
	p2 := &stubProvider{}
	c2, _, _ := stubClient(t, p2, func(o *sso.Options) {
		o.Store = store
		o.Dial = net.Dial // the same SP
		o.Config.SSLServerCert, _ = net.CAFile(t.TempDir())
	})
	done := make(chan error, 2)
	go func() { _, err := c1.Session(t.Context()); done <- err }()
	<-entered
	go func() {
		s, err := c2.Session(t.Context())
		if err == nil && !s.Reused {
			err = errors.New("the session of the neighbour was not used")
		}
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	close(release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if p2.count() != 0 {
		t.Errorf("the second process signed in %d times, want none", p2.count())
	}
}

func TestExchangeRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		kind   error
		text   string
	}{
		{"page with an error id", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			w.Write([]byte(`<html><head><title>We can't log you in right now</title></head><body>UUID: 0b1c2d3e-0000-4000-8000-00000000abcd</body></html>`))
		}, sso.ErrExchangeRefused, "0b1c2d3e-0000-4000-8000-00000000abcd"},
		{"redirect with a code", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login.jsp?samlerror=cant_signin_no_access", http.StatusFound)
		}, sso.ErrExchangeRefused, "cant_signin_no_access"},
		{"welcome page that lies", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<title>Welcome</title>")) }, sso.ErrExchangeRefused, "still knows nobody"},
		{"no consumer", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, sso.ErrExchangeRefused, "404"},
		{"gateway trouble", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, sso.ErrUnreachable, "503"},
		{"too many", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
		}, sso.ErrRateLimited, "wait"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, sp, _ := stubClient(t, &stubProvider{}, nil)
			sp.refuse = tt.answer
			_, err := c.Session(t.Context())
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want %v with %q", err, tt.kind, tt.text)
			}
			if sso.Step(err) != "exchange" {
				t.Errorf("step %q, want exchange", sso.Step(err))
			}
			if posts, _ := sp.counts(); posts != 1 {
				t.Errorf("%d assertions posted, want 1", posts)
			}
			if wait, ok := sso.RetryAfter(err); tt.kind == sso.ErrRateLimited && (!ok || wait != 7*time.Second) {
				t.Errorf("RetryAfter %v %v, want 7s", wait, ok)
			}
		})
	}
}

func TestTimeoutBoundsTheExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &stubProvider{signIn: func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}}
		c, _, net := stubClient(t, p, func(o *sso.Options) { o.Config.Timeout = 20 * time.Second })
		defer net.Close()
		start := time.Now()
		_, err := c.Session(t.Context())
		if got := time.Since(start); got != 20*time.Second || sso.Code(err) != "unreachable" {
			t.Errorf("ended after %v with %v (%s), want 20s and unreachable", got, err, sso.Code(err))
		}
	})
}
