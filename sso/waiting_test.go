package sso_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/sso"
)

// waits collects what is reported.
type waits struct {
	mu  sync.Mutex
	all []sso.Wait
}

func (w *waits) note(one sso.Wait) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, one)
}

// list returns what has been noted.
func (w *waits) list() []sso.Wait {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}

// heldStore says who has the lease.
type heldStore struct {
	sso.MemoryStore
	since time.Time
}

func (s *heldStore) Holder(context.Context, string) (string, time.Time) {
	return "process 4711", s.since
}

func TestWaitForTheLeaseIsReported(t *testing.T) {
	for _, tt := range []struct {
		held time.Duration
		want int
	}{{1900 * time.Millisecond, 0}, {3 * time.Second, 1}, {31 * time.Second, 1}, {33 * time.Second, 2}, {65 * time.Second, 3}} {
		t.Run(tt.held.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got waits
				store := &heldStore{since: time.Now().Add(-time.Hour)}
				c, _, world := stubClient(t, &stubProvider{}, func(o *sso.Options) { o.Store, o.Waiting = store, got.note })
				defer world.Close()
				defer c.Close()
				lease, err := store.Acquire(t.Context(), c.Identity().Key())
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(tt.held, lease.Release)
				if _, err := c.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // nothing is reported after the end
				synctest.Wait()
				if len(got.list()) != tt.want {
					t.Fatalf("reported %d times, want %d: %v", len(got.list()), tt.want, got.list())
				}
				for _, w := range got.list() {
					if w.Server != "" || w.Holder != "process 4711" || !w.Since.Equal(store.since) {
						t.Errorf("reported %+v", w)
					}
				}
			})
		})
	}
}

func TestWaitForAServerIsReported(t *testing.T) {
	for _, tt := range []struct {
		slow time.Duration
		want int
	}{{time.Second, 0}, {3 * time.Second, 1}, {20 * time.Second, 1}} {
		t.Run(tt.slow.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got waits
				c, _, world := stubClient(t, &stubProvider{}, func(o *sso.Options) {
					dial := o.Dial
					o.Waiting, o.Config.Timeout = got.note, 10*time.Minute
					o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
						select {
						case <-time.After(tt.slow):
						case <-ctx.Done():
							return nil, context.Cause(ctx)
						}
						return dial(ctx, network, addr)
					}
				})
				defer world.Close()
				defer c.Close()
				if _, err := c.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				c.Close()
				time.Sleep(time.Minute)
				synctest.Wait()
				if len(got.list()) != tt.want {
					t.Fatalf("reported %d times, want %d: %v", len(got.list()), tt.want, got.list())
				}
				for _, w := range got.list() {
					if w.Server != stubHost || w.Since.IsZero() || w.Holder != "" {
						t.Errorf("reported %+v", w)
					}
				}
			})
		})
	}
}

// TestWaitForTheAccountIsReported: another Jira's sign-in has sent the password of the
// same account.
func TestWaitForTheAccountIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		var got waits
		store := &heldStore{since: time.Now()}
		opts.Store = store
		var first sync.Once
		w.Net.Intercept(func(_ string, r *http.Request) (h http.Handler) {
			if r.URL.Path == "/api/v1/authn" {
				first.Do(func() { time.Sleep(10 * time.Second) })
			}
			return nil
		})
		addJira(w, 0)
		addJira(w, 1)
		slow := open(t, jiraConnection(w, "Okta", 0, ca), opts)
		waiting := *opts
		waiting.Waiting = got.note
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := slow.Login(t.Context()); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second)
		if _, err := open(t, jiraConnection(w, "Okta", 1, ca), &waiting).Login(t.Context()); err != nil {
			t.Error(err)
		}
		both.Wait()
		if len(got.list()) != 1 || got.list()[0].For != "another sign-in with the same account" || got.list()[0].Holder != "process 4711" || got.list()[0].Server != "" {
			t.Errorf("reported %+v", got.list())
		}
	})
}

// TestOtherWaitsAreReported: what a provider, a factor or a secret waits for.
func TestOtherWaitsAreReported(t *testing.T) {
	for _, tt := range []struct {
		name  string
		signs func(ctx context.Context, c *sso.Client) error
	}{
		{"Login", func(ctx context.Context, c *sso.Client) error { _, err := c.Login(ctx); return err }},
		{"LoginFresh", func(ctx context.Context, c *sso.Client) error { _, err := c.LoginFresh(ctx); return err }},
		{"Session", func(ctx context.Context, c *sso.Client) error { _, err := c.Session(ctx); return err }},
		{"HTTP", func(_ context.Context, c *sso.Client) error {
			resp, err := c.HTTP().Get("https://" + stubHost + "/rest/echo")
			if err == nil {
				resp.Body.Close()
			}
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got waits
				provider := &stubProvider{signIn: func(ctx context.Context) error {
					defer deadline.Waiting(ctx, "the next code")()
					time.Sleep(3 * time.Second)
					return nil
				}}
				c, _, world := stubClient(t, provider, func(o *sso.Options) { o.Waiting = got.note })
				defer world.Close()
				defer c.Close()
				if err := tt.signs(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if len(got.list()) != 1 || got.list()[0].For != "the next code" || got.list()[0].Since.IsZero() || got.list()[0].Server != "" {
					t.Errorf("reported %+v", got.list())
				}
			})
		})
	}
}

// TestWaitForARequestIsReported: a request of the caller's own, until its answer begins.
func TestWaitForARequestIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got waits
		var slow time.Duration
		c, _, world := stubClient(t, &stubProvider{}, func(o *sso.Options) {
			dial := o.Dial
			o.Waiting, o.Config.Timeout = got.note, 10*time.Minute
			o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				time.Sleep(slow)
				return dial(ctx, network, addr)
			}
		})
		defer world.Close()
		defer c.Close()
		if _, err := c.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Close() // idle connections
		slow = 3 * time.Second
		resp, err := c.HTTP().Get("https://" + stubHost + "/rest/echo")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // the body is not read: the answer has begun
		resp.Body.Close()
		if len(got.list()) != 1 || got.list()[0].Server != stubHost {
			t.Errorf("reported %+v", got.list())
		}
	})
}
