package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// warmIdle is how long a connection waits for its first request. Servers lose
	// patience with a silent client after 10 to 60 seconds.
	warmIdle = 30 * time.Second
	// maxAhead bounds what a server may say before it is asked anything: session
	// tickets and HTTP/2 settings are a few hundred bytes.
	maxAhead = 64 << 10
)

// Preconnect connects to the host of u in the background, TLS handshake included, so that
// the next request to it finds a connection ready. It does nothing if u is not https,
// if a proxy is in between, or if a connection is being prepared already. Errors are
// dropped: the request will meet and report them. ctx bounds the preparation, not
// the life of the connection, which is closed after 30 seconds without a request.
func (n *Network) Preconnect(ctx context.Context, u *url.URL) {
	if u == nil || u.Scheme != "https" {
		return
	}
	if via, err := n.proxy(u); via != nil || err != nil {
		return
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	addr := net.JoinHostPort(strings.ToLower(u.Hostname()), port)
	n.preconnects.prepare(ctx, addr, func(ctx context.Context, ahead *aheadConn) (*tls.Conn, error) {
		return n.dialTLS(ctx, "tcp", addr, func(c net.Conn) net.Conn {
			ahead.Conn = c
			return ahead
		})
	})
}

// loadRoots reads the system's certificates while a handshake that takes them as they
// are waits for the server: there are a hundred and more files.
func (n *Network) loadRoots() {
	n.roots.Do(func() {
		n.preconnects.work.Go(func() { _, _ = x509.SystemCertPool() }) // whatever is wrong, the handshake meets and reports it
	})
}

// preconnectPool holds connections that no request has asked for yet, one for each address.
type preconnectPool struct {
	ctx    context.Context // ends with close: preparations must not outlive the pool
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu    sync.Mutex
	conns map[string]*preconnectedConn // by host:port; not yet taken, connected or not
}

// preconnectedConn is a connection in preparation, and then one that is watched.
type preconnectedConn struct {
	connected chan struct{} // closed when conn is final
	watched   chan struct{} // closed when nobody reads ahead any more
	conn      *tls.Conn     // nil after connected: it failed
	ahead     *aheadConn    // what conn reads from
	dead      bool          // valid after watched
	abandoned bool          // guarded by warmPool.mu: whoever took it has left
}

func (p *preconnectPool) init() {
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.conns = make(map[string]*preconnectedConn)
}

func (p *preconnectPool) prepare(ctx context.Context, addr string, dial func(context.Context, *aheadConn) (*tls.Conn, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[addr] != nil || p.ctx.Err() != nil {
		return
	}
	w := &preconnectedConn{connected: make(chan struct{}), watched: make(chan struct{}), ahead: &aheadConn{}}
	p.conns[addr] = w
	p.work.Go(func() {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(p.ctx, cancel)()
		conn, err := dial(ctx, w.ahead)
		if err != nil {
			p.remove(addr, w)
			close(w.connected)
			return
		}
		w.conn = conn
		err = w.ahead.SetReadDeadline(time.Now().Add(warmIdle))
		close(w.connected)
		if p.abandoned(addr, w) {
			w.ahead.Close()
			close(w.watched)
			return
		}
		if err == nil {
			err = w.ahead.watch()
		}
		w.dead = !errors.Is(err, os.ErrDeadlineExceeded)
		if p.remove(addr, w) {
			// Nobody took it: it is too old, or the server has hung up.
			w.ahead.Close()
		}
		close(w.watched)
	})
}

// abandoned reports whether w was abandoned while it was made, or close came first and
// could not see it.
func (p *preconnectPool) abandoned(addr string, w *preconnectedConn) bool {
	if p.ctx.Err() != nil && p.remove(addr, w) {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return w.abandoned
}

// remove reports whether w was still there to be removed.
func (p *preconnectPool) remove(addr string, w *preconnectedConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[addr] != w {
		return false
	}
	delete(p.conns, addr)
	return true
}

// take returns the connection to addr if there is one that lives, after waiting for
// it if it is in preparation; nil if there is none or ctx ends. It is the caller's from
// the beginning: a second caller must not wait for what only one can have.
func (p *preconnectPool) take(ctx context.Context, addr string) *tls.Conn {
	p.mu.Lock()
	w := p.conns[addr]
	delete(p.conns, addr)
	p.mu.Unlock()
	if w == nil {
		return nil
	}
	select {
	case <-w.connected:
	case <-ctx.Done():
		p.abandon(w)
		return nil
	}
	if w.conn == nil {
		return nil // it failed: the caller's own attempt will tell why
	}
	// Have the watcher put it down.
	err := w.ahead.SetReadDeadline(time.Unix(1, 0))
	if err != nil {
		w.ahead.Close()
	}
	<-w.watched
	if err == nil && !w.dead {
		err = w.ahead.SetReadDeadline(time.Time{})
	}
	if err != nil || w.dead {
		w.ahead.Close()
		return nil
	}
	return w.conn
}

// abandon closes a connection that was taken and is not wanted, now or once it is made.
func (p *preconnectPool) abandon(w *preconnectedConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.abandoned = true
	select {
	case <-w.connected:
		if w.conn != nil {
			w.ahead.Close()
		}
	default:
	}
}

// close closes what was not taken, and waits until all preparations have ended.
func (p *preconnectPool) close() {
	p.mu.Lock()
	p.cancel()
	for _, w := range p.conns {
		select {
		case <-w.connected:
			w.ahead.Close()
		default: // the context ends it
		}
	}
	p.mu.Unlock()
	p.work.Wait()
}

// aheadConn can be read ahead of its reader, to notice at once that the peer hangs
// up. net/http repeats a request that fails on a connection that has been used
// before, but not one that fails on a new connection, and a connection that was
// made in advance is new to it.
type aheadConn struct {
	net.Conn
	buffered []byte // read and not yet passed on
}

// watch reads until an error. Read must not be called before it returns.
func (c *aheadConn) watch() error {
	buf := make([]byte, 4<<10)
	for {
		n, err := c.Conn.Read(buf)
		c.buffered = append(c.buffered, buf[:n]...)
		if err != nil {
			return err
		}
		if len(c.buffered) > maxAhead {
			return errors.New("the server talks without being asked")
		}
	}
}

func (c *aheadConn) Read(p []byte) (int, error) {
	if len(c.buffered) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.buffered)
	if c.buffered = c.buffered[n:]; len(c.buffered) == 0 {
		c.buffered = nil
	}
	return n, nil
}
