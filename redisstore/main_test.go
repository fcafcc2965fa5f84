package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/ssoexchange/ssoexchange/internal/freeport"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	recordKey = "0123456789abcdef"
	childEnv  = "REDISSTORE_TEST_CHILD" // what a child process is to do
	keyText   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
	otherKey  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI="

	// requireEnv makes a missing redis-server a failure.
	requireEnv = "REQUIRE_REDIS"
)

var _ sso.Store = (*redisstore.Store)(nil)

// TestMain makes the test binary also the other hosts of a fleet, and keeps all of
// them away from the environment of whoever runs them.
func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	if os.Getenv(childEnv) != "" {
		os.Exit(replica())
	}
	require := os.Getenv(requireEnv)
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "SSOEXCHANGE_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv(requireEnv, require)
	flag.Parse()
	_ = flag.Set("test.parallel", "16") // they wait for leases to end, which takes no processor
	os.Exit(m.Run())
}

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// server is a Redis that can go away and come back.
type server struct {
	addr  string
	stop  func()
	start func()
}

func (s server) url() string { return "redis://" + s.addr }

// admin looks at the server from outside.
func (s server) admin(t testing.TB) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.addr, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	return c
}

// onEach runs a test on the simulated Redis and on a real one.
func onEach(t *testing.T, test func(t *testing.T, s server)) {
	t.Run("miniredis", func(t *testing.T) { test(t, simulated(t)) })
	if binary := realRedis(t); binary != "" {
		t.Run("redis-server", func(t *testing.T) { test(t, started(t, binary)) })
	}
}

// realRedis returns the path of a redis-server, "" if there is none here.
func realRedis(t testing.TB) string {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv(requireEnv) != "" {
			t.Fatal("there is no redis-server, and $" + requireEnv + " is set")
		}
		t.Log("no redis-server on the PATH: only the simulated one was tested")
		return ""
	}
	return path
}

// simulated starts a miniredis whose clock goes, which it does not do by itself.
func simulated(t testing.TB) server {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	addr := m.Addr()
	done := make(chan struct{})
	var clock sync.WaitGroup
	clock.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case now := <-tick.C:
				m.FastForward(now.Sub(last))
				last = now
			case <-done:
				return
			}
		}
	})
	t.Cleanup(func() {
		close(done)
		clock.Wait()
		m.Close()
	})
	return server{addr, m.Close, func() {
		if err := m.StartAddr(addr); err != nil {
			t.Error(err)
		}
	}}
}

// started starts a redis-server with further arguments. What it has stored survives
// stop and start.
func started(t testing.TB, binary string, args ...string) server {
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	dir := t.TempDir()
	var cmd *exec.Cmd
	s := server{addr: addr}
	s.start = func() {
		base := []string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--logfile", dir + "/log"}
		cmd = exec.Command(binary, append(base, args...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "redis-server", func() bool {
			c := redis.NewClient(&redis.Options{Addr: addr, DisableIdentity: true, MaxRetries: -1})
			defer c.Close()
			err := c.Ping(context.Background()).Err()
			return err == nil || strings.HasPrefix(err.Error(), "NOAUTH")
		})
	}
	s.stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

// startedCluster starts a Cluster of one node.
func startedCluster(t testing.TB, binary string) server {
	s := started(t, binary, "--cluster-enabled", "yes")
	admin := s.admin(t)
	if err := admin.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the cluster", func() bool {
		return strings.Contains(admin.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	})
	return s
}

// startedWith starts a Sentinel, which writes to its configuration file.
func startedWith(t testing.TB, binary, config string) server {
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(binary, config, "--sentinel", "--port", port, "--bind", "127.0.0.1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	waitFor(t, "the Sentinel", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return server{addr: addr}
}

func freeAddr(t testing.TB) string {
	port, err := freeport.Loopback()
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strconv.Itoa(port)
}

// waitFor polls what another process does, which no channel tells of.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	give := time.After(20 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-give:
			t.Fatalf("waited 20 s for %s", what)
		}
	}
}

func open(t testing.TB, url string, o redisstore.Options) *redisstore.Store {
	t.Helper()
	if o.Key == nil {
		o.Key = key(t, keyText)
	}
	s, err := redisstore.Open(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func key(t testing.TB, text string) *redisstore.Key {
	t.Helper()
	k, err := redisstore.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func acquire(t testing.TB, s *redisstore.Store, key string) redisstore.Lease {
	t.Helper()
	lease, err := s.Acquire(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func save(t testing.TB, s *redisstore.Store, key string, data []byte) {
	t.Helper()
	lease := acquire(t, s, key)
	defer lease.Release()
	if err := lease.Save(t.Context(), data); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s *redisstore.Store, key string) string {
	t.Helper()
	data, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// losable is what the leases of this package can do beyond the interface.
type losable interface {
	Done() <-chan struct{}
	Err() error
}

// recorder returns a logger and what it has logged.
func recorder() (*slog.Logger, *lockedBuffer) {
	b := &lockedBuffer{}
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})), b
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// line is a network line to a server that can be cut and mended.
type line struct {
	t      testing.TB
	to     string
	addr   string
	mu     sync.Mutex
	ln     net.Listener
	conns  []net.Conn
	closed bool
}

func newLine(t testing.TB, to string) *line {
	l := &line{t: t, to: to, addr: freeAddr(t)}
	l.mend()
	t.Cleanup(l.cut)
	return l
}

func (l *line) mend() {
	ln, err := net.Listen("tcp", l.addr)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	l.ln, l.closed = ln, false
	l.mu.Unlock()
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", l.to)
			l.mu.Lock()
			if err != nil || l.closed {
				l.mu.Unlock()
				in.Close()
				continue
			}
			l.conns = append(l.conns, in, out)
			l.mu.Unlock()
			go func() { io.Copy(out, in); out.Close() }()
			go func() { io.Copy(in, out); in.Close() }()
		}
	}()
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.ln.Close()
	for _, c := range l.conns {
		c.Close()
	}
	l.conns = nil
}

func hint(err error) string {
	var h interface{ HintText() string }
	if errors.As(err, &h) {
		return h.HintText()
	}
	return ""
}

func numbered(n int) string { return fmt.Sprintf("%016x", n) }
