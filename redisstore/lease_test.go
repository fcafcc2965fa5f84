package redisstore_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestOneWinnerAtATime has 50 contenders in ten stores increment one counter, each
// reading what the last one wrote.
func TestOneWinnerAtATime(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		const stores, each = 10, 5
		var wg sync.WaitGroup
		var inside, most atomic.Int32
		for range stores {
			s := open(t, server.url(), redisstore.Options{})
			for range each {
				wg.Go(func() {
					lease, err := s.Acquire(t.Context(), recordKey)
					if err != nil {
						t.Error(err)
						return
					}
					defer lease.Release()
					if n := inside.Add(1); n > 1 {
						most.Store(n)
					}
					defer inside.Add(-1)
					n, _ := strconv.Atoi(load(t, s, recordKey))
					if err := lease.Save(t.Context(), []byte(strconv.Itoa(n+1))); err != nil {
						t.Error(err)
					}
				})
			}
		}
		start := time.Now()
		wg.Wait()
		s := open(t, server.url(), redisstore.Options{})
		if got := load(t, s, recordKey); got != strconv.Itoa(stores*each) || most.Load() != 0 {
			t.Errorf("counted to %s, want %d; %d at a time", got, stores*each, most.Load())
		}
		t.Logf("%d turns took %v", stores*each, time.Since(start).Round(time.Millisecond))
		fence := server.admin(t).Get(t.Context(), "ssoexchange:{"+recordKey+"}:fence").Val()
		if n, _ := strconv.Atoi(fence); n < stores*each {
			t.Errorf("the fence is %s", fence)
		}
	})
}

// TestWaiting: contexts, releases and late saves.
func TestWaiting(t *testing.T) {
	t.Parallel()
	server := simulated(t)
	s, other := open(t, server.url(), redisstore.Options{}), open(t, server.url(), redisstore.Options{})
	lease := acquire(t, s, recordKey)
	for name, store := range map[string]*redisstore.Store{"same store": s, "other store": other} {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		if _, err := store.Acquire(ctx, recordKey); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: a second lease: %v", name, err)
		}
		cancel()
	}
	acquire(t, other, "aaaaaaaaaaaaaaaa").Release() // another key is free
	lease.Release()
	lease.Release()
	if err := lease.Save(t.Context(), []byte("late")); err == nil || errors.Is(err, redisstore.ErrLeaseLost) {
		t.Errorf("saving after Release: %v", err)
	}
	if got := load(t, other, recordKey); got != "" {
		t.Errorf("the late save is there: %q", got)
	}
	if l := lease.(losable); l.Err() != nil {
		t.Errorf("a lease that was released is not lost: %v", l.Err())
	}
}

// TestRenewed holds a lease for several times as long as it lasts.
func TestRenewed(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		o := redisstore.Options{LeaseTTL: 2 * time.Second}
		s, other := open(t, server.url(), o), open(t, server.url(), o)
		lease := acquire(t, s, recordKey)
		ctx, cancel := context.WithTimeout(t.Context(), 3*o.LeaseTTL/2)
		defer cancel()
		if got, err := other.Acquire(ctx, recordKey); err == nil {
			got.Release() // or it is renewed for ever, and waited for below
			t.Fatal("another process has the lease while it is renewed")
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while the lease is renewed: %v", err)
		}
		if err := lease.Save(t.Context(), []byte("x")); err != nil || lease.(losable).Err() != nil {
			t.Errorf("%v, %v", err, lease.(losable).Err())
		}
		lease.Release()
		next := acquire(t, other, recordKey)
		next.Release()
	})
}

// TestFencing takes the line to Redis away from a holder until its lease is over.
// When it comes back, there is a newer session, which must stay.
func TestFencing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		o := redisstore.Options{LeaseTTL: time.Second}
		line := newLine(t, server.addr)
		s, other := open(t, "redis://"+line.addr, o), open(t, server.url(), o)
		save(t, s, recordKey, []byte("old"))
		lease := acquire(t, s, recordKey)
		if lease.(losable).Err() != nil {
			t.Fatal("lost from the beginning")
		}
		line.cut()
		newer := acquire(t, other, recordKey) // waits until the lease is over
		if err := lease.(losable).Err(); !errors.Is(err, redisstore.ErrLeaseLost) || !errors.Is(err, sso.ErrUnreachable) {
			t.Errorf("somebody has the lease and its old holder thinks: %v", err)
		}
		select {
		case <-lease.(losable).Done():
		case <-time.After(10 * time.Second):
			t.Error("Done is not closed")
		}
		line.mend()
		for _, when := range []string{"while the other one works", "after it has saved", "after it has released"} {
			err := lease.Save(t.Context(), []byte("stale"))
			if !errors.Is(err, redisstore.ErrLeaseLost) || hint(err) == "" {
				t.Errorf("%s: %v", when, err)
			}
			if err := newer.Save(t.Context(), []byte("newer")); err != nil && when != "after it has released" {
				t.Error(err)
			}
			if when == "after it has saved" {
				newer.Release()
			}
		}
		if err := lease.Save(t.Context(), nil); !errors.Is(err, redisstore.ErrLeaseLost) {
			t.Errorf("removing: %v", err)
		}
		lease.Release() // must not end somebody else's
		if got := load(t, open(t, server.url(), o), recordKey); got != "newer" {
			t.Errorf("the newer session was overwritten: %q", got)
		}
	})
}

// TestForgottenLease: Redis loses the lease, the counter, or both, as in a fail-over
// to a replica that was behind. The fence of the value still counts.
func TestForgottenLease(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		admin := server.admin(t)
		s, other := open(t, server.url(), redisstore.Options{}), open(t, server.url(), redisstore.Options{})
		for range 5 {
			save(t, s, recordKey, []byte("old"))
		}
		lease := acquire(t, s, recordKey)
		admin.Del(t.Context(), "ssoexchange:{"+recordKey+"}:lease", "ssoexchange:{"+recordKey+"}:fence")
		save(t, other, recordKey, []byte("newer"))
		if err := lease.Save(t.Context(), []byte("stale")); !errors.Is(err, redisstore.ErrLeaseLost) {
			t.Errorf("the stale save: %v", err)
		}
		select {
		case <-lease.(losable).Done():
		default:
			t.Error("the refused holder does not know that its lease is lost")
		}
		lease.Release()
		save(t, other, recordKey, []byte("newest"))
		if got := load(t, s, recordKey); got != "newest" {
			t.Errorf("%q", got)
		}
	})
}

// TestSaveWaitsForRedis: a short absence does not lose what a sign-in has brought.
func TestSaveWaitsForRedis(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		line := newLine(t, server.addr)
		s := open(t, "redis://"+line.addr, redisstore.Options{})
		lease := acquire(t, s, recordKey)
		line.cut()
		saved := make(chan error, 1)
		go func() { saved <- lease.Save(t.Context(), []byte("the device")) }()
		select {
		case err := <-saved:
			t.Fatalf("saved without Redis: %v", err)
		case <-time.After(300 * time.Millisecond):
		}
		line.mend()
		if err := <-saved; err != nil {
			t.Fatal(err)
		}
		lease.Release()
		if got := load(t, open(t, server.url(), redisstore.Options{}), recordKey); got != "the device" {
			t.Errorf("%q", got)
		}
	})
}

// TestAnnounced: waiters are told at once, long before they would look by themselves.
func TestAnnounced(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		const bots = 20
		holder := open(t, server.url(), redisstore.Options{})
		lease := acquire(t, holder, recordKey)
		var waiting, told, woken sync.WaitGroup
		for i := range bots {
			s := open(t, server.url(), redisstore.Options{})
			saved, stop := s.Watch(t.Context(), recordKey)
			defer stop()
			waiting.Add(1)
			told.Go(func() {
				waiting.Done()
				select {
				case <-saved:
					// The first element may be the subscription's own: look, as a bot does.
					for load(t, s, recordKey) == "" {
						<-saved
					}
				case <-time.After(10 * time.Second):
					t.Errorf("bot %d was not told", i)
				}
			})
			if i == 0 {
				woken.Go(func() {
					next, err := s.Acquire(t.Context(), recordKey)
					if err != nil {
						t.Error(err)
						return
					}
					next.Release()
				})
			}
		}
		waiting.Wait()
		start := time.Now()
		if err := lease.Save(t.Context(), []byte("new session")); err != nil {
			t.Fatal(err)
		}
		told.Wait()
		took := time.Since(start)
		lease.Release()
		released := time.Now()
		woken.Wait()
		t.Logf("%d bots knew after %v, the next lease was given after %v", bots, took.Round(time.Microsecond), time.Since(released).Round(time.Microsecond))
		if took > time.Second || time.Since(released) > time.Second {
			t.Errorf("told after %v, woken after %v", took, time.Since(released))
		}
	})
}
