package httpclient_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// TestDefaultTransportLogsNothing: a server that speaks before it is asked, and on after its
// answer, has nothing of that printed by the program's standard logger.
func TestDefaultTransportLogsNothing(t *testing.T) {
	var logged bytes.Buffer
	before := log.Default().Writer()
	log.SetOutput(&logged)
	defer log.SetOutput(before)

	trusted := httptest.NewUnstartedServer(nil)
	trusted.StartTLS()
	defer trusted.Close()
	roots := x509.NewCertPool()
	roots.AddCert(trusted.Certificate())
	standard := http.DefaultTransport
	own := standard.(*http.Transport).Clone()
	own.TLSClientConfig, own.Proxy = &tls.Config{RootCAs: roots}, nil
	http.DefaultTransport = own
	defer func() { http.DefaultTransport = standard }()

	for scheme, config := range map[string]*tls.Config{"http": nil, "https": {Certificates: trusted.TLS.Certificates}} {
		t.Run(scheme, func(t *testing.T) {
			logged.Reset()
			client := &httpclient.Client{Server: "test"}
			address := talkative(t, config)
			for range 200 { // without protection, some of them are logged
				a, err := client.Do(t.Context(), httpclient.Request{Step: "test", Method: "GET", URL: &url.URL{Scheme: scheme, Host: address, Path: "/"}})
				if err != nil || string(a.Body) != "ok" {
					t.Fatalf("%v, %v", a, err)
				}
			}
			if logged.Len() > 0 {
				t.Errorf("logged: %s", logged.String())
			}
		})
	}
}

// talkative is a server that answers every connection at once, and sends more than it said.
func talkative(t *testing.T, config *tls.Config) (address string) {
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
			if config != nil {
				conn = tls.Server(conn, config)
			}
			go func() {
				defer conn.Close()
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokSet-Cookie: JSESSIONID=0123456789")
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	return ln.Addr().String()
}
