package sso_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// slowStore takes its time to read, or to write.
type slowStore struct {
	sso.MemoryStore
	read, write time.Duration
}

func (s *slowStore) Load(ctx context.Context, key string) ([]byte, error) {
	time.Sleep(s.read)
	return s.MemoryStore.Load(ctx, key)
}

func (s *slowStore) Acquire(ctx context.Context, key string) (sso.Lease, error) {
	lease, err := s.MemoryStore.Acquire(ctx, key)
	return slowLease{lease, s.write}, err
}

type slowLease struct {
	sso.Lease
	write time.Duration
}

func (l slowLease) Save(ctx context.Context, data []byte) error {
	time.Sleep(l.write)
	return l.Lease.Save(ctx, data)
}

func TestWaitForTheStateIsReported(t *testing.T) {
	for _, tt := range []struct {
		name        string
		read, write time.Duration
		want        string // "": nothing is reported
	}{
		{"quick", 900 * time.Millisecond, 900 * time.Millisecond, ""},
		{"slow to read", 3 * time.Second, 0, "the stored state to be read"},
		{"slow to write", 0, 3 * time.Second, "the state to be stored"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got waits
				c, _, world := stubClient(t, &stubProvider{}, func(o *sso.Options) {
					o.Store, o.Waiting = &slowStore{read: tt.read, write: tt.write}, got.note
				})
				defer world.Close()
				defer c.Close()
				if _, err := c.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // nothing is reported after the end
				synctest.Wait()
				if tt.want == "" && len(got.list()) > 0 || tt.want != "" && len(got.list()) == 0 {
					t.Fatalf("reported %v", got.list())
				}
				for _, w := range got.list() {
					if w.For != tt.want || w.Since.IsZero() {
						t.Errorf("reported %+v, want it for %q", w, tt.want)
					}
				}
			})
		})
	}
}
