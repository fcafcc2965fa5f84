package network

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/ssoexchange/ssoexchange/config"
)

// trust is the system's certificates, all or those of its bundle, and those of an
// SSLServerCert file, in one pool.
//
// The pool's address is known before its content, so that every tls.Config can be
// made, and left alone, while the system's certificates are still being read. Nobody
// may look into it before that is done: dialWhenTrusted sees to it.
type trust struct {
	pool  x509.CertPool // empty until done
	given []*x509.Certificate
	entry trustEntry

	once sync.Once
	done atomic.Bool
}

// rootsLoader returns a copy of the system's certificates that the caller may change:
// x509.SystemCertPool or loadBundle, except in tests.
type rootsLoader = func() (*x509.CertPool, error)

// assemble fills the pool, or waits for whoever is filling it.
func (t *trust) assemble(roots rootsLoader) {
	t.once.Do(func() {
		all, err := roots()
		if err != nil {
			// A machine without any: the file is all there is. Clients that are opened
			// later look again.
			all = x509.NewCertPool()
			trusts.forget(t.entry)
		}
		for _, cert := range t.given {
			all.AddCert(cert)
		}
		t.pool, t.given = *all, nil
		t.done.Store(true)
	})
}

// tlsDialer is what a handshake takes: a connection of dial, and a copy of tls.
type tlsDialer struct {
	dial dialFunc    // hands out no connection before the roots of tls are there
	tls  *tls.Config // never changed: cloned for each handshake
}

// dialWhenTrusted returns a dial that hands out no connection before the pool is
// assembled. That is done in the background, from now on, or if it can wait from the
// first dial on. Every handshake of a network, that of a proxy, of a mailbox and of a
// diagnosis included, is on such a connection.
//
// What waits is a channel of this network and a goroutine that close waits for,
// although the pool may be another network's as well: a channel that is made in a
// bubble of testing/synctest must not be met outside it.
func (n *Network) dialWhenTrusted(dial dialFunc, t *trust, roots rootsLoader, canWait bool) dialFunc {
	if t == nil || t.done.Load() {
		return dial
	}
	assembled := make(chan struct{})
	begin := sync.OnceFunc(func() {
		n.preconnects.work.Go(func() {
			t.assemble(roots)
			close(assembled)
		})
	})
	if !canWait {
		begin()
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		begin()
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		select {
		case <-assembled:
			return conn, nil
		case <-ctx.Done():
			conn.Close()
			return nil, ctx.Err()
		}
	}
}

// trusts is shared by all Clients of the process, the one thing in this package that
// is: a copy of the system's certificates is 36 kB, and thousands of identities name
// the same company's CA. It changes nothing that a Client does, and holds nothing by
// itself: a pool goes with the last Client that uses it, closed or not, because a
// closed Client can be used again.
var trusts sharedTrusts

// sharedTrusts finds a trust by the content of its file. A file that has changed gets
// another one, whatever its name.
type sharedTrusts struct {
	mu    sync.Mutex
	known map[trustKey]weak.Pointer[trust]
}

type trustKey [sha256.Size]byte

func keyOfTrust(roots string, data []byte) trustKey {
	return sha256.Sum256(append([]byte(roots+"\x00"), data...))
}

// trustEntry is a trust's place among the known ones. It does not keep it alive.
type trustEntry struct {
	key  trustKey
	self weak.Pointer[trust]
}

// of returns the trust for the content of a certificate file, nil if there is none,
// beside the roots of that name.
func (s *sharedTrusts) of(roots string, data []byte) (*trust, *config.Error) {
	key := keyOfTrust(roots, data)
	if t := s.find(key); t != nil {
		return t, nil
	}
	t := &trust{}
	if data != nil {
		var bad *config.Error
		if t.given, bad = certificatesIn(data); bad != nil {
			return nil, bad
		}
	}
	t.entry = trustEntry{key, weak.Make(t)}
	return s.put(t), nil
}

func (s *sharedTrusts) find(key trustKey) *trust {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[key].Value()
}

// put makes t known, or returns the one that came first.
func (s *sharedTrusts) put(t *trust) *trust {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.known[t.entry.key].Value(); first != nil {
		return first
	}
	if s.known == nil {
		s.known = make(map[trustKey]weak.Pointer[trust])
	}
	s.known[t.entry.key] = t.entry.self
	runtime.AddCleanup(t, s.forget, t.entry)
	return t
}

// forget removes e, unless another trust has its place already.
func (s *sharedTrusts) forget(e trustEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[e.key] == e.self {
		delete(s.known, e.key)
	}
}

// certificatesIn reads the certificates of a PEM file, at least one.
func certificatesIn(data []byte) ([]*x509.Certificate, *config.Error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, config.BadValue("a certificate in the file cannot be read", "check it with: openssl x509 -noout -text -in FILE")
		}
		all = append(all, cert)
	}
	if all == nil {
		return nil, config.BadValue("the file holds no certificate in PEM form", "convert a DER file with: openssl x509 -inform der -in FILE -out FILE.pem")
	}
	return all, nil
}
