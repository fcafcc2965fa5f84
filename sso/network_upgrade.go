package sso

import (
	"context"
	"net/http"
	"strings"
)

// http1Key marks the context of a request that only HTTP/1.1 can carry.
type http1Key struct{}

// roundTrip is the transport's RoundTrip, also for the handshake of a WebSocket.
// HTTP/2 has no Upgrade (RFC 9113, section 8.6), and net/http makes a connection of
// its own for such a request; what it cannot do is tell a DialTLSContext that HTTP/2
// must not be negotiated on it. A value of the context does.
func (n *network) roundTrip(r *http.Request) (*http.Response, error) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade") {
		r = r.WithContext(context.WithValue(r.Context(), http1Key{}, true))
	}
	return n.transport.RoundTrip(r)
}

// http1Only reports whether a connection is made for a request that was marked.
func http1Only(ctx context.Context) bool { return ctx.Value(http1Key{}) != nil }
