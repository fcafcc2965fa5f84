package network

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// systemOf is a system that trusts the given authorities. A pool that it returned is
// never returned again: a copy is what the caller may change.
func systemOf(all ...*authority) rootsLoader {
	return func() (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		for _, a := range all {
			pool.AddCert(a.cert)
		}
		return pool, nil
	}
}

func openTrusting(t *testing.T, file string, dial dialFunc, system rootsLoader) *Network {
	t.Helper()
	n, err := newWith(&config.Config{SSLServerCert: file}, dial, system, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// TestTrustIsShared: what counts is what the file holds when it is read.
func TestTrustIsShared(t *testing.T) {
	noProxy(t)
	ca, other := certPEM(newAuthority(t).cert), certPEM(newAuthority(t).cert)
	path := tempFile(t, ca)
	var loads atomic.Int32
	system := func() (*x509.CertPool, error) {
		loads.Add(1)
		return x509.NewCertPool(), nil
	}
	first := openTrusting(t, path, nil, system)
	second := openTrusting(t, tempFile(t, ca), nil, system)
	if first.system.tls.RootCAs != second.system.tls.RootCAs {
		t.Error("one content, two pools")
	}
	for _, n := range []*Network{first, second} {
		if n.transport.TLSClientConfig.RootCAs != n.system.tls.RootCAs {
			t.Error("through a proxy another pool would be used")
		}
	}
	if err := os.WriteFile(path, other, 0o600); err != nil {
		t.Fatal(err)
	}
	changed := openTrusting(t, path, nil, system)
	if changed.system.tls.RootCAs == first.system.tls.RootCAs {
		t.Error("the file has changed, the pool has not")
	}
	for _, n := range []*Network{first, second, changed} {
		n.Close() // which waits for the pool
	}
	if got := loads.Load(); got != 2 {
		t.Errorf("the system's certificates were read %d times, want once for each pool", got)
	}
	for content, n := range map[string]*Network{string(ca): second, string(other): changed} {
		own := x509.NewCertPool()
		own.AppendCertsFromPEM([]byte(content))
		if !n.system.tls.RootCAs.Equal(own) {
			t.Error("a pool holds other certificates than its file")
		}
	}
	late := openTrusting(t, tempFile(t, ca), nil, system)
	if late.system.tls.RootCAs != first.system.tls.RootCAs || !late.system.tls.RootCAs.Equal(first.system.tls.RootCAs) {
		t.Error("a pool that is complete is not used again")
	}
}

// TestTrustIsSharedAtOnce opens many at the same moment, and each shakes hands.
func TestTrustIsSharedAtOnce(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	s := newSite(t, nil, ca.server("jira.example.com"))
	s.shook = make(chan struct{}, 64)
	file := tempFile(t, certPEM(ca.cert))
	var work sync.WaitGroup
	pools := make([]*x509.CertPool, 16)
	for i := range pools {
		work.Go(func() {
			n, err := New(&config.Config{SSLServerCert: file}, to(s.addr()))
			if err != nil {
				t.Error(err)
				return
			}
			defer n.Close()
			pools[i] = n.system.tls.RootCAs
			if _, err := get(n, "https://jira.example.com/"); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	for _, p := range pools {
		if p != pools[0] {
			t.Fatal("more than one pool")
		}
	}
}

// TestTrustIsFreed: with the last Client that uses it, and not with the first.
func TestTrustIsFreed(t *testing.T) {
	noProxy(t)
	content := certPEM(newAuthority(t).cert)
	file := tempFile(t, content)
	key := keyOfTrust("all", content)
	open := func() *Network {
		n, err := newWith(&config.Config{SSLServerCert: file}, nil, systemOf(), "")
		if err != nil {
			t.Fatal(err)
		}
		n.Close()
		return n
	}
	last := open()
	if other := open(); other.system.tls.RootCAs != last.system.tls.RootCAs {
		t.Fatal("not shared")
	}
	known := func() bool {
		trusts.mu.Lock()
		defer trusts.mu.Unlock()
		_, found := trusts.known[key]
		return found
	}
	for range 3 {
		runtime.GC()
	}
	if trusts.find(key) == nil {
		t.Error("gone while a Client has it")
	}
	pool := last.system.tls.RootCAs // a mailbox's, say
	last = nil
	for range 3 {
		runtime.GC()
	}
	if trusts.find(key) == nil {
		t.Error("gone while a tls.Config has it")
	}
	runtime.KeepAlive(pool)
	for deadline := time.Now().Add(10 * time.Second); known(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("kept although nobody has it")
		}
		runtime.GC()
	}
	if again := open(); again.system.tls.RootCAs == nil || !known() {
		t.Error("not known again")
	}
}

// TestTrustForgets: what was collected does not take its successor with it.
func TestTrustForgets(t *testing.T) {
	var s sharedTrusts
	content := certPEM(newAuthority(t).cert)
	first, bad := s.of("all", content)
	if bad != nil {
		t.Fatal(bad)
	}
	s.forget(first.entry)
	second, bad := s.of("all", content)
	if bad != nil || second == first {
		t.Fatalf("forgotten, and found: %v", bad)
	}
	s.forget(first.entry)
	if third, _ := s.of("all", content); third != second {
		t.Error("the second was forgotten in place of the first")
	}
	if late := s.put(first); late != second {
		t.Error("a second trust for one content")
	}
	runtime.KeepAlive(second)
}

// TestTrustVerifies: the authorities of the system and those of the file are believed,
// and nobody else, whichever Client comes first.
func TestTrustVerifies(t *testing.T) {
	noProxy(t)
	public, a, b := newAuthority(t), newAuthority(t), newAuthority(t)
	servers := map[*authority]*site{}
	for _, ca := range []*authority{public, a, b} {
		servers[ca] = newSite(t, nil, ca.server("jira.example.com"))
	}
	files := map[*authority]string{a: tempFile(t, certPEM(a.cert)), b: tempFile(t, certPEM(b.cert))}
	for name, order := range map[string][]*authority{"a, b": {a, b}, "b, a": {b, a}} {
		t.Run(name, func(t *testing.T) {
			for _, own := range order {
				for ca, s := range servers {
					n := openTrusting(t, files[own], to(s.addr()), systemOf(public))
					_, err := get(n, "https://jira.example.com/")
					if ca == public || ca == own {
						if err != nil {
							t.Errorf("refused: %v", err)
						}
						continue
					}
					if unknown := (x509.UnknownAuthorityError{}); !errors.As(err, &unknown) {
						t.Errorf("a server of an authority that is in neither: %v", err)
					}
					if _, _, requests := s.counts(); ca != public && requests > 1 {
						t.Errorf("%d requests reached a server that only its own Client trusts", requests)
					}
				}
			}
			for _, s := range servers {
				s.mu.Lock()
				s.requests = nil
				s.mu.Unlock()
			}
		})
	}
}

// TestTrustWithoutSystem: the file is all there is then, for as long as it takes.
func TestTrustWithoutSystem(t *testing.T) {
	noProxy(t)
	public, ca := newAuthority(t), newAuthority(t)
	file := tempFile(t, certPEM(ca.cert))
	own, world := newSite(t, nil, ca.server("jira.example.com")), newSite(t, nil, public.server("jira.example.com"))
	n := openTrusting(t, file, to(own.addr()), func() (*x509.CertPool, error) { return nil, errors.New("too many open files") })
	if _, err := get(n, "https://jira.example.com/"); err != nil {
		t.Error(err)
	}
	later := openTrusting(t, file, to(world.addr()), systemOf(public))
	if _, err := get(later, "https://jira.example.com/"); err != nil {
		t.Errorf("a Client that was opened later: %v", err)
	}
	runtime.KeepAlive(n)
}

// TestTrustOfBadFiles: a file is judged for each Client, and a bad one leaves nothing.
func TestTrustOfBadFiles(t *testing.T) {
	good := certPEM(newAuthority(t).cert)
	path := tempFile(t, good)
	openTrusting(t, path, nil, systemOf())
	broken := bytes.Replace(good, []byte("CERTIFICATE"), []byte("NOTHING"), 2)
	for range 2 {
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := newWith(&config.Config{SSLServerCert: path}, nil, systemOf(), ""); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("err = %v", err)
		}
	}
	if trusts.find(keyOfTrust("all", broken)) != nil {
		t.Error("known")
	}
}
