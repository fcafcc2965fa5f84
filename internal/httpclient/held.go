package httpclient

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/http/httptrace"
	"sync"
)

// recordHeader is the length of the header of a TLS record, in bytes, and
// recordHandshake the first byte of one in a handshake (RFC 8446, section 5.1).
const (
	recordHeader    = 5
	recordHandshake = 0x16
)

// heldConn keeps back what the other side sends before it was asked.
//
// What net/http finds on a connection that it has not used yet, it prints by the standard
// logger of package log, which no setting prevents. So nothing can be read before
// something was written: neither from the connection nor, when TLS is on it, after the
// handshake. What arrives together with the handshake must not be in the buffer of
// crypto/tls by then, therefore no read goes beyond a TLS record until the request.
type heldConn struct {
	net.Conn
	closed    chan struct{}
	closeOnce sync.Once

	mu      sync.Mutex
	asked   chan struct{} // closed by the next write; nil: nothing is held
	shaken  bool          // the handshake is over
	records bool          // reads end where a TLS record does

	header [recordHeader]byte // of the next record; header and the rest are Read's own
	have   int                // bytes of header
	left   int                // bytes of the record that are not read yet
}

// Hold returns conn, a new one, with what comes unasked kept back. If net/http does TLS
// on it, the context must be one of [WithHold].
func Hold(ctx context.Context, conn net.Conn) net.Conn {
	c := &heldConn{Conn: conn, closed: make(chan struct{}), asked: make(chan struct{})}
	if h, ok := ctx.Value(holdKey{}).(*holder); ok {
		h.mu.Lock()
		h.conn = c
		h.mu.Unlock()
	}
	return c
}

type holdKey struct{}

// holder is the connection that is made for a request.
type holder struct {
	mu   sync.Mutex
	conn *heldConn
}

// WithHold returns the context of a request whose connection, if one is made, is held
// after the handshake, too.
func WithHold(ctx context.Context) context.Context {
	h := new(holder)
	ctx = context.WithValue(ctx, holdKey{}, h)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.conn != nil {
				h.conn.hold()
			}
		},
	})
}

// hold keeps back what comes after the handshake.
func (c *heldConn) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.records && !c.shaken {
		c.shaken, c.asked = true, make(chan struct{})
	}
}

// Write implements [net.Conn].
func (c *heldConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.asked != nil {
		close(c.asked)
		c.asked = nil
	}
	switch {
	case c.shaken:
		c.records = false
	case len(p) > 0 && p[0] == recordHandshake:
		c.records = true
	}
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// Read implements [net.Conn].
func (c *heldConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	asked := c.asked
	c.mu.Unlock()
	if asked != nil {
		select {
		case <-asked:
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	c.mu.Lock()
	records := c.records
	c.mu.Unlock()
	switch {
	case !records:
		return c.Conn.Read(p)
	case c.left == 0:
		n, err := c.Conn.Read(p[:min(len(p), recordHeader-c.have)])
		c.have += copy(c.header[c.have:], p[:n])
		if c.have == recordHeader {
			c.have, c.left = 0, int(binary.BigEndian.Uint16(c.header[3:]))
		}
		return n, err
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// Close implements [net.Conn].
func (c *heldConn) Close() error {
	c.closeOnce.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
