package sso_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/sso"
)

// plainStore announces nothing.
type plainStore struct{ sso.Store }

// watchStore announces what is saved, as a store that hosts share.
type watchStore struct {
	plainStore
	mu      sync.Mutex
	waiters map[chan struct{}]bool
}

func (s *watchStore) Watch(context.Context, string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters[c] = true
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiters, c)
	}
}

func (s *watchStore) Acquire(ctx context.Context, key string) (sso.Lease, error) {
	lease, err := s.plainStore.Acquire(ctx, key)
	return tellingLease{lease, s}, err
}

type tellingLease struct {
	sso.Lease
	store *watchStore
}

func (l tellingLease) Save(ctx context.Context, data []byte) error {
	err := l.Lease.Save(ctx, data)
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	for c := range l.store.waiters {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	return err
}

// TestConsumersWakeTheRefresher: whoever finds the session dead, the Refresher that shares
// the store has a live one soon after.
func TestConsumersWakeTheRefresher(t *testing.T) {
	away := errors.New("the consumer cannot sign in")
	get := func(method string) func(context.Context, *sso.Client) error {
		return func(ctx context.Context, c *sso.Client) error {
			req, _ := http.NewRequestWithContext(ctx, method, "https://"+stubHost+"/rest/echo", strings.NewReader("x"))
			resp, err := c.HTTP().Do(req)
			if err == nil {
				resp.Body.Close()
			}
			return err
		}
	}
	consumers := map[string]struct {
		use    func(context.Context, *sso.Client) error
		cannot bool // the consumer's sign-in fails
	}{
		"status":                    {uses["Check"], true},
		"cookies":                   {uses["Session"], false},
		"cookies without a sign-in": {uses["Session"], true},
		"login":                     {uses["Login"], false},
		"api GET":                   {get("GET"), false},
		"api POST":                  {get("POST"), false},
		"api without a sign-in":     {get("GET"), true},
		"proxy":                     {get("PUT"), false},
	}
	stores := map[string]func() sso.Store{
		"memory": func() sso.Store { return &sso.MemoryStore{} },
		"announcing": func() sso.Store {
			return &watchStore{plainStore: plainStore{&sso.MemoryStore{}}, waiters: map[chan struct{}]bool{}}
		},
		"without a Watch": func() sso.Store { return plainStore{&sso.MemoryStore{}} },
	}
	for kind, store := range stores {
		for name, consumer := range consumers {
			synctest.Test(t, func(t *testing.T) {
				shared := store()
				share := func(o *sso.Options) { o.Store = shared }
				p, theirs := &stubProvider{}, &stubProvider{}
				c, sp, net := stubClient(t, p, share)
				defer net.Close()
				var log told
				r, stop := running(t, c, sso.RefreshOptions{CheckEvery: time.Hour, Observe: log.observe})
				defer stop()
				time.Sleep(time.Second)
				if consumer.cannot {
					theirs.signIn = func(context.Context) error { return &autherr.Error{Kind: sso.ErrUnreachable, Text: "x", Cause: away} }
				}
				other, _, net2 := stubClient(t, theirs, share)
				defer net2.Close()
				net2.Handle(stubHost, sp)
				time.Sleep(time.Minute)
				sp.end()
				consumer.use(t.Context(), other)
				wait := 10 * time.Second
				if kind == "without a Watch" {
					wait = 7 * time.Minute // a tenth of CheckEvery
				}
				time.Sleep(wait)
				s := r.Status()[0]
				if !s.Verified.After(time.Now().Add(-wait)) || s.State != sso.RefreshLive {
					t.Errorf("%s, %s: %s, last looked at %v ago", kind, name, s.State, time.Since(s.Verified))
				}
				if kinds := log.kinds(); len(kinds) != 2 || kinds[1] != sso.RefreshRenewed {
					t.Errorf("%s, %s: told %v, want the first session and the new one", kind, name, kinds)
				}
				if n := p.count() + theirs.count(); n > 3 {
					t.Errorf("%s, %s: %d sign-ins", kind, name, n)
				}
			})
		}
	}
}

// TestCheckEvery: a session that dies is noticed within the bound, and what is called live
// was proved so within it.
func TestCheckEvery(t *testing.T) {
	for _, most := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			p := &stubProvider{}
			c, sp, net := stubClient(t, p, nil)
			defer net.Close()
			r, stop := running(t, c, sso.RefreshOptions{CheckEvery: most})
			defer stop()
			time.Sleep(time.Second)
			for range 5 {
				sp.end() // as a restart does
				before := p.count()
				for range 100 {
					time.Sleep(most / 100)
					if s := r.Status()[0]; s.State == sso.RefreshLive && time.Since(s.Verified) > most {
						t.Fatalf("%v: called live, %v after it was looked at", most, time.Since(s.Verified))
					}
				}
				if p.count() != before+1 {
					t.Errorf("%v: %d sign-ins within the bound, want 1", most, p.count()-before)
				}
			}
		})
	}
}

// TestStatusOutdates: nothing is called live on the strength of an old look, whatever
// holds the next one up.
func TestStatusOutdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, net := stubClient(t, &stubProvider{}, nil)
		defer net.Close()
		turns := 0
		r, stop := running(t, c, sso.RefreshOptions{CheckEvery: 5 * time.Minute, Observe: func(context.Context, sso.RefreshEvent) {
			if turns++; turns == 2 {
				time.Sleep(time.Hour) // an output that hangs
			}
		}})
		defer stop()
		time.Sleep(4 * time.Minute)
		if s := r.Status()[0]; s.State != sso.RefreshLive {
			t.Errorf("after 4 minutes: %s", s.State)
		}
		time.Sleep(2 * time.Minute)
		if s := r.Status()[0]; s.State != sso.RefreshPending || s.Reason == "" {
			t.Errorf("6 minutes after the only look that ended: %s %q, want it pending with a reason", s.State, s.Reason)
		}
		time.Sleep(2 * time.Hour)
		if s := r.Status()[0]; s.State != sso.RefreshLive {
			t.Errorf("after the hang: %s", s.State)
		}
	})
}

// TestStoredIsNotHandedOutOnceLost: what Jira has disowned is no session for those who do
// not ask, until Jira says otherwise.
func TestStoredIsNotHandedOutOnceLost(t *testing.T) {
	p := &stubProvider{}
	c, sp, _ := stubClient(t, p, nil)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}
	sessions := map[string]bool{}
	for id := range sp.sessions {
		sessions[id] = true
	}
	sp.end()
	if _, err := c.Check(t.Context()); !errors.Is(err, sso.ErrNoSession) {
		t.Fatal(err)
	}
	if _, err := c.Stored(t.Context()); !errors.Is(err, sso.ErrNoSession) {
		t.Errorf("stored although lost: %v", err)
	}
	sp.sessions = sessions // another node knows it
	if _, err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Stored(t.Context()); err != nil || p.count() != 1 {
		t.Errorf("stored after Jira knew it again: %v, %d sign-ins", err, p.count())
	}
}
