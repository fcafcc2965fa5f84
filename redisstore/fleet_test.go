package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	storeEnv = "REDISSTORE_TEST_STORE" // the URL of the store
	connEnv  = "REDISSTORE_TEST_CONN"  // the connection string
	fleetTTL = 3 * time.Second         // how long a dead replica keeps the others waiting
	replicas = 10
)

// replica is one process of a fleet: it wants a session, and says whose it got.
func replica() int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := wantSession(ctx, fmt.Sprintf("replica/%d", os.Getpid())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func wantSession(ctx context.Context, agent string) error {
	k, err := redisstore.ParseKey(keyText)
	if err != nil {
		return err
	}
	store, err := redisstore.Open(os.Getenv(storeEnv), redisstore.Options{Key: k, LeaseTTL: fleetTTL})
	if err != nil {
		return err
	}
	defer store.Close()
	client, err := sso.Open(ctx, os.Getenv(connEnv), &sso.Options{Store: store, UserAgent: agent})
	if err != nil {
		return err
	}
	defer client.Close()
	s, err := client.Session(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%s reused=%v\n", s.User, s.Reused)
	return nil
}

// fleet is simulated servers on loopback and the processes that use them.
type fleet struct {
	t     *testing.T
	world *fixtures.World
	env   []string
}

func newFleet(t *testing.T, store server) *fleet {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := fixtures.NewWorld(fixtures.WorldOptions{OktaHost: "okta.localhost:" + port, CrowdHost: "crowd.localhost:" + port, JiraHost: "jira.localhost:" + port})
	listener := w.Net.Serve(ln)
	t.Cleanup(func() {
		listener.Close()
		w.Net.Close()
	})
	ca, err := w.Net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &fleet{t: t, world: w, env: append(os.Environ(), childEnv+"=replica", storeEnv+"="+store.url(), "GORACE=atexit_sleep_ms=0",
		connEnv+"="+w.OktaConnection("User=passwordonly@example.com", "SSLServerCert="+ca))}
}

// result is how a replica ended.
type result struct {
	out string
	err error
}

// run starts n replicas at once and returns how each of them ended, as they end.
func (f *fleet) run(n int) <-chan result {
	results := make(chan result, n)
	for range n {
		cmd := exec.CommandContext(f.t.Context(), os.Args[0])
		cmd.Env = f.env
		go func() {
			out, err := cmd.CombinedOutput()
			results <- result{string(out), err}
		}()
	}
	return results
}

// count counts the requests to a server whose path begins with prefix.
func (f *fleet) count(server, method, prefix string) int {
	n := 0
	for _, r := range f.world.Net.Requests() {
		if host, _, _ := strings.Cut(r.Host, ":"); host == server+".localhost" && r.Method == method && strings.HasPrefix(r.Path, prefix) {
			n++
		}
	}
	return n
}

func (f *fleet) passwords() int { return f.count("okta", "POST", "/api/v1/authn") }
func (f *fleet) sessions() int  { return f.count("jira", "POST", "/plugins/servlet/samlconsumer") }

// atAppLink calls do once, when the first replica has sent its password and asks for
// its assertion.
func (f *fleet) atAppLink(do func(pid int)) {
	var once sync.Once
	f.world.Net.Intercept(func(host string, r *http.Request) http.Handler {
		var pid int
		if host == "okta.localhost" && r.Method == "GET" && strings.HasPrefix(r.URL.Path, "/home/") && f.passwords() > 0 {
			if _, err := fmt.Sscanf(r.UserAgent(), "replica/%d", &pid); err == nil {
				once.Do(func() { do(pid) })
			}
		}
		return nil
	})
}

// TestTenReplicas: ten processes on one Redis, one sign-in.
func TestTenReplicas(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		f := newFleet(t, server)
		results := f.run(replicas)
		signedIn := 0
		for range replicas {
			r := <-results
			if r.err != nil || !strings.Contains(r.out, "passwordonly@example.com") {
				t.Errorf("%v: %s", r.err, r.out)
			}
			if strings.Contains(r.out, "reused=false") {
				signedIn++
			}
		}
		if f.passwords() != 1 || f.sessions() != 1 || signedIn != 1 {
			t.Errorf("%d passwords, %d sessions, %d replicas that signed in; want 1 each", f.passwords(), f.sessions(), signedIn)
		}
		noLeaseLeft(t, server)
	})
}

// TestClientWithoutRedis: a session that is known goes on being used while Redis is
// away; a new one is not made without the lease.
func TestClientWithoutRedis(t *testing.T) {
	t.Parallel()
	server := simulated(t)
	w := fixtures.NewWorld(fixtures.WorldOptions{})
	t.Cleanup(func() { w.Net.Close() })
	ca, err := w.Net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	client, err := sso.Open(t.Context(), w.OktaConnection("User=passwordonly@example.com", "SSLServerCert="+ca),
		&sso.Options{Dial: w.Net.Dial, Store: open(t, server.url(), redisstore.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if _, err := client.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.stop()
	if s, err := client.Session(t.Context()); err != nil || !s.Reused {
		t.Errorf("a live session while Redis is away: %v, %v", s, err)
	}
	if resp, err := client.HTTP().Get("https://jira.example.com/rest/api/2/myself"); err != nil || resp.StatusCode != 200 {
		t.Errorf("a request while Redis is away: %v", err)
	} else {
		resp.Body.Close()
	}
	w.Jira.EndSessions("passwordonly@example.com")
	w.Net.Reset()
	if _, err := client.Session(t.Context()); !errors.Is(err, sso.ErrUnreachable) || sso.Step(err) != "state" {
		t.Errorf("a dead session while Redis is away: %v", err)
	}
	if n := w.Net.Count("acme.okta.com", "", ""); n != 0 {
		t.Errorf("%d requests to Okta without the lease", n)
	}
	server.start()
	if s, err := client.Session(t.Context()); err != nil || s.Reused {
		t.Errorf("when Redis is back: %v, %v", s, err)
	}
}

// TestWaitersShareAnnouncement: those who wait for a sign-in use its session as soon
// as it is saved, all at once, also while its maker still holds the lease.
func TestWaitersShareAnnouncement(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		w := fixtures.NewWorld(fixtures.WorldOptions{})
		t.Cleanup(func() { w.Net.Close() })
		ca, err := w.Net.CAFile(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		conn := w.OktaConnection("User=passwordonly@example.com", "SSLServerCert="+ca)
		client := func(store sso.Store) *sso.Client {
			c, err := sso.Open(t.Context(), conn, &sso.Options{Dial: w.Net.Dial, Store: store})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return c
		}
		// The maker keeps its lease until all others have returned.
		maker := &lateRelease{Store: open(t, server.url(), redisstore.Options{}), release: make(chan struct{})}
		entered := make(chan struct{})
		proceed := make(chan struct{})
		var once sync.Once
		w.Net.Intercept(func(host string, r *http.Request) http.Handler {
			if strings.HasSuffix(r.URL.Path, "/api/v1/authn") {
				once.Do(func() { close(entered); <-proceed })
			}
			return nil
		})
		made := make(chan error, 1)
		go func() {
			_, err := client(maker).Session(t.Context())
			made <- err
		}()
		<-entered
		var waiters sync.WaitGroup
		watching := &sync.WaitGroup{}
		for range replicas {
			watching.Add(1)
			c := client(&watched{Store: open(t, server.url(), redisstore.Options{}), watching: watching})
			waiters.Go(func() {
				if s, err := c.Session(t.Context()); err != nil || !s.Reused {
					t.Errorf("%v, %v", s, err)
				}
			})
		}
		watching.Wait()
		close(proceed)
		waiters.Wait() // would hang if they needed the lease
		close(maker.release)
		if err := <-made; err != nil {
			t.Error(err)
		}
		if n := w.Net.Count("acme.okta.com", "POST", "/api/v1/authn"); n != 1 {
			t.Errorf("%d sign-ins", n)
		}
		noLeaseLeft(t, server)
	})
}

// noLeaseLeft: whoever goes home gives back what it had, or what it was about to get.
func noLeaseLeft(t *testing.T, server server) {
	t.Helper()
	if left := server.admin(t).Keys(t.Context(), "ssoexchange:*:lease").Val(); len(left) != 0 {
		t.Errorf("leases are left: %v", left)
	}
}

// lateRelease is a store whose leases are given back when the test says so.
type lateRelease struct {
	*redisstore.Store
	release chan struct{}
}

func (l *lateRelease) Acquire(ctx context.Context, key string) (sso.Lease, error) {
	lease, err := l.Store.Acquire(ctx, key)
	if err != nil {
		return nil, err
	}
	return lateLease{lease, l.release}, nil
}

type lateLease struct {
	sso.Lease
	release chan struct{}
}

func (l lateLease) Release() {
	<-l.release
	l.Lease.Release()
}

// watched tells when somebody has begun to listen to announcements.
type watched struct {
	*redisstore.Store
	watching *sync.WaitGroup
	once     sync.Once
}

func (w *watched) Watch(ctx context.Context, key string) (<-chan struct{}, func()) {
	defer w.once.Do(w.watching.Done)
	return w.Store.Watch(ctx, key)
}
