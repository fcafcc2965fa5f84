package httpclient

import (
	"context"
	"net"
	"net/http"
)

// defaultTransport is the transport of a request of a Client without one: that of
// http.DefaultTransport, its proxy and its certificates, with a connection of its own that
// is closed after the answer. What a server sends before or after the answer, net/http would
// print by the standard logger of the program.
//
// A RoundTripper of another type that a program has put there is used as it is.
func defaultTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.DisableKeepAlives = true
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return Hold(ctx, conn), nil
	}
	return t
}
