package network

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"runtime"

	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

// bundles are the files in which Linux keeps all certificates that it trusts: of Debian
// and its kin, Alpine and most images, and of Red Hat.
var bundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}

// maxBundle bounds such a file, in bytes. Debian's has 220 kB.
const maxBundle = 4 << 20

// bundleFile returns the file of certificates that crypto/x509 reads first, "" if there
// is none, or if the system does not keep them in files.
func bundleFile() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		return file
	}
	for _, file := range bundles {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// loadBundle reads that file, and nothing else.
//
// crypto/x509 goes on to a directory which on most systems has the same certificates
// once more, each in a file of its own. Reading both takes more of the processor than
// all the rest of a sign-in. OpenSSL looks into the directory for what the bundle
// lacks, and so does dialTLS. Nothing is trusted that crypto/x509 would not trust.
func loadBundle(file string) (*x509.CertPool, error) {
	f, err := openfile.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBundle+1))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if len(data) > maxBundle || !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("sso: no certificates in " + file)
	}
	return pool, nil
}

// trustBundle has dialTLS begin with the certificates of the bundle and those of data,
// the content of an SSLServerCert file, nil if there is none.
func (n *Network) trustBundle(dial dialFunc, file string, data []byte) {
	t, bad := trusts.of("bundle "+file, data)
	if bad != nil {
		return // it has been reported
	}
	config := n.system.tls.Clone()
	config.RootCAs = &t.pool
	load := func() (*x509.CertPool, error) { return loadBundle(file) }
	n.bundled = &tlsDialer{n.dialWhenTrusted(dial, t, load, false), config}
}

// needsMore reports whether the certificates of the bundle were not enough, and has
// them not be tried again if so. The judgement that counts is that of the next
// handshake, with all certificates. A wrong name is wrong whoever vouches for it.
func (n *Network) needsMore(err error) bool {
	var unverified *tls.CertificateVerificationError
	var name x509.HostnameError
	if !errors.As(err, &unverified) || errors.As(err, &name) {
		return false
	}
	n.useSystemRoots.Store(true)
	return true
}
