package network

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// TestCutAnswer: however a connection was made, an answer that ends where the connection
// was cut is not taken for a whole one.
func TestCutAnswer(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go serveHalves(ln, &tls.Config{Certificates: []tls.Certificate{ca.server("jira.example.com")}})

	proxy := newConnectProxy(t, ln.Addr().String())
	proxyHost, proxyPort := proxy.host()
	file := tempFile(t, certPEM(ca.cert))
	proxied, err := parseConfig("AuthScheme=Okta;URL=https://jira.example.com;SSOLoginURL=https://acme.okta.com/home/a/b/c;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;User=ana;Password=x;SSLServerCert=" + file + ";ProxyServer=" + proxyHost + ";ProxyPort=" + proxyPort)
	if err != nil {
		t.Fatal(err)
	}
	u := mustURL(t, "https://jira.example.com/x")
	for _, tt := range []struct {
		name string
		n    *Network
		warm bool
	}{
		{"direct", openNetwork(t, &config.Config{SSLServerCert: file}, to(ln.Addr().String())), false},
		{"prepared", openNetwork(t, &config.Config{SSLServerCert: file}, to(ln.Addr().String())), true},
		{"through a proxy", openNetwork(t, proxied, nil), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.warm {
				tt.n.Preconnect(t.Context(), u)
			}
			c := &httpclient.Client{Server: "jira", Transport: tt.n}
			a, err := c.Do(t.Context(), httpclient.Request{Step: autherr.StepVerify, Method: http.MethodGet, URL: u})
			if !errors.Is(err, autherr.ErrUnreachable) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("answer %v, error %v", a != nil, err)
			}
		})
	}
	if len(proxy.seen()) != 1 {
		t.Errorf("the proxy saw %d connections", len(proxy.seen()))
	}
}

// serveHalves answers every request with half of a document, whose end is that of the
// connection, without TLS's goodbye.
func serveHalves(ln net.Listener, tlsConfig *tls.Config) {
	for {
		raw, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer raw.Close()
			conn := tls.Server(raw, tlsConfig)
			if _, err := conn.Read(make([]byte, 4<<10)); err == nil {
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"name\":")
				raw.(*net.TCPConn).CloseWrite() // and no reset, which would be another fault
				io.Copy(io.Discard, raw)
			}
		}()
	}
}
