package sso_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/sso"
)

// fullStore can be read and locked, and writes fail.
type fullStore struct{ *sso.MemoryStore }

func (f fullStore) Acquire(ctx context.Context, key string) (sso.Lease, error) {
	lease, err := f.MemoryStore.Acquire(ctx, key)
	return fullLease{lease}, err
}

type fullLease struct{ sso.Lease }

func (fullLease) Save(context.Context, []byte) error { return errors.New("no space left on device") }

// told collects what a Refresher tells.
type told struct {
	mu     sync.Mutex
	events []sso.RefreshEvent
}

func (l *told) observe(_ context.Context, e sso.RefreshEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *told) kinds() (kinds []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// keep runs a Refresher over c for a while.
func keep(t *testing.T, c *sso.Client, o sso.RefreshOptions, d time.Duration) *sso.Refresher {
	t.Helper()
	r := sso.NewRefresher(o)
	if err := r.Add("bot", c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run returned %v, want the cause of the end", err)
	}
	return r
}

func TestRefresherKeepsASessionAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		defer net.Close()
		var log told
		r := keep(t, c, sso.RefreshOptions{Observe: log.observe}, 24*time.Hour)
		kinds := log.kinds()
		if p.count() != 1 || kinds[0] != sso.RefreshRenewed {
			t.Errorf("%d sign-ins, told %v, want 1 and a renewed session first", p.count(), kinds)
		}
		if n := len(kinds); n < 7 || n > 11 {
			t.Errorf("%d turns in a day, want 7 to 11: sessions last five hours", n)
		}
		for _, k := range kinds[1:] {
			if k != sso.RefreshLive {
				t.Errorf("told %v, want the rest to be live", kinds)
			}
		}
		sp.end()
		keep(t, c, sso.RefreshOptions{}, 6*time.Hour)
		if p.count() != 2 {
			t.Errorf("%d sign-ins after the session ended, want 2", p.count())
		}
		if s := r.Status(); len(s) != 1 || s[0].State != sso.RefreshLive || s[0].User != "ana" || s[0].Next.IsZero() {
			t.Errorf("status %+v", s)
		}
	})
}

// TestRefresherStopsOnce: a refused password stops the identity, which is told once,
// not after a restart and not by a second host; a new line in the file resumes.
func TestRefresherStopsOnce(t *testing.T) {
	w, opts, ca := world(t)
	file := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong")
	conn := fmt.Sprintf("AuthScheme=Okta;URL=%s;SSOLoginURL=%s;SSOExchangeURL=%s;User=passwordonly@example.com;PasswordFile=%s;%s",
		w.Jira.BaseURL(), w.Okta.AppLink(), w.Jira.ACS(), file, ca)
	var log told
	turn := func() sso.RefreshStatus {
		r := sso.NewRefresher(sso.RefreshOptions{Observe: log.observe})
		r.Add("bot", open(t, conn, opts))
		if err := r.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		return r.Status()[0]
	}
	for range 3 {
		if s := turn(); s.State != sso.RefreshStopped || s.Code != "credentials" || s.Hint == "" {
			t.Errorf("status %+v, want stopped for credentials", s)
		}
	}
	if n := passwordsSent(w); n != 1 || len(log.events) != 1 || !errors.Is(log.events[0].Err, sso.ErrCredentials) {
		t.Errorf("%d passwords sent, told %v; want one of each", n, log.kinds())
	}
	write("wrong again")
	turn()
	turn()
	if n := passwordsSent(w); n != 2 || len(log.events) != 2 {
		t.Errorf("after a change: %d passwords sent, told %v; want two of each", n, log.kinds())
	}
	// The file goes away for a while: that is told, the old refusal not again.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	turn()
	write("wrong again")
	turn()
	if n := passwordsSent(w); n != 2 || len(log.events) != 3 || !errors.Is(log.events[2].Err, sso.ErrConfig) {
		t.Errorf("after the file was away: %d passwords sent, told %v; want 2, and the missing file", n, log.kinds())
	}
	write(w.Password)
	if s := turn(); s.State != sso.RefreshLive {
		t.Errorf("with the right password: %+v", s)
	}
}

// TestRefresherBacksOff: an outage is waited out, by the server's own word, also by the
// next process.
func TestRefresherBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &sso.MemoryStore{}
		p := &stubProvider{signIn: func(context.Context) error {
			return &autherr.Error{Kind: autherr.ErrRateLimited, Text: "okta: 429", Wait: 20 * time.Minute}
		}}
		share := func(o *sso.Options) { o.Store = store }
		c, _, net := stubClient(t, p, share)
		defer net.Close()
		var log told
		keep(t, c, sso.RefreshOptions{Observe: log.observe}, 19*time.Minute)
		if p.count() != 1 {
			t.Errorf("%d sign-ins within the twenty minutes that the server asked for, want 1", p.count())
		}
		again, _, net2 := stubClient(t, p, share)
		defer net2.Close()
		keep(t, again, sso.RefreshOptions{Observe: log.observe}, 30*time.Second)
		if p.count() != 1 || len(log.kinds()) != 1 {
			t.Errorf("a restart: %d sign-ins, told %v, want no more", p.count(), log.kinds())
		}
		keep(t, again, sso.RefreshOptions{Observe: log.observe}, 10*time.Minute)
		if p.count() != 2 {
			t.Errorf("%d sign-ins after the wait, want 2", p.count())
		}
	})
}

func TestRefresherBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour) // into the day
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		defer net.Close()
		var log told
		forget := func(ctx context.Context, e sso.RefreshEvent) { sp.end(); log.observe(ctx, e) }
		r := keep(t, c, sso.RefreshOptions{SignInsPerDay: 3, Observe: forget}, 20*time.Hour)
		if p.count() != 3 {
			t.Errorf("%d sign-ins, want the 3 that a day has", p.count())
		}
		s := r.Status()[0]
		if until := time.Until(s.Next); s.State != sso.RefreshWaiting || s.Code != "rate_limited" || until < 3*time.Hour || until > 4*time.Hour {
			t.Errorf("status %+v, want it to wait for midnight, in %v", s, until)
		}
		keep(t, c, sso.RefreshOptions{SignInsPerDay: 3, Observe: forget}, 6*time.Hour)
		if p.count() < 4 {
			t.Errorf("%d sign-ins on the next day, want more than 3", p.count())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		defer net.Close()
		keep(t, c, sso.RefreshOptions{RequestsPerDay: 4, Idle: 20 * time.Minute}, 20*time.Hour)
		if posts, checks := sp.counts(); posts+checks > 5 || posts+checks < 4 {
			t.Errorf("%d requests in a day with a budget of 4", posts+checks)
		}
	})
}

// TestRunWaitsForSignIns: a sign-in that is under way when Run is told to stop is
// finished and stored, or cancelled when it takes too long.
func TestRunWaitsForSignIns(t *testing.T) {
	for _, tt := range []struct {
		takes  time.Duration
		stored bool
	}{{10 * time.Second, true}, {5 * time.Minute, false}} {
		synctest.Test(t, func(t *testing.T) {
			store := &sso.MemoryStore{}
			p := &stubProvider{signIn: func(ctx context.Context) error {
				select {
				case <-time.After(tt.takes):
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}}
			c, _, net := stubClient(t, p, func(o *sso.Options) { o.Store = store })
			defer net.Close()
			start := time.Now()
			keep(t, c, sso.RefreshOptions{Grace: 20 * time.Second}, time.Second)
			if took, want := time.Since(start), min(time.Second+20*time.Second, tt.takes); took < want-time.Second || took > want+time.Second {
				t.Errorf("Run returned after %v, want about %v", took, want)
			}
			if _, err := c.Stored(t.Context()); (err == nil) != tt.stored {
				t.Errorf("a sign-in of %v: stored %v, want %v", tt.takes, err == nil, tt.stored)
			}
		})
	}
}

// TestManyAreKeptByFew: no more workers than allowed, and no goroutine for those who
// wait.
func TestManyAreKeptByFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		p := &stubProvider{signIn: func(context.Context) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		}}
		r := sso.NewRefresher(sso.RefreshOptions{Workers: 3, Spread: -1})
		for i := range 20 {
			c, _, net := stubClient(t, p, nil)
			defer net.Close()
			if err := r.Add(fmt.Sprint("bot", i), c); err != nil {
				t.Fatal(err)
			}
			if err := r.Add(fmt.Sprint("bot", i), c); !errors.Is(err, sso.ErrConfig) {
				t.Errorf("added twice: %v", err)
			}
		}
		if c := r.Remove("bot19"); c == nil || r.Remove("bot19") != nil || r.Wake("bot19") || !r.Wake("bot0") {
			t.Error("Remove or Wake does not know what is kept")
		}
		if err := r.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p.count() != 19 || most.Load() != 3 {
			t.Errorf("%d sign-ins, %d at the same moment, want 19 and 3", p.count(), most.Load())
		}
	})
}

// TestRefresherPassCode: a person is needed for a text message; the code resumes the
// open transaction and no second message is sent.
func TestRefresherPassCode(t *testing.T) {
	w, opts, ca := world(t)
	stopped := make(chan sso.RefreshEvent, 4)
	r := sso.NewRefresher(sso.RefreshOptions{Observe: func(_ context.Context, e sso.RefreshEvent) { stopped <- e }})
	r.Add("bot", open(t, w.OktaConnection("User=sms@example.com", "MFAType=SMS", ca), opts))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	if e := <-stopped; e.Kind != sso.RefreshStopped || !errors.Is(e.Err, sso.ErrPassCodeNeeded) {
		t.Fatalf("told %v (%v), want a stop for a code", e, e.Err)
	}
	if _, err := r.PassCode(ctx, "nobody", "123456"); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("a code for nobody: %v", err)
	}
	w.Net.Reset()
	e, err := r.PassCode(ctx, "bot", w.Okta.Phone("sms@example.com").LastCode())
	if err != nil || e.Kind != sso.RefreshRenewed || e.Session.User == "" {
		t.Errorf("the code: %v, %v", e, err)
	}
	if n := w.Net.Count(w.Okta.Host(), "POST", "/api/v1/authn"); n != 1 {
		t.Errorf("%d requests to the authentication API, want only that with the code", n)
	}
	cancel()
	<-done
}

// TestRefresherLeavesAPersonAlone: somebody has just been sent a text message at the
// command line. The refresher does not have another one sent meanwhile.
func TestRefresherLeavesAPersonAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		conn := w.OktaConnection("User=sms@example.com", "MFAType=SMS", ca)
		if _, err := open(t, conn, opts).Session(t.Context()); !errors.Is(err, sso.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		w.Net.Reset()
		var log told
		keep(t, open(t, conn, opts), sso.RefreshOptions{Observe: log.observe}, 14*time.Minute)
		if n := len(w.Net.Requests()); n != 0 || len(log.kinds()) != 0 {
			t.Errorf("%d requests, told %v, while a person is at it; want none", n, log.kinds())
		}
		keep(t, open(t, conn, opts), sso.RefreshOptions{Observe: log.observe}, 24*time.Hour)
		if n := passwordsSent(w); n == 0 || len(log.kinds()) != 1 {
			t.Errorf("%d passwords sent, told %v, after the person has left; want a try and a stop", n, log.kinds())
		}
	})
}

// TestRefresherKeepsTheIdP: with KeepIdP Okta's session is prolonged at each turn, and
// lives longer than it would unused.
func TestRefresherKeepsTheIdP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		c := open(t, w.OktaConnection("User=passwordonly@example.com", ca), opts)
		keep(t, c, sso.RefreshOptions{KeepIdP: true}, 5*time.Hour)
		w.Jira.EndSessions("passwordonly@example.com")
		w.Net.Reset()
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := passwordsSent(w); n != 0 {
			t.Errorf("%d passwords sent, want none: Okta's session was kept", n)
		}
	})
}

// TestTwoHundredFindTheSessionExpired: one sign-in for all.
func TestTwoHundredFindTheSessionExpired(t *testing.T) {
	p := &stubProvider{}
	c, sp, _ := stubClient(t, p, nil)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	sp.end()
	var wg sync.WaitGroup
	var good atomic.Int32
	client := c.HTTP()
	for range 200 {
		wg.Go(func() {
			resp, err := client.Get("https://" + stubHost + "/rest/echo")
			if err != nil {
				t.Error(err)
				return
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK && string(body) == "hello" {
				good.Add(1)
			}
		})
	}
	wg.Wait()
	if posts, _ := sp.counts(); p.count() != 2 || posts != 2 || good.Load() != 200 {
		t.Errorf("%d sign-ins, %d assertions, %d good answers; want 2 with the first, 2 and 200", p.count(), posts, good.Load())
	}
}
