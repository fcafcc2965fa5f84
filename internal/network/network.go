package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

const (
	// connectTimeout bounds TCP connect and TLS handshake together. The exchange's own
	// budget is shorter as a rule; this is for those who have none.
	connectTimeout = 30 * time.Second
	// idleTimeout is how long a connection is kept between two requests.
	idleTimeout = 90 * time.Second
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 256 << 10
	// pingAfter and pingTimeout find out that an HTTP/2 connection is dead although
	// nobody closed it, before a request waits on it for its whole budget.
	pingAfter   = 30 * time.Second
	pingTimeout = 15 * time.Second
)

// dialFunc makes a TCP connection.
type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// Network is all that a Config says about connections: whom to trust, which
// certificate to show, which proxy to use. All providers of a Client share it.
type Network struct {
	transport *http.Transport

	system         tlsDialer   // all certificates of the system
	bundled        *tlsDialer  // those of its bundle, which are read faster; nil: there is none
	useSystemRoots atomic.Bool // the bundle is not enough
	proxy          func(*url.URL) (*url.URL, error)
	preconnects    preconnectPool
	roots          sync.Once // see loadRoots

	httpsProxies sync.Map // their addresses, host:port in lower case, once they are used
	http1Hosts   sync.Map // the hosts behind a proxy that speak HTTP/1, as they stand in addresses, in lower case
}

// New makes the network that cfg describes. dial makes its TCP connections;
// if it is nil a net.Dialer does, and localhost and the names below it are loopback
// addresses without asking the DNS (RFC 6761, section 6.3).
//
// Certificate files are read now; a bad one is a *config.Error. The system's
// certificates, of which there are hundreds, are read in the background, and secrets
// when a connection needs them.
func New(cfg *config.Config, dial dialFunc) (*Network, error) {
	return newWith(cfg, dial, x509.SystemCertPool, bundleFile())
}

// newWith is New with the system's certificates, and the bundle of them,
// from elsewhere.
func newWith(cfg *config.Config, dial dialFunc, system rootsLoader, bundle string) (*Network, error) {
	tlsConfig, t, given, err := newTLSConfig(cfg)
	if err != nil {
		return nil, err
	}
	proxy, bad := newProxy(cfg)
	if bad != nil {
		return nil, bad
	}
	if dial == nil {
		dial = dialLocalhost((&net.Dialer{Timeout: connectTimeout}).DialContext)
	}
	n := &Network{proxy: proxy.forURL}
	n.preconnects.init()
	n.system = tlsDialer{n.dialWhenTrusted(dial, t, system, bundle != ""), tlsConfig}
	if bundle != "" {
		n.trustBundle(dial, bundle, given)
	}
	n.transport = &http.Transport{
		Proxy:                  n.proxyOf,
		GetProxyConnectHeader:  proxy.connectHeader,
		OnProxyConnectResponse: checkConnect,
		DialContext:            trackEOF(n.system.dial),
		// For direct connections, and for those to an https proxy. With the server behind
		// a proxy the transport does TLS by TLSClientConfig.
		DialTLSContext:         n.dialTLSOrReady,
		TLSClientConfig:        tlsConfig.Clone(), // net/http changes it
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         readBuffer,
	}
	return n, nil
}

// Dial makes a TCP connection, for which no proxy is used.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return n.system.dial(ctx, network, addr)
}

// TLSConfig says whom to trust and which certificate to show. Its roots are complete once Dial has
// returned. It is not to be changed: clone it.
func (n *Network) TLSConfig() *tls.Config { return n.system.tls }

// Proxy returns the proxy for requests to u; nil: none.
func (n *Network) Proxy(u *url.URL) (*url.URL, error) { return n.proxy(u) }

// CloseIdleConnections closes the connections that are kept for a next request.
func (n *Network) CloseIdleConnections() { n.transport.CloseIdleConnections() }

// Close gives up what is not in use. Requests under way go on.
func (n *Network) Close() {
	n.preconnects.close()
	n.transport.CloseIdleConnections()
}

// proxyOf is the transport's Proxy, which is asked before a connection is made.
func (n *Network) proxyOf(r *http.Request) (*url.URL, error) {
	via, err := n.proxy(r.URL)
	if err == nil && via != nil && via.Scheme == "https" {
		n.httpsProxies.Store(strings.ToLower(Address(via)), true)
	}
	return via, err
}

// dialTLSOrReady is the transport's DialTLSContext. HTTP/2 must not be negotiated with
// a proxy: net/http says CONNECT in HTTP/1.1 whatever was agreed (golang/go#26479).
func (n *Network) dialTLSOrReady(ctx context.Context, network, addr string) (net.Conn, error) {
	asItIs := func(c net.Conn) net.Conn { return c }
	if _, known := n.httpsProxies.Load(strings.ToLower(addr)); known {
		// With all certificates: the transport needs them for the server behind it.
		conn, err := n.handshake(context.WithValue(ctx, http1Key{}, true), n.system, network, addr, asItIs)
		if err != nil {
			return nil, err
		}
		return httpclient.TrackEOF(httpclient.Hold(ctx, conn)), nil
	}
	if !http1Only(ctx) {
		if conn := n.preconnects.take(ctx, addr); conn != nil {
			return paced(conn), nil
		}
	}
	conn, err := n.dialTLS(ctx, network, addr, asItIs)
	if err != nil {
		return nil, err
	}
	return paced(conn), nil
}

// paced is conn for net/http, which takes HTTP/2 from a *tls.Conn only.
func paced(conn *tls.Conn) net.Conn {
	if conn.ConnectionState().NegotiatedProtocol == "h2" {
		return conn
	}
	return newPacedConn(conn)
}

// dialTLS connects and shakes hands; wrap may put something between TLS and the TCP
// connection. A certificate that the bundle does not vouch for gets a second handshake,
// with all that the system has to say.
func (n *Network) dialTLS(ctx context.Context, network, addr string, wrap func(net.Conn) net.Conn) (*tls.Conn, error) {
	if n.bundled != nil && !n.useSystemRoots.Load() {
		if conn, err := n.handshake(ctx, *n.bundled, network, addr, wrap); !n.needsMore(err) {
			return conn, err
		}
	}
	return n.handshake(ctx, n.system, network, addr, wrap)
}

// handshake connects and makes TLS of it.
func (n *Network) handshake(ctx context.Context, with tlsDialer, network, addr string, wrap func(net.Conn) net.Conn) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	raw, err := with.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	config := with.tls.Clone()
	config.ServerName = host
	if http1Only(ctx) {
		config.NextProtos = []string{"http/1.1"}
	}
	conn := tls.Client(httpclient.TrackEOF(wrap(raw)), config)
	if with.tls.RootCAs == nil {
		n.loadRoots()
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// trackEOF is dial for connections on which the transport does TLS by itself, or none.
func trackEOF(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return httpclient.TrackEOF(httpclient.Hold(ctx, conn)), nil
	}
}

// dialLocalhost resolves the names that always mean this machine by itself: many
// resolvers know localhost but none of the names below it.
func dialLocalhost(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		if _, err := netip.ParseAddr(host); err == nil || !httpclient.IsLoopback(host) {
			return dial(ctx, network, addr)
		}
		conn, err := dial(ctx, network, net.JoinHostPort("127.0.0.1", port))
		if err != nil && ctx.Err() == nil {
			if six, err6 := dial(ctx, network, net.JoinHostPort("::1", port)); err6 == nil {
				return six, nil
			}
		}
		return conn, err
	}
}

// Address is host:port of a URL.
func Address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		if port = "443"; u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
