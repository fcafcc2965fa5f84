//go:build linux

package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// Nodes that xmlsec1 is pointed at, as XPath: the signature of the response, and of the
// first assertion wherever it is.
const (
	onResponse  = "/*/*[local-name()='Signature']"
	onAssertion = "(//*[local-name()='Assertion'])[1]/*[local-name()='Signature']"
)

// errBadSignature is xmlsec1's verdict, as opposed to a failure to come to one.
var errBadSignature = errors.New("xmlsec1 does not verify it")

// xmlsec is the program xmlsec1. Files are written to dir.
type xmlsec struct {
	group *harness.Group
	dir   string
}

// run runs one of its commands on document, told which attributes are of type ID.
func (x xmlsec) run(ctx context.Context, document []byte, command string, args ...string) (out, talk string, err error) {
	file := filepath.Join(x.dir, "document.xml")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		return "", "", err
	}
	args = append([]string{
		command,
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
	}, args...)
	cmd := x.group.Command(ctx, "xmlsec1", append(args, file)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	return string(stdout), stderr.String(), err
}

// verify verifies the signature at node with the key of cert, and no other key. The
// error is errBadSignature if that is the verdict.
func (x xmlsec) verify(ctx context.Context, document []byte, node string, cert []byte) error {
	trusted := filepath.Join(x.dir, "trusted.pem")
	if err := os.WriteFile(trusted, toPEM("CERTIFICATE", cert), 0o600); err != nil {
		return err
	}
	// The certificate itself is the anchor: one that is shown in a KeyInfo must be it.
	_, talk, err := x.run(ctx, document, "--verify", "--trusted-pem", trusted, "--enabled-key-data", "x509", "--enabled-reference-uris", "same-doc", "--node-xpath", node)
	return verdict(talk, err)
}

// verifyKey is verify for a signature that shows no certificate, or another one.
func (x xmlsec) verifyKey(ctx context.Context, document []byte, node string, cert []byte) error {
	trusted := filepath.Join(x.dir, "trusted.pem")
	if err := os.WriteFile(trusted, toPEM("CERTIFICATE", cert), 0o600); err != nil {
		return err
	}
	_, talk, err := x.run(ctx, document, "--verify", "--pubkey-cert-pem", trusted, "--enabled-key-data", "key-name", "--node-xpath", node)
	return verdict(talk, err)
}

func verdict(talk string, err error) error {
	verified := strings.HasPrefix(talk, "OK\n")
	switch {
	case err == nil && verified:
		return nil
	case err == nil:
		return fmt.Errorf("xmlsec1: %.300s", talk)
	case strings.Contains(talk, "\nFAIL\n") || strings.Contains(talk, "certificate verification failed"):
		return errBadSignature
	}
	return fmt.Errorf("xmlsec1: %w: %.400s", err, talk)
}

// sign fills in the signature at node, which is a template.
func (x xmlsec) sign(ctx context.Context, document []byte, node string, by *signer, more ...string) ([]byte, error) {
	key, cert := filepath.Join(x.dir, "key.pem"), filepath.Join(x.dir, "cert.pem")
	err := errors.Join(os.WriteFile(key, by.key, 0o600), os.WriteFile(cert, toPEM("CERTIFICATE", by.cert), 0o600))
	if err != nil {
		return nil, err
	}
	out, talk, err := x.run(ctx, document, "--sign", append([]string{"--privkey-pem", key + "," + cert, "--node-xpath", node}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("xmlsec1 --sign: %w: %.400s", err, talk)
	}
	return []byte(out), nil
}

// signer is a key, as PEM, with its own certificate, as DER.
type signer struct{ key, cert []byte }

func newSigner(name string, key crypto.Signer) (*signer, error) {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return &signer{key: toPEM("PRIVATE KEY", der), cert: cert}, err
}

func toPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// metadataCert returns the one certificate of an identity provider's metadata.
func metadataCert(metadata []byte) ([]byte, error) {
	var d struct {
		Certs []string `xml:"IDPSSODescriptor>KeyDescriptor>KeyInfo>X509Data>X509Certificate"`
	}
	if err := xml.Unmarshal(metadata, &d); err != nil {
		return nil, err
	}
	if len(d.Certs) != 1 {
		return nil, fmt.Errorf("there are %d certificates in the metadata", len(d.Certs))
	}
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(d.Certs[0]), ""))
}
