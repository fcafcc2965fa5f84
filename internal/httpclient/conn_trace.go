package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// errNotRepeated ends a request that net/http was about to send once more.
var errNotRepeated = errors.New("the connection broke before the answer came, and the request is not sent twice")

// errCutOff is the end of an answer that may not be all of it.
var errCutOff = fmt.Errorf("the connection was cut off: %w", io.ErrUnexpectedEOF)

// connTrace is what one request learns of its connections.
type connTrace struct {
	wrote  atomic.Bool // the request was written, as far as the client can tell
	mu     sync.Mutex
	conn   net.Conn // the last one
	giveUp context.CancelCauseFunc
}

// trace returns a context in which a request is watched; stop must be called.
//
// When a kept connection breaks before the answer, net/http sends the request again on
// another one if it has no body. A token in a GET's address may work once only, and be
// used up already; so what carries a secret is sent once, and the caller hears that
// its answer was lost.
func (l *connTrace) trace(ctx context.Context, secret bool) (_ context.Context, stop func()) {
	ctx, l.giveUp = context.WithCancelCause(ctx)
	again := func() bool { return secret && l.wrote.Load() }
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) {
			if again() {
				l.giveUp(errNotRepeated)
			}
		},
		GotConn: func(got httptrace.GotConnInfo) {
			if again() && !isHTTP2(got.Conn) {
				// It was at hand, and net/http takes it in spite of the end. One of HTTP/2 is
				// left alone: other requests are on it, and it heeds the end by itself.
				got.Conn.Close()
			}
			l.mu.Lock()
			l.conn = got.Conn
			l.mu.Unlock()
		},
		WroteHeaders: func() { l.wrote.Store(true) },
	})
	return ctx, func() { l.giveUp(context.Canceled) }
}

// tlsConn is a *tls.Conn, or something around one.
type tlsConn interface {
	ConnectionState() tls.ConnectionState
	NetConn() net.Conn
}

func isHTTP2(conn net.Conn) bool {
	c, ok := conn.(tlsConn)
	return ok && c.ConnectionState().NegotiatedProtocol == "h2"
}

// complete returns an error if nobody can tell whether the body of an answer that was
// read to its end is all of it. Without a length and without chunks it is, if TLS said
// goodbye before the connection ended (RFC 9112, section 9.8); everybody else on the
// line can end a connection, too. The connection must be one of [Watch]'s.
func (l *connTrace) complete(resp *http.Response) error {
	if resp.TLS == nil || resp.ProtoMajor != 1 || resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 || resp.Uncompressed {
		return nil // what was compressed has an end of its own
	}
	l.mu.Lock()
	conn, _ := l.conn.(tlsConn)
	l.mu.Unlock()
	if conn == nil {
		return nil
	}
	if w, ok := conn.NetConn().(*eofConn); ok && w.ended.Load() {
		return errCutOff
	}
	return nil
}

// TrackEOF returns conn for use below TLS. It remembers whether the other side has ended
// it, which crypto/tls does not tell from the end that it was told of.
func TrackEOF(conn net.Conn) net.Conn { return &eofConn{Conn: conn} }

type eofConn struct {
	net.Conn
	ended atomic.Bool
}

// Read implements [net.Conn].
func (w *eofConn) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		w.ended.Store(true)
	}
	return n, err
}
