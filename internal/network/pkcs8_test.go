package network

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Keys that OpenSSL 3 encrypted with the password "correct horse"; all are the same
// throw-away P-256 key.
const (
	keyPassword = "correct horse"
	keyClear    = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBnYaEBejJX0JebHd
hzVNg5flRWYqJOfa5QP2dDguGG+hRANCAAQcx9WPmL6CdBMSY31JXoUcZpW9AjL7
ApeVFlAxxglPtXKr4sybyt49trCs+pjx2M/ASfRQp7sEajxyxAav2kvx
-----END PRIVATE KEY-----`
	keyAES256 = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi6A5TLszS6+wICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDpMW6kPfyaZibnT4kMefmQEgZAN
17wKDtVZaVa/pJoH0ifPr6OLy+LFg/h8EZHby5wthjCFWUqawvjAZ8+me26PGXtg
sixEUaa550oqUItRc6aiHw63iWDnoEel+Wi5vXfxt6h3C08P8aV0wPHOt4j1fMjZ
oD7RjnQ/IbOXYYI7Yor6FV017TJDS9r+1nMtYAmPkY10FJ7DD9A2G0ySLP52jBs=
-----END ENCRYPTED PRIVATE KEY-----`
	keyAES128SHA1 = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAi8lUBrn96f4gICCAAw
HQYJYIZIAWUDBAECBBCcZoTkxlxPE6rRi1jlKVcOBIGQ5uyJ879dbNTVnlZAq2WB
V65SqXgENU+b3lFRd2RIk+IS6+ksZSTe9LkqfbRdOb6vQoNgly6N6x7XjMtLkMCs
vrk3RZXDShl1o7VCMW8x1ei9SHeVHp+KtbcaED8jp8wHev6CTQSgoAJjPdhwAk2X
fzMDJH3YvPjLm1QMUAWd6uGb4WVU+yXLxEr/oQ0pjV48
-----END ENCRYPTED PRIVATE KEY-----`
	keyAES192SHA512 = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiuWhOp3fZq8AICJxAw
DAYIKoZIhvcNAgsFADAdBglghkgBZQMEARYEEDAuzwU2kZbh4SNaR5SU+vYEgZBb
oWGT2axyMvocTbMT5uRThNTbGGtJZ3QnEc47JSPMDS+bewqJgn7SgKLzSBOY/xWA
+fPuj0hfqZwyFe9quOxoEU7mvEi7jDqtfcRvmAHF4EY22kjtyGAU3Agsx9KXJ5yt
rprGD0B3ark+AHmMtGVqyQegYfZkuQW4c5rDRQImZWeF6LB+Oy4pi96QjhYVk24=
-----END ENCRYPTED PRIVATE KEY-----`
	keyDES3 = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHjME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAhESgjQ14InZAICCAAw
DAYIKoZIhvcNAgkFADAUBggqhkiG9w0DBwQIlG2vOo99/1EEgZCGgVUjlz0AkZaA
8c2Kjx1aF6Tbp4adoqFHBfddwK4U49/4QNm6XboUAEaLICN9md/dgbmFqZ1OPYvA
yfYnZsZoRq1kM/6KuuqadymsTBWI3z1a8Nx7rT+8tcYplY2BZEbw8fc9AqwRWJVN
+0rWfFR4T1Jog/dQaenBov81IqQ4bRdnLWPrhzfJfSiWHGXdSGs=
-----END ENCRYPTED PRIVATE KEY-----`
	keyScrypt = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHjME4GCSqGSIb3DQEFDTBBMCAGCSsGAQQB2kcECzATBAjDACu/qDainQIBEAIB
CAIBATAdBglghkgBZQMEASoEECwVqergmBniKgPt777JhV0EgZBX4SO7Dc+pa0mN
Z36AtrXsN+qBIoL7YR4gef0f04sp2BUyCj6LBBJeiFp2og6aSYHjFufTbjAo7BS/
lr2wYfG3kSz/s0c3BR5KXGTkK6TckEKngtDVVDCII2I0d9UnhtcPNaYuVk4gl0x+
COZo3oxlJD698tq+V89F+si7eWJJDzld7PtwniHou6ggV7lgsQw=
-----END ENCRYPTED PRIVATE KEY-----`
)

func pemBytes(t *testing.T, text string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("no PEM block")
	}
	return block.Bytes
}

func TestDecryptPKCS8(t *testing.T) {
	want := pemBytes(t, keyClear)
	for name, sealed := range map[string]string{"AES-256, SHA-256": keyAES256, "AES-128, SHA-1": keyAES128SHA1, "AES-192, SHA-512": keyAES192SHA512} {
		t.Run(name, func(t *testing.T) {
			got, bad := DecryptPKCS8(pemBytes(t, sealed), keyPassword)
			if bad != nil || string(got) != string(want) {
				t.Fatalf("got %d bytes, %v", len(got), bad)
			}
			// A wrong password is found out, or yields something that is no key.
			if der, bad := DecryptPKCS8(pemBytes(t, sealed), "wrong"); bad == nil {
				if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
					t.Error("opened with a wrong password")
				}
			}
		})
	}
	for name, der := range map[string][]byte{
		"triple DES":  pemBytes(t, keyDES3),
		"scrypt":      pemBytes(t, keyScrypt),
		"empty":       nil,
		"no sequence": []byte("x"),
		"trailing":    append(pemBytes(t, keyAES256), 0),
		"cut":         pemBytes(t, keyAES256)[:60],
		"clear":       want,
	} {
		t.Run(name, func(t *testing.T) {
			if _, bad := DecryptPKCS8(der, keyPassword); bad == nil || !strings.Contains(bad.Problem, "not supported") {
				t.Errorf("got %v", bad)
			}
		})
	}
}

// The password is asked for when a server wants the certificate, and once only.
func TestClientCertificateEncrypted(t *testing.T) {
	noProxy(t)
	key, err := x509.ParsePKCS8PrivateKey(pemBytes(t, keyClear))
	if err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	s := newSite(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert; c.ClientCAs = pool }, ca.server("jira.example.com"))
	cert := ca.clientFor("sealed", key)
	cfg := &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert)), SSLClientCert: tempFile(t, []byte(keyAES256+"\n"), cert)}

	asked := 0
	cfg.SSLClientCertPassword = countReveals(&asked, keyPassword)
	n := openNetwork(t, cfg, to(s.addr()))
	if asked != 0 {
		t.Error("the password was read before it was needed")
	}
	for range 2 {
		if _, err := get(n, "https://jira.example.com/"); err != nil {
			t.Fatal(err)
		}
		n.transport.CloseIdleConnections()
	}
	if got := s.last(); asked != 1 || got != "HTTP/2.0 / sealed" {
		t.Errorf("asked %d times, served %q", asked, got)
	}

	cfg.SSLClientCertPassword = config.NewSecret("wrong")
	_, err = get(openNetwork(t, cfg, to(s.addr())), "https://jira.example.com/")
	if !errors.Is(err, autherr.ErrConfig) {
		t.Errorf("err = %v", err)
	}
}
