package network

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/ssoexchange/ssoexchange/config"
)

// pfxCertificate is the client certificate of a PFX (PKCS #12) file, which is
// decrypted at the first handshake that wants it: that is when its password is
// needed.
func pfxCertificate(data []byte, password config.Secret) (certificateGetter, *config.Error) {
	if bytes.HasPrefix(data, []byte("-----BEGIN")) {
		return nil, config.BadValue("the file is PEM, not PFX", "use SSLClientCertType=PEMKEY_FILE")
	}
	return loadOnce(func(ctx context.Context) (*tls.Certificate, error) {
		secret, err := password.Reveal(ctx)
		if err != nil {
			return nil, err
		}
		key, leaf, chain, err := pkcs12.DecodeChain(data, secret)
		if err != nil {
			// The library's words are not passed on: they speak of the file's insides.
			bad := config.BadValue("the PFX file cannot be read", "check it with: openssl pkcs12 -info -in FILE")
			if errors.Is(err, pkcs12.ErrIncorrectPassword) {
				bad = config.BadValue("the password does not open the PFX file", "give it with SSLClientCertPassword, or SSLClientCertPasswordFile")
			}
			return nil, bad.WithProperty("SSLClientCert", "")
		}
		cert := &tls.Certificate{PrivateKey: key, Leaf: leaf, Certificate: [][]byte{leaf.Raw}}
		for _, issuer := range chain {
			cert.Certificate = append(cert.Certificate, issuer.Raw)
		}
		return cert, nil
	}), nil
}
