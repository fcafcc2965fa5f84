package network

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
)

func TestPreconnect(t *testing.T) {
	noProxy(t)
	for name, configure := range map[string]func(*tls.Config){
		"HTTP/2.0": nil,
		"HTTP/1.1": func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} },
	} {
		t.Run(name, func(t *testing.T) {
			ca := newAuthority(t)
			s := newSite(t, configure, ca.server("jira.example.com"))
			n := openNetwork(t, &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, to(s.addr()))
			u := mustURL(t, "https://Jira.example.com/jira/x?y")

			n.Preconnect(t.Context(), u)
			n.Preconnect(t.Context(), u) // one is enough
			<-s.shook
			if accepted, handshakes, requests := s.counts(); accepted != 1 || handshakes != 1 || requests != 0 {
				t.Errorf("before the request: %d connections, %d handshakes, %d requests", accepted, handshakes, requests)
			}
			for range 2 {
				if _, err := get(n, "https://jira.example.com/x"); err != nil {
					t.Fatal(err)
				}
			}
			if accepted, handshakes, requests := s.counts(); accepted != 1 || handshakes != 1 || requests != 2 {
				t.Errorf("after the requests: %d connections, %d handshakes, %d requests", accepted, handshakes, requests)
			}
			if got := s.last(); got != name+" /x" {
				t.Errorf("served %q", got)
			}
		})
	}
}

// A connection that the server closed in the meantime is not handed to a request:
// net/http would not repeat it.
func TestPreconnectConnectionThatDied(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	s := newSite(t, nil, ca.server("jira.example.com"))
	n := openNetwork(t, &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, to(s.addr()))
	n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com"))
	n.preconnects.mu.Lock()
	w := n.preconnects.conns["jira.example.com:443"]
	n.preconnects.mu.Unlock()
	<-w.connected
	s.CloseClientConnections()
	<-w.watched // the watcher has noticed
	if _, err := get(n, "https://jira.example.com/x"); err != nil {
		t.Fatal(err)
	}
	if accepted, _, requests := s.counts(); accepted != 2 || requests != 1 {
		t.Errorf("%d connections, %d requests", accepted, requests)
	}
}

// Of two requests at once only one can have the connection in preparation. The other
// must make its own at once, not after it has waited for the first one's.
func TestPreconnectConnectionIsForOne(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	s := newSite(t, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }, ca.server("jira.example.com"))
	var dials atomic.Int32
	second := make(chan struct{})
	dial := to(s.addr())
	n := openNetwork(t, &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, func(ctx context.Context, network, addr string) (net.Conn, error) {
		switch dials.Add(1) {
		case 1: // the one that is prepared: not before the other request has begun its own
			select {
			case <-second:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		case 2:
			close(second)
		}
		return dial(ctx, network, addr)
	})
	n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com"))
	answered := make(chan error)
	for range 2 {
		go func() {
			_, err := get(n, "https://jira.example.com/x")
			answered <- err
		}()
	}
	for range 2 {
		select {
		case err := <-answered:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("both requests wait for one connection")
		}
	}
}

// A connection whose taker has left is closed once it is made.
func TestPreconnectConnectionIsAbandoned(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	ended := make(chan error, 1)
	proceed := make(chan struct{})
	server := pipeServer(&tls.Config{Certificates: []tls.Certificate{ca.server("jira.example.com")}}, ended)
	n := openNetwork(t, &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, func(ctx context.Context, network, addr string) (net.Conn, error) {
		<-proceed
		return server(ctx, network, addr)
	})
	n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if conn := n.preconnects.take(ctx, "jira.example.com:443"); conn != nil {
		t.Error("a connection that was not made yet")
	}
	close(proceed)
	select {
	case err := <-ended:
		if errors.Is(err, errNoHandshake) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the connection stays open")
	}
}

func TestPreconnectDoesNothing(t *testing.T) {
	noProxy(t)
	var dials atomic.Int32
	dial := func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, errors.New("refused")
	}
	n := openNetwork(t, &config.Config{ProxyServer: "proxy.example"}, dial)
	n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com")) // the proxy is in between
	n.Preconnect(t.Context(), mustURL(t, "http://localhost:1"))
	n.Preconnect(t.Context(), nil)
	n.Close()
	n.Preconnect(t.Context(), mustURL(t, "https://localhost:1")) // too late
	n.Close()
	if got := dials.Load(); got != 0 {
		t.Errorf("%d connections", got)
	}
}

func TestPreconnectErrorsAreDropped(t *testing.T) {
	noProxy(t)
	var dials atomic.Int32
	n := openNetwork(t, &config.Config{}, func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, errors.New("refused")
	})
	n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com"))
	if _, err := get(n, "https://jira.example.com/"); err == nil || err.Error() != "refused" {
		t.Errorf("err = %v", err)
	}
	n.Close()
	if got := dials.Load(); got != 2 {
		t.Errorf("%d connections, want the warm one and the request's own", got)
	}
}

// errNoHandshake is how a connection to a pipeServer ends that was never TLS.
var errNoHandshake = errors.New("the handshake failed")

// pipeServer is a TLS server at the other end of a pipe. Its result is the error
// that its connection ends with.
func pipeServer(tlsConfig *tls.Config, ended chan<- error) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			conn := tls.Server(server, tlsConfig)
			err := errNoHandshake
			if conn.Handshake() == nil {
				_, err = io.Copy(io.Discard, conn)
			}
			conn.Close()
			ended <- err
		}()
		return client, nil
	}
}

func TestPreconnectConnectionsAge(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	trust := tempFile(t, certPEM(ca.cert))
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{ca.server("jira.example.com")}, NextProtos: []string{"h2"}}
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		n, err := New(&config.Config{SSLServerCert: trust}, pipeServer(tlsConfig, ended))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com"))
		if err := <-ended; errors.Is(err, errNoHandshake) {
			t.Error(err)
		}
		if age := time.Since(began); age != warmIdle {
			t.Errorf("closed after %v, want %v", age, warmIdle)
		}
		synctest.Wait()
		if n.preconnects.take(t.Context(), "jira.example.com:443") != nil {
			t.Error("an old connection is handed out")
		}
		n.Close()
	})
}

func TestPreconnectClose(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	trust := tempFile(t, certPEM(ca.cert))
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{ca.server("jira.example.com")}}
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		ended := make(chan error, 1)
		n, err := New(&config.Config{SSLServerCert: trust}, pipeServer(tlsConfig, ended))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com"))
		synctest.Wait()
		n.Close()
		if err := <-ended; errors.Is(err, errNoHandshake) {
			t.Error(err)
		}
		if time.Since(began) != 0 {
			t.Errorf("close waited %v", time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) { // a server that never answers
		n, err := New(&config.Config{}, func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		n.Preconnect(t.Context(), mustURL(t, "https://jira.example.com"))
		synctest.Wait()
		// A request that waits for it leaves by its own context.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://jira.example.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		n.Close()
	})
}
