package network

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/config"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

func TestPFX(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	s := newSite(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert; c.ClientCAs = pool }, ca.server("jira.example.com"))
	trust := tempFile(t, certPEM(ca.cert))
	cert, key := ca.client("bot")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	const password = "kV8sTq-pfx"
	for name, encoder := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern2023, "legacy": pkcs12.LegacyDES} {
		data, err := encoder.Encode(pair.PrivateKey, leaf, []*x509.Certificate{ca.cert}, password)
		if err != nil {
			t.Fatal(err)
		}
		file := tempFile(t, data)
		n := openNetwork(t, &config.Config{SSLServerCert: trust, SSLClientCert: file, SSLClientCertType: "PFXFILE", SSLClientCertPassword: config.NewSecret(password)}, to(s.addr()))
		if _, err := get(n, "https://jira.example.com/x"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := s.last(); got != "HTTP/2.0 /x bot" {
			t.Errorf("%s: served %q", name, got)
		}
		n = openNetwork(t, &config.Config{SSLServerCert: trust, SSLClientCert: file, SSLClientCertType: "PFXFILE", SSLClientCertPassword: config.NewSecret("not-" + password)}, to(s.addr()))
		_, err = get(n, "https://jira.example.com/x")
		if !errors.Is(err, autherr.ErrConfig) || strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "password") {
			t.Errorf("%s, wrong password: %v", name, err)
		}
	}
	for name, data := range map[string][]byte{"rubbish": []byte("0123456789"), "empty": {}} {
		n := openNetwork(t, &config.Config{SSLServerCert: trust, SSLClientCert: tempFile(t, data), SSLClientCertType: "PFXFILE", SSLClientCertPassword: config.NewSecret(password)}, to(s.addr()))
		if _, err := get(n, "https://jira.example.com/x"); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
}
