package sso_test

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// nobodyListens is a callback that is none of this machine, so that a test needs no port.
const nobodyListens = "https://app.example.com/callback"

// elsewhere is conn with that callback.
func elsewhere(conn string) string {
	return strings.Replace(conn, "http://localhost:33333", nobodyListens, 1)
}

// endedToken signs in once, by a person, and leaves a token in the store that has ended. From then on
// nobody can be asked.
func endedToken(t *testing.T, s *authServer, opts *sso.Options, conn string) {
	t.Helper()
	s.change(func() { s.life = 5 * time.Second }) // less than clocks may differ: it has ended at once
	opts.Authorize = s.person
	if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.change(func() { s.life = time.Hour })
	opts.Authorize = nil
}

// processes are stores of several processes for the same state: nothing is shared but what is stored.
func processes(t *testing.T) map[string]func(t *testing.T, n int) []sso.Store {
	return map[string]func(t *testing.T, n int) []sso.Store{
		"files": func(t *testing.T, n int) (list []sso.Store) {
			dir := filepath.Join(t.TempDir(), "state")
			for range n {
				s, err := filestore.Open(dir, filestore.Options{Key: filestore.FileKey})
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, s)
			}
			return list
		},
		"redis": func(t *testing.T, n int) (list []sso.Store) {
			url := startRedis(t)
			key, err := redisstore.ParseKey("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=")
			if err != nil {
				t.Fatal(err)
			}
			for range n {
				s, err := redisstore.Open(url, redisstore.Options{Key: key, LeaseTTL: 3 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				list = append(list, s)
			}
			return list
		},
	}
}

// startRedis returns the URL of a redis-server, or of the simulated one where there is none.
func startRedis(t *testing.T) string {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return "redis://" + miniredis.RunT(t).Addr()
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	cmd := exec.Command(binary, "--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--logfile", "log")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			return "redis://127.0.0.1:" + port
		}
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not start")
		}
	}
}

// Many processes, or hosts, with one ended token renew it once: a second use of the refresh token
// would sign all of them out.
func TestOAuthManyRenewOnce(t *testing.T) {
	t.Parallel()
	for name, stores := range processes(t) {
		t.Run(name, func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			conn = elsewhere(conn)
			list := stores(t, 10)
			opts.Store = list[0]
			endedToken(t, s, opts, conn)
			s.net.Reset()
			tokens := make([]string, len(list))
			var all sync.WaitGroup
			for i, store := range list {
				own := *opts
				own.Store = store
				all.Go(func() {
					token, err := open(t, conn, &own).Token(t.Context(), 0)
					if err != nil {
						t.Errorf("process %d: %v", i, err)
						return
					}
					tokens[i] = token.AccessToken
				})
			}
			all.Wait()
			if n := s.grants("refresh_token"); n != 1 || s.reuses != 0 {
				t.Errorf("%d refreshes, %d reuses, want 1 and 0", n, s.reuses)
			}
			if n := len(s.net.Requests()); n != 1 {
				t.Errorf("%d requests in all, want 1", n)
			}
			for i, token := range tokens {
				if token != tokens[0] {
					t.Errorf("process %d got another token", i)
				}
			}
		})
	}
}

// dyingStore is that of a process that dies when it writes a credential: before the write is durable,
// or after it.
type dyingStore struct {
	sso.Store
	after bool
	died  bool
}

var errDied = errors.New("killed")

func (d *dyingStore) Acquire(ctx context.Context, key string) (sso.Lease, error) {
	if d.died {
		return nil, errDied
	}
	l, err := d.Store.Acquire(ctx, key)
	return &dyingLease{l, d}, err
}

type dyingLease struct {
	sso.Lease
	d *dyingStore
}

func (l *dyingLease) Save(ctx context.Context, data []byte) error {
	if l.d.died {
		return errDied
	}
	l.d.died = true
	if l.d.after {
		return l.Lease.Save(ctx, data)
	}
	return errDied
}

// The one window that cannot be closed is between the server's answer and our write: there a process
// may die with the only copy of the new token. After the write nothing is lost. Before it, a server
// that takes a spent token for a while (Atlassian: ten minutes) hands out the next one; elsewhere a
// person is needed, and the dead token is not sent again.
func TestOAuthKilledWhileRenewing(t *testing.T) {
	for _, tt := range []struct {
		name      string
		after     bool
		leeway    time.Duration
		wait      time.Duration
		want      error
		refreshes int
	}{
		{"after the write", true, 0, 0, nil, 1},
		{"before the write, with a leeway", false, 10 * time.Minute, 0, nil, 2},
		{"before the write, without", false, 0, 0, sso.ErrPassCodeNeeded, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			conn = elsewhere(conn)
			endedToken(t, s, opts, conn)
			s.change(func() { s.leeway = tt.leeway })
			dying := *opts
			dying.Store = &dyingStore{Store: opts.Store, after: tt.after}
			_, _ = open(t, conn, &dying).Token(t.Context(), 0) // its answer reaches nobody
			for range 3 {
				if _, err := open(t, conn, opts).Token(t.Context(), 0); !errors.Is(err, tt.want) {
					t.Errorf("%v, want %v", err, tt.want)
				}
			}
			if n := s.grants("refresh_token"); n != tt.refreshes {
				t.Errorf("%d refreshes, want %d", n, tt.refreshes)
			}
		})
	}
}

// A store that cannot be written to does not take the service down: it says so, and goes on with
// what is in memory.
func TestOAuthDiskFull(t *testing.T) {
	s, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	endedToken(t, s, opts, conn)
	full := *opts
	full.Store = fullStore{opts.Store.(*sso.MemoryStore)}
	c := open(t, conn, &full)
	for range 3 {
		resp, err := c.HTTP().Get(s.site + "/rest/api/3/myself")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if n := s.grants("refresh_token"); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}
