package sso_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/sso"
)

// running runs a Refresher over c until the returned function is called.
func running(t *testing.T, c *sso.Client, o sso.RefreshOptions) (r *sso.Refresher, stop func()) {
	t.Helper()
	r = sso.NewRefresher(o)
	if err := r.Add("bot", c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	return r, func() { cancel(); <-done }
}

// TestCheckNow: a session that died is renewed at once, by any number of callers together.
func TestCheckNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		defer net.Close()
		r, stop := running(t, c, sso.RefreshOptions{})
		defer stop()
		time.Sleep(time.Second)
		sp.end()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if e, err := r.CheckNow(t.Context(), "bot"); err != nil || e.Session == nil {
					t.Errorf("CheckNow: %v, %v", e, err)
				}
			})
		}
		all.Wait()
		if p.count() != 2 {
			t.Errorf("%d sign-ins, want 2: the first, and one for all who asked", p.count())
		}
		sp.end()
		r.WakeAll()
		time.Sleep(time.Second)
		if p.count() != 3 {
			t.Errorf("%d sign-ins after WakeAll, want 3", p.count())
		}
		if _, err := r.CheckNow(t.Context(), "nobody"); !errors.Is(err, sso.ErrConfig) {
			t.Errorf("CheckNow of what is not kept: %v", err)
		}
	})
}

// TestCheckNowAndPauses: what a call cuts short, and what it does not.
func TestCheckNowAndPauses(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want int // sign-ins after two calls
	}{
		{"an outage", &autherr.Error{Kind: autherr.ErrUnreachable, Text: "okta: 503"}, 3},
		{"an answer that is not understood", &autherr.Error{Kind: autherr.ErrBadAnswer, Text: "okta: what?"}, 3},
		{"an outage with Retry-After", &autherr.Error{Kind: autherr.ErrUnreachable, Text: "okta: 503", Wait: time.Hour}, 1},
		{"a limit", &autherr.Error{Kind: autherr.ErrRateLimited, Text: "okta: 429", Wait: time.Hour}, 1},
		{"a limit without a time", &autherr.Error{Kind: autherr.ErrRateLimited, Text: "okta: 429"}, 1},
		{"a refused secret", &autherr.Error{Kind: autherr.ErrCredentials, Text: "okta: no"}, 1},
		{"a person is needed", &autherr.Error{Kind: autherr.ErrPassCodeNeeded, Text: "okta: code"}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &stubProvider{signIn: func(context.Context) error { return tt.err }}
			c, _, net := stubClient(t, p, nil)
			defer net.Close()
			r, stop := running(t, c, sso.RefreshOptions{})
			defer stop()
			time.Sleep(time.Second)
			for range 2 {
				if _, err := r.CheckNow(t.Context(), "bot"); sso.Code(err) != sso.Code(tt.err) {
					t.Errorf("%s: CheckNow returned %v", tt.name, err)
				}
			}
			if p.count() != tt.want {
				t.Errorf("%s: %d sign-ins, want %d", tt.name, p.count(), tt.want)
			}
		})
	}
}

// TestCheckNowOfWhatIsRemoved: nobody waits for a turn that will not be.
func TestCheckNowOfWhatIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, net := stubClient(t, &stubProvider{}, nil)
		defer net.Close()
		r := sso.NewRefresher(sso.RefreshOptions{}) // it does not run
		r.Add("bot", c)
		outcome := make(chan error)
		go func() {
			_, err := r.CheckNow(t.Context(), "bot")
			outcome <- err
		}()
		synctest.Wait()
		r.Remove("bot")
		if err := <-outcome; !errors.Is(err, sso.ErrConfig) {
			t.Errorf("CheckNow of what was removed: %v", err)
		}
	})
}
