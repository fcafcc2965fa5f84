package network

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"sync"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

// maxCertFile bounds a certificate file, in bytes. A bundle with all public CAs has
// a quarter of that.
const maxCertFile = 1 << 20

// sessionCacheSize is the number of hosts whose TLS session is kept for resumption:
// one exchange talks to two or three.
const sessionCacheSize = 64

// newTLSConfig says whom to trust and which certificate to show. There is no way to
// switch verification off. With SSLServerCert, of which given is the content, the roots
// are the pool of the returned trust, which must be assembled before a handshake;
// without it there is none, and the system's roots do.
func newTLSConfig(cfg *config.Config) (c *tls.Config, t *trust, given []byte, err error) {
	c = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		ClientSessionCache: tls.NewLRUClientSessionCache(sessionCacheSize),
	}
	if cfg.SSLServerCert != "" {
		var bad *config.Error
		if t, given, bad = trustedWith(cfg.SSLServerCert); bad != nil {
			return nil, nil, nil, bad.WithProperty("SSLServerCert", "")
		}
		c.RootCAs = &t.pool
	}
	if cfg.SSLClientCert != "" {
		get, bad := clientCertificate(cfg)
		if bad != nil {
			return nil, nil, nil, bad.WithProperty("SSLClientCert", "")
		}
		c.GetClientCertificate = get
	}
	return c, t, given, nil
}

// trustedWith returns the trust in the certificates of a PEM file beside the system's
// roots, and what the file holds. A server's own certificate may be among them: it is
// trusted for the names that it carries, whoever issued it.
func trustedWith(path string) (*trust, []byte, *config.Error) {
	if path == "*" {
		return nil, nil, config.BadValue("certificates cannot be accepted unseen", "name a PEM file with the server's certificate or its CA")
	}
	data, bad := readCertFile(path)
	if bad != nil {
		return nil, nil, bad
	}
	t, bad := trusts.of("all", data)
	return t, data, bad
}

func readCertFile(path string) ([]byte, *config.Error) {
	f, err := openfile.Open(path)
	if err != nil {
		return nil, config.FileError(err, config.AnyPath)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCertFile+1))
	if err != nil {
		return nil, config.FileError(err, config.AnyPath)
	}
	if len(data) > maxCertFile {
		return nil, config.BadValue(config.TheFile(path, config.AnyPath)+" is larger than 1 MiB", "")
	}
	return data, nil
}

type certificateGetter = func(*tls.CertificateRequestInfo) (*tls.Certificate, error)

// clientCertificate reads the client's certificate and key. An encrypted key is
// decrypted when a server first asks for the certificate, because that is when its
// password is needed.
func clientCertificate(cfg *config.Config) (certificateGetter, *config.Error) {
	data, bad := readCertFile(cfg.SSLClientCert)
	if bad != nil {
		return nil, bad
	}
	if cfg.SSLClientCertType == "PFXFILE" {
		return pfxCertificate(data, cfg.SSLClientCertPassword)
	}
	var certs, key []byte
	var encrypted *pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "CERTIFICATE":
			certs = append(certs, pem.EncodeToMemory(block)...)
		case block.Headers["DEK-Info"] != "":
			return nil, config.BadValue("the key is encrypted in OpenSSL's old form",
				"convert the key with: openssl pkey -in FILE -aes256 -out NEWFILE, and append the certificate")
		case block.Type == "ENCRYPTED PRIVATE KEY":
			encrypted = block
		case block.Type == "PRIVATE KEY", block.Type == "RSA PRIVATE KEY", block.Type == "EC PRIVATE KEY":
			key = pem.EncodeToMemory(block)
		}
	}
	switch {
	case certs == nil && key == nil && encrypted == nil && bytes.HasPrefix(data, []byte{0x30}):
		return nil, config.BadValue("the file is not PEM; it may be a PFX file", "use SSLClientCertType=PFXFILE")
	case certs == nil:
		return nil, config.BadValue("the file holds no certificate in PEM form", "it needs the certificate and its key")
	case key == nil && encrypted == nil:
		return nil, config.BadValue("the file holds no private key in PEM form", "it needs the certificate and its key")
	case key == nil && cfg.SSLClientCertPassword.IsZero():
		return nil, config.BadValue("the private key is encrypted", "give its password with SSLClientCertPassword, or SSLClientCertPasswordFile")
	case key == nil:
		return decryptLater(certs, encrypted.Bytes, cfg.SSLClientCertPassword), nil
	}
	pair, err := tls.X509KeyPair(certs, key) // err is not wrapped: it may quote what it found
	if err != nil {
		return nil, badKeyPair()
	}
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }, nil
}

func badKeyPair() *config.Error {
	return config.BadValue("certificate and private key cannot be read or do not belong together", "the certificate must come before those of its issuers")
}

// decryptLater decrypts the key at the first handshake that wants it, and keeps it.
func decryptLater(certs, encrypted []byte, password config.Secret) certificateGetter {
	return loadOnce(func(ctx context.Context) (*tls.Certificate, error) {
		secret, err := password.Reveal(ctx)
		if err != nil {
			return nil, err
		}
		der, bad := DecryptPKCS8(encrypted, secret)
		if bad != nil {
			return nil, bad.WithProperty("SSLClientCert", "")
		}
		key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		got, err := tls.X509KeyPair(certs, key)
		if err != nil {
			return nil, badKeyPair().WithProperty("SSLClientCert", "")
		}
		return &got, nil
	})
}

// loadOnce keeps what load returned when it first succeeded. Two handshakes at once
// load twice: a lock must not be held while a command runs.
func loadOnce(load func(context.Context) (*tls.Certificate, error)) certificateGetter {
	var mu sync.Mutex
	var kept *tls.Certificate
	return func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		mu.Lock()
		known := kept
		mu.Unlock()
		if known != nil {
			return known, nil
		}
		got, err := load(info.Context())
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		kept = got
		return got, nil
	}
}
