package network

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// http1Key marks the context of a request that only HTTP/1.1 can carry.
type http1Key struct{}

// RoundTrip implements [http.RoundTripper]; every request of a Client goes through it.
//
// HTTP/2 has no Upgrade (RFC 9113, section 8.6), and net/http makes a connection of its
// own for the handshake of a WebSocket; what it cannot do is tell a DialTLSContext that
// HTTP/2 must not be negotiated on it. A value of the context does.
//
// A connection of HTTP/1 is kept for the next request only if it is paced; see
// pacedConn. That leaves those without TLS, which lead to this machine, and those
// through a proxy, on which net/http does TLS by itself.
func (n *Network) RoundTrip(r *http.Request) (*http.Response, error) {
	upgrade := isUpgrade(r)
	ctx := httpclient.WithHold(r.Context())
	if upgrade {
		ctx = context.WithValue(ctx, http1Key{}, true)
	}
	on := exchange{network: n}
	r = r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			if on.begin(r.URL.Host, got.Conn); on.drop && !upgrade {
				r.Close = true
			}
		},
		PutIdleConn: func(error) { on.end() },
	}))
	if _, known := n.http1Hosts.Load(strings.ToLower(r.URL.Host)); !upgrade && (known || r.URL.Scheme == "http") {
		r.Close = true
	}
	resp, err := n.transport.RoundTrip(r)
	if err != nil {
		return nil, httpclient.Clean(err)
	}
	if resp.TLS == nil {
		on.tellTLS(resp)
	}
	return resp, nil
}

func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade")
}

func isHTTP2(conn net.Conn) bool {
	c, ok := conn.(*tls.Conn)
	return ok && c.ConnectionState().NegotiatedProtocol == "h2"
}

// http1Only reports whether a connection is made for a request that was marked.
func http1Only(ctx context.Context) bool { return ctx.Value(http1Key{}) != nil }

// exchange is a request on its way, by the connection that it got last.
type exchange struct {
	network *Network

	mu      sync.Mutex
	conn    *pacedConn // nil: it is not one
	request uint64
	drop    bool // nobody may have the connection after it
}

func (e *exchange) begin(host string, conn net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conn, e.drop = nil, false
	switch c := conn.(type) {
	case *pacedConn:
		e.conn, e.request = c, c.begin()
	default:
		e.drop = !isHTTP2(conn)
		if _, isTLS := conn.(*tls.Conn); isTLS && e.drop {
			e.network.http1Hosts.Store(strings.ToLower(host), true)
		}
	}
}

// end is called when the answer has been read, before anybody waits for the next one.
func (e *exchange) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.conn != nil:
		e.conn.end(e.request)
	case e.drop:
		// The first request to a host behind a proxy, one with a body, for which it was
		// too late to say that the connection is not kept.
		e.network.transport.CloseIdleConnections()
	}
}

// tellTLS gives an answer the state of its connection, which net/http takes from a
// *tls.Conn only.
func (e *exchange) tellTLS(resp *http.Response) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != nil {
		state := e.conn.ConnectionState()
		resp.TLS = &state
	}
}
