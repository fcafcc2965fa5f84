package network

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
)

// gluedConn sends what is written within a moment in one piece: the end of a handshake
// together with what follows it.
type gluedConn struct {
	net.Conn
	mu  sync.Mutex
	buf bytes.Buffer
}

func (c *gluedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.buf.Len() == 0 {
		time.AfterFunc(2*time.Millisecond, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.Conn.Write(c.buf.Bytes())
			c.buf.Reset()
		})
	}
	return c.buf.Write(p)
}

// greeter speaks before it is asked, on every connection.
func greeter(t *testing.T, tlsConfig *tls.Config) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if tlsConfig != nil && tlsConfig.MaxVersion == tls.VersionTLS12 {
				conn = &gluedConn{Conn: conn} // in 1.3 the client ends the handshake
			}
			if tlsConfig != nil {
				conn = tls.Server(conn, tlsConfig)
			}
			go func() {
				defer conn.Close()
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"+secretSurplus)
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// Nothing reaches the standard logger of what a server sends on a connection that is not
// in use yet: net/http begins to read before it has a request for it.
func TestGreetingIsNotLogged(t *testing.T) {
	noProxy(t)
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(log.Default().Writer())
	ca := newAuthority(t)
	file := tempFile(t, certPEM(ca.cert))
	cert := []tls.Certificate{ca.server("jira.example.com")}
	for _, way := range []string{"TLS 1.2", "TLS 1.3", "plain", "proxy, TLS 1.2", "proxy, TLS 1.3"} {
		t.Run(way, func(t *testing.T) {
			cfg, address := &config.Config{SSLServerCert: file}, "https://jira.example.com/"
			tlsConfig := &tls.Config{Certificates: cert}
			switch way {
			case "TLS 1.2", "proxy, TLS 1.2":
				tlsConfig.MaxVersion = tls.VersionTLS12
			case "plain":
				tlsConfig, address = nil, "http://jira.localhost/"
			}
			server := greeter(t, tlsConfig)
			dial := to(server)
			if len(way) > len("TLS 1.3") {
				cfg.ProxyServer, dial = newConnectProxy(t, server).URL, nil
			}
			for range 200 { // without protection, some of them are logged
				n := openNetwork(t, cfg, dial)
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
				if resp, err := n.RoundTrip(req); err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				n.Close()
			}
			if logged.Len() > 0 {
				t.Errorf("logged: %s", logged.String())
				logged.Reset()
			}
		})
	}
}
