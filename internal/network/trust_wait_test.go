package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
)

// pipes is a listener whose connections are pipes, for a bubble of synctest.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	end   sync.Once
	said  atomic.Int64 // bytes that clients wrote
	open  atomic.Int64 // connections that clients have not closed
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.end.Do(func() { close(p.ended) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		p.open.Add(1)
		return &countedPipe{Conn: client, p: p}, nil
	case <-p.ended:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type countedPipe struct {
	net.Conn
	p      *pipes
	closed sync.Once
}

func (c *countedPipe) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.p.said.Add(int64(n))
	return n, err
}

func (c *countedPipe) Close() error {
	c.closed.Do(func() { c.p.open.Add(-1) })
	return c.Conn.Close()
}

// serve answers at p until the test ends; cert is nil for plain HTTP.
func (p *pipes) serve(t *testing.T, cert *tls.Certificate, h http.HandlerFunc) {
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		if cert == nil {
			s.Serve(p)
			return
		}
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
		s.ServeTLS(p, "", "")
	}()
	t.Cleanup(func() { s.Close() })
}

// connectTo answers CONNECT with a connection to p.
func connectTo(p *pipes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		server, err := p.dial(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			server.Close()
			return
		}
		io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			io.Copy(server, client)
			server.Close()
		}()
		io.Copy(client, server)
		client.Close()
	}
}

// loading is the system's certificates, which take until they are released.
type loading struct {
	released chan struct{}
	begun    atomic.Bool
}

func (l *loading) load() (*x509.CertPool, error) {
	l.begun.Store(true)
	<-l.released
	return x509.NewCertPool(), nil
}

// slowWorld is a server, and perhaps a proxy before it, and a network whose system's
// certificates are still being read.
type slowWorld struct {
	*Network
	system *loading
	front  *pipes // what the network connects to
}

// sleepLast is for a bubble, in which time ends with its function: TLS says goodbye for
// five seconds, also to those who do not listen.
func sleepLast(t *testing.T) { t.Cleanup(func() { time.Sleep(time.Minute) }) }

// newSlowWorld is for a bubble; cfg names the certificate of ca and the proxy.
func newSlowWorld(t *testing.T, cfg *config.Config, jira, proxy *tls.Certificate) *slowWorld {
	t.Helper()
	sleepLast(t)
	site := newPipes()
	site.serve(t, jira, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) })
	w := &slowWorld{system: &loading{released: make(chan struct{})}, front: site}
	if via := cfg.ProxyURL(); via != nil {
		w.front = newPipes()
		if via.Scheme == "http" {
			proxy = nil
		}
		w.front.serve(t, proxy, connectTo(site))
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return w.front.dial(ctx) }
	var err error
	if w.Network, err = newWith(cfg, dial, w.system.load, ""); err != nil {
		t.Fatal(err)
	}
	return w
}

// ask has the server asked in the background. It succeeds with the server's own answer.
func (w *slowWorld) ask(ctx context.Context) <-chan error {
	answered := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://jira.example.com/", nil)
		if err != nil {
			answered <- err
			return
		}
		resp, err := w.RoundTrip(req)
		if err != nil {
			answered <- err
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err == nil && string(body) != "jira.example.com" {
			err = errors.New("body " + string(body))
		}
		answered <- err
	}()
	return answered
}

// begins waits until nothing moves, and wants one connection that is silent.
func (w *slowWorld) begins(t *testing.T, answered <-chan error) {
	t.Helper()
	synctest.Wait()
	if !w.system.begun.Load() || w.front.open.Load() != 1 || w.front.said.Load() != 0 || len(answered) != 0 {
		t.Fatalf("loading %t; %d connections, %d bytes said; answered %t",
			w.system.begun.Load(), w.front.open.Load(), w.front.said.Load(), len(answered) != 0)
	}
}

// A network opens while the system's certificates are being read, and connects; but no
// word is said on any connection before they are there, whoever shakes hands on it.
func TestHandshakeWaitsForTrust(t *testing.T) {
	noProxy(t)
	for name, tt := range map[string]struct {
		proxy string
		warm  bool
	}{
		"direct":                 {},
		"prepared":               {warm: true},
		"through an http proxy":  {proxy: "http://proxy.example.com:3128"},
		"through an https proxy": {proxy: "https://Proxy.example.com:3128"},
	} {
		ca := newAuthority(t)
		jira, proxy := ca.server("jira.example.com"), ca.server("proxy.example.com")
		configured := func(t *testing.T) *config.Config {
			// The text is new: for a pool that is complete nobody would wait.
			cfg := &config.Config{SSLServerCert: tempFile(t, []byte(t.Name()+"\n"), certPEM(ca.cert))}
			cfg.ProxyServer = tt.proxy
			return cfg
		}
		start := func(t *testing.T, ctx context.Context, cfg *config.Config) (*slowWorld, <-chan error) {
			w := newSlowWorld(t, cfg, &jira, &proxy)
			if tt.warm {
				w.Preconnect(ctx, mustURL(t, "https://jira.example.com"))
			}
			answered := w.ask(ctx)
			w.begins(t, answered)
			return w, answered
		}
		t.Run(name, func(t *testing.T) {
			cfg := configured(t)
			synctest.Test(t, func(t *testing.T) {
				w, answered := start(t, t.Context(), cfg)
				close(w.system.released)
				if err := <-answered; err != nil {
					t.Error(err)
				}
				w.Close()
			})
		})
		t.Run(name+", given up", func(t *testing.T) {
			cfg := configured(t)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				w, answered := start(t, ctx, cfg)
				began := time.Now()
				if err := <-answered; !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
				if w.front.said.Load() != 0 {
					t.Error("a handshake began without anybody to trust")
				}
				close(w.system.released)
				w.Close()
			})
		})
	}
}

// TestDialWhenTrustedGivesUp: a connection that nobody waits for any longer is closed.
func TestDialWhenTrustedGivesUp(t *testing.T) {
	noProxy(t)
	cfg := &config.Config{SSLServerCert: tempFile(t, certPEM(newAuthority(t).cert))}
	synctest.Test(t, func(t *testing.T) {
		w := newSlowWorld(t, cfg, nil, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if conn, err := w.Network.system.dial(ctx, "tcp", "jira.example.com:443"); conn != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("connection %t, error %v", conn != nil, err)
		}
		if got := w.front.open.Load(); got != 0 {
			t.Errorf("%d connections are left", got)
		}
		close(w.system.released)
		w.Close()
	})
}

// TestCloseWaitsForTrust: nothing of a network goes on after its end.
func TestCloseWaitsForTrust(t *testing.T) {
	noProxy(t)
	file := tempFile(t, certPEM(newAuthority(t).cert))
	synctest.Test(t, func(t *testing.T) {
		system := &loading{released: make(chan struct{})}
		n, err := newWith(&config.Config{SSLServerCert: file}, nil, system.load, "")
		if err != nil {
			t.Fatal(err)
		}
		var closed atomic.Bool
		go func() {
			n.Close()
			closed.Store(true)
		}()
		synctest.Wait()
		if closed.Load() {
			t.Error("closed while its certificates are being read")
		}
		close(system.released)
		synctest.Wait()
		if !closed.Load() {
			t.Error("not closed")
		}
	})
}

// TestTrustInTwoBubbles: what one bubble of synctest leaves behind does not break the
// next one, nor what is outside of them.
func TestTrustInTwoBubbles(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	file, cert := tempFile(t, certPEM(ca.cert)), ca.server("jira.example.com")
	visit := func(t *testing.T) *Network {
		site := newPipes()
		site.serve(t, &cert, func(w http.ResponseWriter, r *http.Request) {})
		n := openTrusting(t, file, func(ctx context.Context, _, _ string) (net.Conn, error) { return site.dial(ctx) }, systemOf())
		if _, err := get(n, "https://jira.example.com/"); err != nil {
			t.Error(err)
		}
		return n
	}
	var kept []*Network
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			sleepLast(t)
			kept = append(kept, visit(t))
		})
	}
	kept = append(kept, visit(t))
	for _, n := range kept {
		if n.system.tls.RootCAs != kept[0].system.tls.RootCAs {
			t.Error("not shared: the test shows nothing")
		}
	}
}
