package sso

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/network"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

// maxKeyFile bounds a file with a private key, in bytes.
const maxKeyFile = 1 << 20

// keyContainer returns the bytes of a key's container: those of a file, or what a BLOB type holds.
func keyContainer(value, kind string) ([]byte, error) {
	if strings.HasSuffix(kind, "_BLOB") || strings.HasSuffix(kind, "BLOB") {
		if isPEM([]byte(value)) {
			return []byte(value), nil
		}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
		if err != nil {
			return nil, config.BadValue("is not Base64", "encode the container with: base64 -w0 FILE")
		}
		return data, nil
	}
	f, err := openfile.Regular(value)
	if err != nil {
		return nil, config.FileError(err, config.IsPath)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, config.FileError(err, config.IsPath)
	}
	if len(data) > maxKeyFile {
		return nil, config.BadValue("the file is larger than 1 MiB", "name the file of the private key")
	}
	return data, nil
}

// parseKey reads a private key from PEM (PKCS #1, PKCS #8, also encrypted, SEC 1; certificates
// beside it are left alone), from DER, or from PKCS #12.
func parseKey(data []byte, password string, pfx bool, subject string) (crypto.Signer, error) {
	if pfx {
		return pfxKey(data, password, subject)
	}
	if !isPEM(data) {
		return derKey(data, password)
	}
	for rest := pemLines(data); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, config.BadValue("there is no private key in it", "it must hold a block BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY")
		}
		switch {
		case block.Headers["Proc-Type"] != "":
			return nil, config.BadValue("the private key is encrypted in OpenSSL's old way", "convert it with: openssl pkcs8 -topk8 -in FILE -out NEWFILE")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return derKey(block.Bytes, password)
		}
	}
}

// pemLines gives PEM that has lost its line ends, as a connection string makes it, new ones.
func pemLines(data []byte) []byte {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	if strings.Contains(strings.TrimSpace(text), "\n") {
		return []byte(text)
	}
	var b strings.Builder
	for i, part := range strings.Split(text, "-----") {
		switch {
		case i%2 == 1:
			b.WriteString("-----" + part + "-----\n")
		default:
			if body := strings.Join(strings.Fields(part), ""); body != "" {
				b.WriteString(body + "\n")
			}
		}
	}
	return []byte(b.String())
}

// derKey reads a key of PKCS #1, PKCS #8 or SEC 1; OpenSSL writes the first until its version 3 and
// the second since.
func derKey(der []byte, password string) (crypto.Signer, error) {
	if network.IsEncryptedPKCS8(der) {
		plain, bad := network.DecryptPKCS8(der, password)
		if bad != nil {
			return nil, config.BadValue("the private key cannot be decrypted", "check OAuthJWTCertPassword with: openssl pkey -noout -in FILE")
		}
		der = plain
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if key, err = x509.ParsePKCS1PrivateKey(der); err != nil {
			key, err = x509.ParseECPrivateKey(der)
		}
	}
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, config.BadValue("there is no private key in it that can be read", "RSA and EC keys of PKCS #1, PKCS #8 or SEC 1 are; convert others with: openssl pkey -in FILE -out NEWFILE")
	}
	return signer, nil
}

// pfxKey reads a PKCS #12 container. It holds one key; its certificate must be the one that subject
// names, if it names one.
func pfxKey(data []byte, password, subject string) (crypto.Signer, error) {
	if isPEM(data) {
		return nil, config.BadValue("it is PEM, not PFX", "use OAuthJWTCertType=PEMKEY_FILE or PEMKEY_BLOB")
	}
	key, leaf, _, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, config.BadValue("the password does not open it", "check OAuthJWTCertPassword")
	case err != nil: // the library's words speak of the container's insides
		return nil, config.BadValue("it is no PKCS #12 container that can be read", "check it with: openssl pkcs12 -info -in FILE")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, config.BadValue("its key cannot sign", "")
	}
	if subject != "" && subject != "*" && !strings.EqualFold(leaf.Subject.String(), subject) && !strings.EqualFold(leaf.Subject.CommonName, strings.TrimPrefix(subject, "CN=")) {
		return nil, config.BadValue("its certificate has another subject than OAuthJWTCertSubject", "use * for the one that is there")
	}
	return signer, nil
}
