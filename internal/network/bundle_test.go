package network

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/ssoexchange/ssoexchange/config"
)

const bundleSite = "https://jira.example.com/"

// openBundled opens a network whose system has a bundle, and more certificates beside
// it; loads counts how often those were read.
func openBundled(t *testing.T, cfg *config.Config, dial dialFunc, bundle string, loads *atomic.Int32, system ...*authority) *Network {
	t.Helper()
	n, err := newWith(cfg, dial, func() (*x509.CertPool, error) {
		loads.Add(1)
		return systemOf(system...)()
	}, bundle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// TestBundleComesFirst: what the bundle vouches for needs nothing else, what only the
// rest of the system vouches for costs one handshake more, once, and what nobody
// vouches for is refused.
func TestBundleComesFirst(t *testing.T) {
	noProxy(t)
	bundled, other, own, stranger := newAuthority(t), newAuthority(t), newAuthority(t), newAuthority(t)
	bundle := tempFile(t, certPEM(bundled.cert), certPEM(newAuthority(t).cert))
	for name, tt := range map[string]struct {
		of             *authority
		url            string
		ok             bool
		first, second  int // handshakes that are tried for the first request, and for the next
		systemIsLoaded int32
	}{
		"in the bundle":                 {of: bundled, ok: true, first: 1},
		"of SSLServerCert":              {of: own, ok: true, first: 1},
		"beside the bundle":             {of: other, ok: true, first: 2, second: 1, systemIsLoaded: 1},
		"nowhere":                       {of: stranger, first: 2, second: 1, systemIsLoaded: 1},
		"in the bundle, another's name": {of: bundled, url: "https://other.example.com/", first: 1, second: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var loads atomic.Int32
			s := newSite(t, nil, tt.of.server("jira.example.com"))
			// The content of the file must not be known from another case.
			file := tempFile(t, []byte("# "+name+"\n"), certPEM(own.cert))
			n := openBundled(t, &config.Config{SSLServerCert: file}, to(s.addr()), bundle, &loads, bundled, other)
			url := tt.url
			if url == "" {
				url = bundleSite
			}
			_, err := get(n, url)
			if (err == nil) != tt.ok {
				t.Fatalf("err = %v", err)
			}
			if unknown := (x509.UnknownAuthorityError{}); tt.of == stranger && !errors.As(err, &unknown) {
				t.Errorf("err = %v, want an unknown authority", err)
			}
			accepted, _, requests := s.counts()
			if accepted != tt.first {
				t.Errorf("%d connections, want %d", accepted, tt.first)
			}
			if want := map[bool]int{true: 1}[tt.ok]; requests != want {
				t.Errorf("%d requests, want %d", requests, want)
			}
			n.transport.CloseIdleConnections()
			if _, err := get(n, url); (err == nil) != tt.ok {
				t.Fatalf("again: err = %v", err)
			}
			again, _, _ := s.counts()
			if want := max(tt.second, 1); again-accepted != want {
				t.Errorf("again: %d connections, want %d", again-accepted, want)
			}
			if got := loads.Load(); got != tt.systemIsLoaded {
				t.Errorf("the rest of the system was read %d times, want %d", got, tt.systemIsLoaded)
			}
		})
	}
}

// TestBundleAlone: without SSLServerCert the bundle is believed as it is.
func TestBundleAlone(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	bundle := tempFile(t, certPEM(ca.cert))
	known, unknown := newSite(t, nil, ca.server("jira.example.com")), newSite(t, nil, newAuthority(t).server("jira.example.com"))
	var loads atomic.Int32
	if _, err := get(openBundled(t, &config.Config{}, to(known.addr()), bundle, &loads), bundleSite); err != nil {
		t.Error(err)
	}
	if _, err := get(openBundled(t, &config.Config{}, to(unknown.addr()), bundle, &loads), bundleSite); err == nil {
		t.Error("an unknown authority is believed")
	}
	if _, _, requests := unknown.counts(); requests != 0 {
		t.Errorf("%d requests reached a server that nobody vouches for", requests)
	}
}

// TestBundleOfNoUse: a bundle that cannot be read is no reason to fail.
func TestBundleOfNoUse(t *testing.T) {
	noProxy(t)
	public := newAuthority(t)
	s := newSite(t, nil, public.server("jira.example.com"))
	for name, bundle := range map[string]string{
		"missing":   filepath.Join(t.TempDir(), "none"),
		"empty":     tempFile(t),
		"no PEM":    tempFile(t, []byte("certificates")),
		"too large": tempFile(t, bytes.Repeat([]byte("#"), maxBundle), certPEM(public.cert)),
		"directory": t.TempDir(),
	} {
		t.Run(name, func(t *testing.T) {
			var loads atomic.Int32
			file := tempFile(t, []byte("# "+name+"\n"), certPEM(newAuthority(t).cert))
			n := openBundled(t, &config.Config{SSLServerCert: file}, to(s.addr()), bundle, &loads, public)
			if _, err := get(n, bundleSite); err != nil {
				t.Error(err)
			}
			if got := loads.Load(); got != 1 {
				t.Errorf("the system's certificates were read %d times, want once", got)
			}
		})
	}
}

// TestBundleBehindProxy: net/http does TLS by itself there, and has no second try.
func TestBundleBehindProxy(t *testing.T) {
	noProxy(t)
	bundled, public := newAuthority(t), newAuthority(t)
	s := newSite(t, nil, public.server("jira.example.com"))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		server, err := net.Dial("tcp", s.addr())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer server.Close()
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer client.Close()
		io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
		go io.Copy(server, client)
		io.Copy(client, server)
	}))
	t.Cleanup(proxy.Close)
	var loads atomic.Int32
	cfg := &config.Config{SSLServerCert: tempFile(t, certPEM(newAuthority(t).cert))}
	cfg.ProxyServer = proxy.URL
	n := openBundled(t, cfg, nil, tempFile(t, certPEM(bundled.cert)), &loads, public)
	if _, err := get(n, bundleSite); err != nil {
		t.Error(err)
	}
	if accepted, _, _ := s.counts(); accepted != 1 {
		t.Errorf("%d connections, want 1", accepted)
	}
}

// TestBundleWarm: a connection that is prepared is judged in the same way.
func TestBundleWarm(t *testing.T) {
	noProxy(t)
	bundled, public := newAuthority(t), newAuthority(t)
	s := newSite(t, nil, public.server("jira.example.com"))
	var loads atomic.Int32
	file := tempFile(t, certPEM(newAuthority(t).cert))
	n := openBundled(t, &config.Config{SSLServerCert: file}, to(s.addr()), tempFile(t, certPEM(bundled.cert)), &loads, public)
	n.Preconnect(t.Context(), mustURL(t, bundleSite))
	if _, err := get(n, bundleSite); err != nil {
		t.Fatal(err)
	}
	if accepted, _, requests := s.counts(); accepted != 2 || requests != 1 {
		t.Errorf("%d connections and %d requests, want 2 and 1", accepted, requests)
	}
}

func TestBundleFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		if got := bundleFile(); got != "" {
			t.Errorf("%s on a system that keeps its certificates elsewhere", got)
		}
		return
	}
	t.Setenv("SSL_CERT_FILE", "/etc/company.pem")
	if got := bundleFile(); got != "/etc/company.pem" {
		t.Errorf("SSL_CERT_FILE is not heeded: %q", got)
	}
	t.Setenv("SSL_CERT_FILE", "")
	second := tempFile(t)
	old := bundles
	defer func() { bundles = old }()
	if bundles = []string{filepath.Join(t.TempDir(), "none"), second}; bundleFile() != second {
		t.Errorf("%q, want the first that is there", bundleFile())
	}
	if bundles = bundles[:1]; bundleFile() != "" {
		t.Errorf("%q, which is not there", bundleFile())
	}
}
