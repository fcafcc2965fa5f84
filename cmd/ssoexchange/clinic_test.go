package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/doctor"
	"github.com/ssoexchange/ssoexchange/fixtures"
)

// clinic is a world with one sick part, and a program that looks at it.
type clinic struct {
	*testing.T
	*fixtures.World
	dir   string            // for files; state is below
	ca    string            // file of the world's CA
	props []string          // what the fault adds to the connection, or puts in its place
	args  []string          // of doctor
	route map[string]string // address dialled → where it really is, on loopback
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	keyring.MockInit()
	c := &clinic{T: t, World: fixtures.NewWorld(fixtures.WorldOptions{}), dir: t.TempDir(), route: map[string]string{}}
	t.Cleanup(func() { c.Close() })
	var err error
	if c.ca, err = c.Net.CAFile(c.dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"SSOEXCHANGE_CONNECTION", "SSOEXCHANGE_PROFILE", "HTTPS_PROXY", "https_proxy", "SSOEXCHANGE_STATE_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("SSOEXCHANGE_CONFIG", filepath.Join(c.dir, "config.yaml"))
	t.Setenv("SSOEXCHANGE_NO_INPUT", "1")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent") // the keyring is the mock
	t.Setenv("SSOEXCHANGE_STATE_DIR", c.state())
	return c
}

func (c *clinic) state() string { return filepath.Join(c.dir, "state") }

func (c *clinic) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if there, ok := c.route[addr]; ok {
		return (&net.Dialer{}).DialContext(ctx, network, there)
	}
	return c.Net.Dial(ctx, network, addr)
}

func (c *clinic) connection(scheme string) string {
	props := append([]string{"SSLServerCert=" + c.ca, "User=passwordonly@example.com"}, c.props...)
	if scheme == "Crowd" {
		return c.CrowdConnection(props...)
	}
	return c.OktaConnection(props...)
}

// program runs the program in this process.
func (c *clinic) program(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, dial: c.dial}
	status = a.run(args)
	return status, out.String(), errs.String()
}

// doctor returns the findings.
func (c *clinic) doctor(scheme string) (status int, findings []doctor.Finding, said string) {
	c.Helper()
	status, stdout, stderr := c.program(append([]string{"doctor", "--json", "-c", c.connection(scheme)}, c.args...)...)
	if err := json.Unmarshal([]byte(stdout), &findings); err != nil {
		c.Fatalf("no findings: %v\n%s\n%s", err, stdout, stderr)
	}
	return status, findings, stdout + stderr
}

// file makes a file for a fault.
func (c *clinic) file(name, text string, mode os.FileMode) string {
	c.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		c.Fatal(err)
	}
	return path
}

// signedIn signs in once, so that there is state.
func (c *clinic) signedIn(scheme string) {
	c.Helper()
	if status, _, stderr := c.program("login", "-c", c.connection(scheme)); status != 0 {
		c.Fatalf("login ended with %d: %s", status, stderr)
	}
}

// record returns the one record that is stored.
func (c *clinic) record() string {
	c.Helper()
	files, _ := filepath.Glob(filepath.Join(c.state(), "*.age"))
	if len(files) != 1 {
		c.Fatalf("%d records", len(files))
	}
	return files[0]
}

// anotherKey takes the key of the state away and puts another in its place.
func (c *clinic) anotherKey() {
	c.Helper()
	if err := os.Remove(filepath.Join(c.state(), "key")); err != nil {
		c.Fatal(err)
	}
	c.Setenv("SSOEXCHANGE_STATE_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
}

// instead answers for one host, "" for any; f returns nil for what it leaves alone.
func (c *clinic) instead(host string, f func(r *http.Request) http.Handler) {
	c.Net.Intercept(func(h string, r *http.Request) http.Handler {
		if host == "" || h == host {
			return f(r)
		}
		return nil
	})
}

// late makes the clock of a host wrong.
func (c *clinic) late(host string, site http.Handler, by time.Duration) {
	c.instead(host, func(*http.Request) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			site.ServeHTTP(w, r)
		})
	})
}

// answer is a handler with a fixed answer.
func answer(status int, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	})
}

// tlsHost serves a certificate of its own making under host's address.
func (c *clinic) tlsHost(host, name string, from, to time.Time) {
	c.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Clinic CA"}, DNSNames: []string{name},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		c.Fatal(err)
	}
	s := httptest.NewUnstartedServer(c.Jira)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	c.Cleanup(s.Close)
	c.route[host+":443"] = s.Listener.Addr().String()
	both := string(c.Net.CAPEM()) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	c.props = append(c.props, "SSLServerCert="+c.file("both.pem", both, 0o600))
}

// proxy is a real proxy on loopback that answers every CONNECT in one way; 200
// connects to the world.
func (c *clinic) proxy(status int) {
	c.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		far, err := c.Net.Dial(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			io.Copy(far, near)
			far.Close()
		}()
		io.Copy(near, far)
		near.Close()
	}))
	c.Cleanup(s.Close)
	c.throughProxy(s.Listener.Addr().String())
}

func (c *clinic) throughProxy(address string) {
	c.route[address] = address
	c.props = append(c.props, "ProxyServer=http://"+address)
}
