package sso_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestClockPutRightWhileRefreshing: a refresher runs while the clock is put right. What
// it has stored lies in the future or far back then; its own schedule, which does not
// depend on the clock of the wall, goes on, and a session that ends is renewed soon.
func TestClockPutRightWhileRefreshing(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for _, by := range []time.Duration{14 * year, 25 * time.Hour, 10 * time.Minute, -14 * year, -25 * time.Hour} {
		for name, failing := range map[string]bool{"a session": false, "a backoff": true} {
			t.Run(name+" "+by.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := &stubProvider{}
					if failing {
						p.signIn = func(context.Context) error { return autherr.New(autherr.ErrUnreachable, "an outage", "") }
					}
					store := &sso.MemoryStore{}
					c, sp, net := stubClient(t, p, func(o *sso.Options) { o.Store = store })
					defer net.Close()
					r, stop := running(t, c, sso.RefreshOptions{CheckEvery: 5 * time.Minute})
					defer stop()
					time.Sleep(3 * time.Minute)
					shiftStored(t, store, c.Identity().Key(), by)
					sp.end()
					p.mu.Lock()
					tried := p.calls
					p.signIn = nil
					p.mu.Unlock()
					time.Sleep(15 * time.Minute)
					if n := p.count() - tried; n != 1 {
						t.Errorf("%d sign-ins after the clock was put right, want 1; %+v", n, r.Status()[0])
					}
					if s := r.Status()[0]; s.State != sso.RefreshLive && s.State != sso.RefreshRenewed {
						t.Errorf("%s: %s", s.State, s.Reason)
					}
				})
			})
		}
	}
}

// shiftStored adds by to the times in a stored record.
func shiftStored(t *testing.T, store *sso.MemoryStore, key string, by time.Duration) {
	t.Helper()
	lease, err := store.Acquire(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	data, err := store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := lease.Save(t.Context(), shiftTimes(data, by)); err != nil {
		t.Fatal(err)
	}
}
