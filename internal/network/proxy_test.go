package network

import (
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// connectProxy is a proxy that connects every CONNECT to one address.
type connectProxy struct {
	*httptest.Server
	backend string
	status  int // answer instead; 0: connect

	mu      sync.Mutex
	targets []string // "host:port Proxy-Authorization"
}

func newConnectProxy(t *testing.T, backend string) *connectProxy {
	p := &connectProxy{backend: backend}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.targets = append(p.targets, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
	p.mu.Unlock()
	if p.status != 0 {
		http.Error(w, "the proxy's own words", p.status)
		return
	}
	server, err := net.Dial("tcp", p.backend)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	// Hijacked before the answer: what the client sends after it must not end up in
	// the server's buffer.
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		server.Close()
		return
	}
	io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		io.Copy(server, buffered.Reader)
		server.Close()
	}()
	go func() {
		io.Copy(client, server)
		client.Close()
	}()
}

func (p *connectProxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.targets...)
}

func (p *connectProxy) host() (host, port string) {
	host, port, _ = net.SplitHostPort(p.Listener.Addr().String())
	return host, port
}

func TestProxy(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	s := newSite(t, nil, ca.server("jira.example.com"))
	p := newConnectProxy(t, s.addr())
	trust := tempFile(t, certPEM(ca.cert))
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("ana:s3 cret:x"))
	conn := func(extra string) string {
		host, port := p.host()
		return "AuthScheme=Okta;User=ana;SSOLoginURL=https://o.example/a;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;" +
			"SSLServerCert=" + trust + ";ProxyServer=" + host + ";ProxyPort=" + port + ";" + extra
	}
	for name, extra := range map[string]string{
		"":    "",
		basic: "ProxyUser=ana;ProxyPassword='s3 cret:x'",
	} {
		cfg, err := parseConfig(conn(extra))
		if err != nil {
			t.Fatal(err)
		}
		n := openNetwork(t, cfg, nil)
		before := len(p.seen())
		for range 2 {
			if _, err := get(n, "https://jira.example.com/x"); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := p.seen()[before:], "CONNECT jira.example.com:443 "+name; len(got) != 1 || got[0] != want {
			t.Errorf("the proxy saw %q, want %q once", got, want)
		}
		if got := s.last(); got != "HTTP/2.0 /x" {
			t.Errorf("served %q", got)
		}
	}

	t.Run("not used", func(t *testing.T) {
		before := len(p.seen())
		cfg, err := parseConfig(conn("ProxyExceptions='other.example; .example.com';ProxyAuthScheme=None;ProxyUser=ana"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := get(openNetwork(t, cfg, to(s.addr())), "https://jira.example.com/x"); err != nil {
			t.Fatal(err)
		}
		if got := p.seen()[before:]; len(got) != 0 {
			t.Errorf("the proxy saw %q", got)
		}
	})

	t.Run("from the environment", func(t *testing.T) {
		before := len(p.seen())
		t.Setenv("HTTPS_PROXY", strings.Replace(p.URL, "http://", "http://eve:pw@", 1))
		t.Setenv("NO_PROXY", "direct.example.com")
		n := openNetwork(t, &config.Config{SSLServerCert: trust, ProxyUser: "ana", ProxyPassword: config.NewSecret("never sent")}, nil)
		if _, err := get(n, "https://jira.example.com/x"); err != nil {
			t.Fatal(err)
		}
		want := "CONNECT jira.example.com:443 Basic " + base64.StdEncoding.EncodeToString([]byte("eve:pw"))
		if got := p.seen()[before:]; len(got) != 1 || got[0] != want {
			t.Errorf("the proxy saw %q", got)
		}
		if via, err := n.proxy(mustURL(t, "https://direct.example.com/")); via != nil || err != nil {
			t.Errorf("NO_PROXY host goes through %v, %v", via, err)
		}
	})

	t.Run("refuses", func(t *testing.T) {
		cfg, err := parseConfig(conn("ProxyUser=ana;ProxyPassword=kV8sTq"))
		if err != nil {
			t.Fatal(err)
		}
		for status, want := range map[int]error{407: autherr.ErrConfig, 403: autherr.ErrUnreachable} {
			p.status = status
			_, err := get(openNetwork(t, cfg, nil), "https://jira.example.com/")
			if !errors.Is(err, want) || strings.Contains(err.Error(), "words") || strings.Contains(err.Error(), "kV8sTq") {
				t.Errorf("%d: err = %v", status, err)
			}
		}
	})

	t.Run("no password to be had", func(t *testing.T) {
		before := len(p.seen())
		cfg, err := parseConfig(conn("ProxyUser=ana;ProxyPasswordFile=/no/such/file"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := get(openNetwork(t, cfg, nil), "https://jira.example.com/"); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("err = %v", err)
		}
		if got := p.seen()[before:]; len(got) != 0 {
			t.Errorf("the proxy saw %q", got)
		}
	})
}
