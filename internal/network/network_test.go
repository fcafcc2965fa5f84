package network

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// authority is a CA for one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	a.cert = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}, &a.key.PublicKey)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(template *x509.Certificate, key any) *x509.Certificate {
	a.t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	// It is the first of January 2000 where a bubble of synctest begins.
	template.NotBefore, template.NotAfter = time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC), time.Now().Add(time.Hour)
	parent := a.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

func (a *authority) server(names ...string) tls.Certificate {
	key := newKey(a.t)
	cert := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "server"}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, &key.PublicKey)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// client returns a client certificate and its key, each in PEM.
func (a *authority) client(name string) (cert, key []byte) {
	k := newKey(a.t)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.clientFor(name, k), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// clientFor returns a client certificate, in PEM, for a key.
func (a *authority) clientFor(name string, key any) []byte {
	signer, ok := key.(crypto.Signer)
	if !ok {
		a.t.Fatalf("%T is no key", key)
	}
	return certPEM(a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, signer.Public()))
}

// countReveals is a secret that counts how often it is read.
func countReveals(n *int, value string) config.Secret {
	return config.SecretFunc(func(context.Context) (string, error) {
		*n++
		return value, nil
	})
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func tempFile(t *testing.T, content ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	var all []byte
	for _, c := range content {
		all = append(all, c...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// site is an HTTPS server on loopback that counts what reaches it.
type site struct {
	*httptest.Server
	mu         sync.Mutex
	accepted   int
	handshakes int
	requests   []string      // "HTTP/2.0 /path client-cn"
	shook      chan struct{} // receives after each handshake
}

func newSite(t *testing.T, configure func(*tls.Config), cert tls.Certificate) *site {
	t.Helper()
	s := &site{shook: make(chan struct{}, 16)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := ""
		if len(r.TLS.PeerCertificates) > 0 {
			who = " " + r.TLS.PeerCertificates[0].Subject.CommonName
		}
		s.mu.Lock()
		s.requests = append(s.requests, r.Proto+" "+r.URL.Path+who)
		s.mu.Unlock()
		io.WriteString(w, r.Host)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.accepted++
			s.mu.Unlock()
		}
	}
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, VerifyConnection: func(tls.ConnectionState) error {
		s.mu.Lock()
		s.handshakes++
		s.mu.Unlock()
		s.shook <- struct{}{}
		return nil
	}}
	if configure != nil {
		configure(s.TLS)
	}
	s.EnableHTTP2 = s.TLS.NextProtos == nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *site) addr() string { return s.Listener.Addr().String() }

func (s *site) port() string {
	_, port, _ := net.SplitHostPort(s.addr())
	return port
}

func (s *site) counts() (accepted, handshakes, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted, s.handshakes, len(s.requests)
}

func (s *site) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		return ""
	}
	return s.requests[len(s.requests)-1]
}

// to dials addr whatever host is asked for, as a DNS would make it.
func to(addr string) dialFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
}

func openNetwork(t *testing.T, cfg *config.Config, dial dialFunc) *Network {
	t.Helper()
	n, err := New(cfg, dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func get(n *Network, address string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := n.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// noProxy keeps the machine's own proxy settings out of a test.
func noProxy(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
}

func TestTrust(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	cert := ca.server("jira.example.com")
	s := newSite(t, nil, cert)
	old := newSite(t, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11; c.MinVersion = tls.VersionTLS10 }, cert)
	for name, tt := range map[string]struct {
		cfg  config.Config
		site *site
		url  string
		ok   bool
	}{
		"unknown CA":                {config.Config{}, s, "https://jira.example.com/", false},
		"its CA":                    {config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, s, "https://jira.example.com/", true},
		"several in the file":       {config.Config{SSLServerCert: tempFile(t, []byte("# comment\n"), certPEM(newAuthority(t).cert), certPEM(ca.cert))}, s, "https://jira.example.com/", true},
		"the server's own":          {config.Config{SSLServerCert: tempFile(t, certPEM(cert.Leaf))}, s, "https://jira.example.com/", true},
		"the server's, other name":  {config.Config{SSLServerCert: tempFile(t, certPEM(cert.Leaf))}, s, "https://other.example.com/", false},
		"the CA, other name":        {config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, s, "https://other.example.com/", false},
		"a server with TLS 1.1":     {config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, old, "https://jira.example.com/", false},
		"certificate of another CA": {config.Config{SSLServerCert: tempFile(t, certPEM(newAuthority(t).cert))}, s, "https://jira.example.com/", false},
	} {
		t.Run(name, func(t *testing.T) {
			n := openNetwork(t, &tt.cfg, to(tt.site.addr()))
			_, err := get(n, tt.url)
			if (err == nil) != tt.ok {
				t.Fatalf("err = %v", err)
			}
			if tt.ok && tt.site.last() != "HTTP/2.0 /" {
				t.Errorf("served %q, want HTTP/2", tt.site.last())
			}
		})
	}
}

func TestBadCertificateFiles(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.client("bot")
	_, otherKey := ca.client("other")
	old := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: []byte("x")})
	sealed := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	for name, tt := range map[string]struct {
		cfg            config.Config
		property, text string
	}{
		"server: missing":      {config.Config{SSLServerCert: "/no/such/file"}, "SSLServerCert", "does not exist"},
		"server: accept all":   {config.Config{SSLServerCert: "*"}, "SSLServerCert", "unseen"},
		"server: not PEM":      {config.Config{SSLServerCert: tempFile(t, ca.cert.Raw)}, "SSLServerCert", "-inform der"},
		"server: a key only":   {config.Config{SSLServerCert: tempFile(t, key)}, "SSLServerCert", "no certificate"},
		"server: broken":       {config.Config{SSLServerCert: tempFile(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))}, "SSLServerCert", "cannot be read"},
		"server: too large":    {config.Config{SSLServerCert: tempFile(t, make([]byte, maxCertFile+1))}, "SSLServerCert", "1 MiB"},
		"server: directory":    {config.Config{SSLServerCert: t.TempDir()}, "SSLServerCert", "cannot be read"},
		"client: missing":      {config.Config{SSLClientCert: "/no/such/file"}, "SSLClientCert", "does not exist"},
		"client: no key":       {config.Config{SSLClientCert: tempFile(t, cert)}, "SSLClientCert", "no private key"},
		"client: no cert":      {config.Config{SSLClientCert: tempFile(t, key)}, "SSLClientCert", "no certificate"},
		"client: other key":    {config.Config{SSLClientCert: tempFile(t, cert, otherKey)}, "SSLClientCert", "do not belong together"},
		"client: PFX type":     {config.Config{SSLClientCert: tempFile(t, cert, key), SSLClientCertType: "PFXFILE"}, "SSLClientCert", "PEMKEY_FILE"},
		"client: PFX content":  {config.Config{SSLClientCert: tempFile(t, []byte{0x30, 0x82, 1, 2})}, "SSLClientCert", "PFXFILE"},
		"client: old sealed":   {config.Config{SSLClientCert: tempFile(t, cert, old)}, "SSLClientCert", "old form"},
		"client: no password":  {config.Config{SSLClientCert: tempFile(t, cert, sealed)}, "SSLClientCert", "SSLClientCertPassword"},
		"proxy: by hand, NTLM": {config.Config{ProxyServer: "p", ProxyAuthScheme: "NTLM"}, "ProxyAuthScheme", "cntlm"},
		"proxy: colon in user": {config.Config{ProxyServer: "p", ProxyUser: "a:b"}, "ProxyUser", "colon"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(&tt.cfg, nil)
			var bad *config.Error
			if !errors.As(err, &bad) || !errors.Is(err, autherr.ErrConfig) || bad.Property != tt.property ||
				!strings.Contains(err.Error()+bad.HintText(), tt.text) {
				t.Errorf("err = %v (%v)", err, bad)
			}
		})
	}
}

func TestClientCertificate(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	s := newSite(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert; c.ClientCAs = pool }, ca.server("jira.example.com"))
	trust := tempFile(t, certPEM(ca.cert))
	cert, key := ca.client("bot")

	n := openNetwork(t, &config.Config{SSLServerCert: trust, SSLClientCert: tempFile(t, cert, key), SSLClientCertType: "PEMKEY_FILE"}, to(s.addr()))
	if _, err := get(n, "https://jira.example.com/x"); err != nil {
		t.Fatal(err)
	}
	if got := s.last(); got != "HTTP/2.0 /x bot" {
		t.Errorf("served %q", got)
	}
	n = openNetwork(t, &config.Config{SSLServerCert: trust}, to(s.addr()))
	if _, err := get(n, "https://jira.example.com/x"); err == nil {
		t.Error("let in without a certificate")
	}
}

func TestLocalhost(t *testing.T) {
	noProxy(t)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // must not be used
	ca := newAuthority(t)
	s := newSite(t, nil, ca.server("jira.localhost", "localhost"))
	n := openNetwork(t, &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert)), ProxyServer: "127.0.0.1:1"}, nil)
	for _, host := range []string{"jira.localhost", "localhost", "127.0.0.1"} {
		body, err := get(n, "https://"+host+":"+s.port()+"/")
		if err != nil || body != host+":"+s.port() {
			t.Errorf("%s: %q, %v", host, body, err)
		}
	}
}

func TestDialLocalhost(t *testing.T) {
	var asked []string
	refuse := errors.New("refused")
	dial := dialLocalhost(func(_ context.Context, _, addr string) (net.Conn, error) {
		asked = append(asked, addr)
		if strings.HasPrefix(addr, "[::1]") {
			a, _ := net.Pipe()
			return a, nil
		}
		return nil, refuse
	})
	for addr, want := range map[string]string{
		"jira.localhost:8":   "127.0.0.1:8 [::1]:8",
		"LOCALHOST.:8":       "127.0.0.1:8 [::1]:8",
		"localhost.example:": "localhost.example:",
		"jira.example.com:8": "jira.example.com:8",
		"127.0.0.2:8":        "127.0.0.2:8",
	} {
		asked = nil
		conn, err := dial(t.Context(), "tcp", addr)
		if got := strings.Join(asked, " "); got != want {
			t.Errorf("%s: dialled %s, want %s", addr, got, want)
		}
		if viaSix := strings.Contains(want, "::1"); viaSix != (err == nil) {
			t.Errorf("%s: %v", addr, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
}

// parseConfig reads a connection string of a scheme that needs nothing.
func parseConfig(conn string) (*config.Config, error) {
	s, err := config.ParseSettings(conn)
	if err != nil {
		return nil, err
	}
	return config.Schemes{{Name: "Okta", Uses: []string{"User", "Password", "SSOLoginURL", "SSOExchangeURL"}}}.Config(s, nil)
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
