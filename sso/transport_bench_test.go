package sso_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

// The figures of these benchmarks are in docs/performance.md.

// pipeNet is a network in memory with one address.
type pipeNet struct {
	conns chan net.Conn
	end   chan struct{}
	once  sync.Once
}

func (p *pipeNet) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.end:
		return nil, net.ErrClosed
	}
}

func (p *pipeNet) Close() error {
	p.once.Do(func() { close(p.end) })
	return nil
}

func (p *pipeNet) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipeNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// benchSP is a service provider in memory, over TLS and HTTP/1.1. Its answer to
// /rest/bench is 100 bytes, and its sessions have as many cookies as those behind a
// balancer.
func benchSP(b *testing.B) (p *pipeNet, caFile string, server *httptest.Server) {
	b.Helper()
	p = &pipeNet{conns: make(chan net.Conn), end: make(chan struct{})}
	stub := &stubSP{}
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/rest/bench" && r.Header.Get("Cookie") == "":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/rest/bench":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, "%0100d", 1)
		default:
			if r.URL.Path == "/plugins/servlet/samlconsumer" {
				setBalancerCookies(w)
			}
			stub.ServeHTTP(w, r)
		}
	}))
	server.Listener.Close()
	server.Listener = p
	server.StartTLS()
	caFile = filepath.Join(b.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		b.Fatal(err)
	}
	return p, caFile, server
}

func setBalancerCookies(w http.ResponseWriter) {
	for _, name := range []string{"AWSALB", "AWSALBCORS", "atlassian.xsrf.token", "seraph.rememberme.cookie"} {
		http.SetCookie(w, &http.Cookie{Name: name, Value: "0123456789abcdefghijklmnopqrstuvwxyz_lin", Path: "/", Secure: true})
	}
}

func benchGet(b *testing.B, client *http.Client) {
	b.Helper()
	const address = "https://" + stubHost + "/rest/bench"
	get := func() {
		resp, err := client.Get(address)
		if err != nil {
			b.Fatal(err)
		}
		n, _ := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || n != 100 {
			b.Fatalf("%s, %d bytes", resp.Status, n)
		}
	}
	get() // connects, and signs in where that is to be done
	b.ReportAllocs()
	for b.Loop() {
		get()
	}
}

// BenchmarkTransport is a GET through Client.HTTP with a living session.
func BenchmarkTransport(b *testing.B) {
	p, ca, server := benchSP(b)
	defer server.Close()
	client, err := sso.New(&stubProvider{}, &sso.Options{Dial: p.dial, Config: &sso.Config{
		Scheme: "Okta", User: "ana@example.com", SSLServerCert: ca,
		URL:            &url.URL{Scheme: "https", Host: stubHost},
		SSOLoginURL:    &url.URL{Scheme: "https", Host: "acme.okta.com", Path: "/home/jira/0oa1/42"},
		SSOExchangeURL: &url.URL{Scheme: "https", Host: stubHost, Path: "/plugins/servlet/samlconsumer"},
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	benchGet(b, client.HTTP())
}

// BenchmarkBareClient is the same GET with the same cookies by net/http alone.
func BenchmarkBareClient(b *testing.B) {
	p, _, server := benchSP(b)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport := &http.Transport{DialContext: p.dial, TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	rec := httptest.NewRecorder()
	setBalancerCookies(rec)
	cookies := append(rec.Result().Cookies(), &http.Cookie{Name: "JSESSIONID", Value: "0123456789abcdefghijklmnop", Path: "/", Secure: true})
	jar.SetCookies(&url.URL{Scheme: "https", Host: stubHost, Path: "/"}, cookies)
	benchGet(b, &http.Client{Transport: transport, Jar: jar})
}
