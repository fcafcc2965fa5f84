package sso_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// These tests sign in over real TLS on loopback, through all that a company puts in
// between: a CA of its own, client certificates, a proxy with a password.

// served returns simulated servers that listen on loopback, and their CA's file.
// With name "localhost" their names lead there by themselves; other names need a
// proxy.
func served(t *testing.T, below string) (*fixtures.World, net.Addr, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ""
	if below == "localhost" {
		_, p, _ := net.SplitHostPort(ln.Addr().String())
		port = ":" + p
	}
	w := fixtures.NewWorld(fixtures.WorldOptions{OktaHost: "okta." + below + port, CrowdHost: "crowd." + below + port, JiraHost: "jira." + below + port})
	l := w.Net.Serve(ln)
	t.Cleanup(func() {
		l.Close()
		w.Net.Close()
	})
	ca, err := w.Net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	return w, ln.Addr(), ca
}

// clientCert writes a client certificate and its key into one file.
func clientCert(t *testing.T, w *fixtures.World) string {
	t.Helper()
	cert, key, err := w.Net.ClientCert("ana")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "client.pem")
	if err := os.WriteFile(file, append(cert, key...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func host(t *testing.T, address string) string {
	t.Helper()
	_, rest, _ := strings.Cut(address, "://")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// TestSignInWithCertificates: a CA of the company's own for all, and Jira and Crowd
// that want to see a client certificate.
func TestSignInWithCertificates(t *testing.T) {
	w, _, ca := served(t, "localhost")
	w.Net.RequireClientCert(host(t, w.Jira.BaseURL()))
	w.Net.RequireClientCert(host(t, w.Crowd.BaseURL()))
	cert := clientCert(t, w)
	mtls := []string{"SSLServerCert=" + ca, "SSLClientCert=" + cert, "SSLClientCertType=PEMKEY_FILE"}

	for name, conn := range map[string]string{
		"Okta":  w.OktaConnection(append(mtls, "User=passwordonly@example.com")...),
		"Crowd": w.CrowdConnection(mtls...),
	} {
		c := open(t, conn, nil)
		if s, err := c.Session(t.Context()); err != nil || s.User == "" {
			t.Errorf("%s: session %v, error %v", name, s, err)
			continue
		}
		resp, err := c.HTTP().Get(w.Jira.BaseURL() + "/rest/api/2/issue/HELP-1")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("%s: a request through HTTP answers %d", name, resp.StatusCode)
		}
	}

	_, err := open(t, w.CrowdConnection("SSLServerCert="+ca), nil).Session(t.Context())
	if !errors.Is(err, sso.ErrUnreachable) {
		t.Errorf("without a client certificate: %v, want ErrUnreachable", err)
	}
	before := len(w.Net.Requests())
	_, err = open(t, w.CrowdConnection(), nil).Session(t.Context())
	if !errors.Is(err, sso.ErrUnreachable) || !strings.Contains(sso.Hint(err), "SSLServerCert") {
		t.Errorf("without the CA: %v (hint %q), want ErrUnreachable and SSLServerCert", err, sso.Hint(err))
	}
	if got := w.Net.Requests()[before:]; len(got) != 0 {
		t.Errorf("%d requests were sent to servers that are not trusted", len(got))
	}
}

// tunnel is a CONNECT proxy that leads every name to one address.
type tunnel struct {
	*httptest.Server
	to     net.Addr
	user   string // "user:password" that it wants, "" for none
	refuse int    // status to answer with instead

	mu   sync.Mutex
	seen []string // host names
}

func newTunnel(t *testing.T, to net.Addr) *tunnel {
	p := &tunnel{to: to}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := net.SplitHostPort(r.Host)
	p.mu.Lock()
	p.seen = append(p.seen, r.Method+" "+name)
	p.mu.Unlock()
	switch {
	case p.refuse != 0:
		w.WriteHeader(p.refuse)
		return
	case p.user != "" && r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(p.user)):
		w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	server, err := net.Dial(p.to.Network(), p.to.String())
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer server.Close()
	w.WriteHeader(http.StatusOK)
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	go func() {
		io.Copy(server, buffered)
		server.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(client, server)
}

// hosts returns what the proxy was asked for, each once.
func (p *tunnel) hosts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.Clone(p.seen)
	slices.Sort(list)
	return slices.Compact(list)
}

func (p *tunnel) props(more ...string) []string {
	name, port, _ := net.SplitHostPort(p.Listener.Addr().String())
	return append([]string{"ProxyServer=" + name, "ProxyPort=" + port}, more...)
}

// TestSignInThroughProxy: names that lead nowhere but by the proxy, a password at the
// proxy, and a client certificate that Jira sees through it.
func TestSignInThroughProxy(t *testing.T) {
	w, addr, ca := served(t, "corp.invalid")
	w.Net.RequireClientCert("jira.corp.invalid")
	mtls := []string{"SSLServerCert=" + ca, "SSLClientCert=" + clientCert(t, w), "SSLClientCertType=PEMKEY_FILE"}
	want := map[string][]string{
		"Okta":  {"CONNECT jira.corp.invalid", "CONNECT okta.corp.invalid"},
		"Crowd": {"CONNECT crowd.corp.invalid", "CONNECT jira.corp.invalid"},
	}
	for idp := range want {
		connect := func(props ...string) string {
			props = append(slices.Clone(mtls), props...)
			if idp == "Okta" {
				props = append(props, "User=passwordonly@example.com")
			}
			return connection(w, idp, props...)
		}
		signedIn := func(t *testing.T, p *tunnel, conn string) {
			t.Helper()
			c := open(t, conn, nil)
			if s, err := c.Session(t.Context()); err != nil || s.User == "" {
				t.Fatalf("session %v, error %v", s, err)
			}
			resp, err := c.HTTP().Get(w.Jira.BaseURL() + "/rest/api/2/issue/HELP-1")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := p.hosts(); !slices.Equal(got, want[idp]) || resp.StatusCode != 200 {
				t.Errorf("status %d; the proxy saw %q, want %q", resp.StatusCode, got, want[idp])
			}
		}
		t.Run(idp+"/ProxyServer", func(t *testing.T) {
			p := newTunnel(t, addr)
			p.user = "ana:s3 cret:x"
			signedIn(t, p, connect(p.props("ProxyUser=ana", "ProxyPassword='s3 cret:x'")...))
		})
		t.Run(idp+"/environment", func(t *testing.T) {
			p := newTunnel(t, addr)
			p.user = "eve:pw"
			t.Setenv("HTTPS_PROXY", strings.Replace(p.URL, "http://", "http://eve:pw@", 1))
			signedIn(t, p, connect())
		})
		t.Run(idp+"/wrong password at the proxy", func(t *testing.T) {
			p := newTunnel(t, addr)
			p.user = "ana:right"
			w.Net.Reset()
			_, err := open(t, connect(p.props("ProxyUser=ana", "ProxyPassword=wrong-one")...), nil).Session(t.Context())
			if !errors.Is(err, sso.ErrConfig) || !strings.Contains(sso.Hint(err), "ProxyPassword") || strings.Contains(err.Error(), "wrong-one") {
				t.Errorf("error %v (hint %q), want ErrConfig and ProxyPassword", err, sso.Hint(err))
			}
			if n := len(w.Net.Requests()); n != 0 {
				t.Errorf("%d requests came through", n)
			}
		})
		t.Run(idp+"/proxy says no", func(t *testing.T) {
			p := newTunnel(t, addr)
			p.refuse = http.StatusForbidden
			_, err := open(t, connect(p.props()...), nil).Session(t.Context())
			if !errors.Is(err, sso.ErrUnreachable) || !strings.Contains(sso.Hint(err), "ProxyExceptions") {
				t.Errorf("error %v (hint %q), want ErrUnreachable and ProxyExceptions", err, sso.Hint(err))
			}
		})
		t.Run(idp+"/exceptions", func(t *testing.T) {
			p := newTunnel(t, addr)
			opts := &sso.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				var d net.Dialer
				if address == p.Listener.Addr().String() {
					return d.DialContext(ctx, network, address)
				}
				return d.DialContext(ctx, network, addr.String()) // as the company's own DNS would
			}}
			if _, err := open(t, connect(p.props("ProxyExceptions='jira.corp.invalid'")...), opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := p.hosts(); len(got) != 1 || strings.Contains(got[0], "jira") {
				t.Errorf("the proxy saw %q, want the identity provider only", got)
			}
		})
	}
}
