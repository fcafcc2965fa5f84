package network

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"

	"github.com/ssoexchange/ssoexchange/config"
)

// maxIterations bounds the work that a key file can ask for: some seconds.
// OpenSSL writes 2048, careful people 600,000.
const maxIterations = 10_000_000

// The structures of RFC 5958 section 3 and RFC 8018 appendices A.2 and A.4.
type (
	encryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct {
		KDF, Cipher pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

// aesKeyLength is keyed by the object identifiers of AES in CBC mode.
var aesKeyLength = map[string]int{
	"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32,
}

// prfs is keyed by the object identifiers of HMAC; "" is the default.
var prfs = map[string]func() hash.Hash{
	"": sha1.New, "1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New,
	"1.2.840.113549.2.10": sha512.New384, "1.2.840.113549.2.11": sha512.New,
}

// DecryptPKCS8 decrypts an EncryptedPrivateKeyInfo (RFC 5958) that uses PBES2 with
// PBKDF2 and AES-CBC (RFC 8018), which is what OpenSSL has written since 1.1.0. The
// result is a PKCS #8 key if the password is right, and some DER at best if not.
func DecryptPKCS8(der []byte, password string) ([]byte, *config.Error) {
	unsupported := func() ([]byte, *config.Error) {
		return nil, config.BadValue("the private key is encrypted in a way that is not supported", "convert it with: openssl pkey -in FILE -aes256 -out NEWFILE, and append the certificate")
	}
	var key encryptedKey
	var scheme pbes2Params
	var kdf pbkdf2Params
	var iv []byte
	if !decodeDER(der, &key) || key.Algorithm.Algorithm.String() != oidPBES2 || !decodeDER(key.Algorithm.Parameters.FullBytes, &scheme) ||
		scheme.KDF.Algorithm.String() != oidPBKDF2 || !decodeDER(scheme.KDF.Parameters.FullBytes, &kdf) ||
		!decodeDER(scheme.Cipher.Parameters.FullBytes, &iv) {
		return unsupported()
	}
	length := aesKeyLength[scheme.Cipher.Algorithm.String()]
	prf := prfs[oidText(kdf.PRF.Algorithm)]
	if length == 0 || prf == nil || len(iv) != aes.BlockSize || kdf.KeyLength != 0 && kdf.KeyLength != length ||
		kdf.Iterations < 1 || kdf.Iterations > maxIterations || len(key.Data) == 0 || len(key.Data)%aes.BlockSize != 0 {
		return unsupported()
	}
	secret, err := pbkdf2.Key(prf, password, kdf.Salt, kdf.Iterations, length)
	if err != nil {
		return unsupported()
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return unsupported()
	}
	plain := make([]byte, len(key.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, key.Data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, wrongKeyPassword()
	}
	plain = plain[:len(plain)-pad]
	var value asn1.RawValue
	if !decodeDER(plain, &value) {
		return nil, wrongKeyPassword()
	}
	return plain, nil
}

// IsEncryptedPKCS8 reports whether der is an EncryptedPrivateKeyInfo that uses PBES2.
func IsEncryptedPKCS8(der []byte) bool {
	var key encryptedKey
	return decodeDER(der, &key) && key.Algorithm.Algorithm.String() == oidPBES2
}

func wrongKeyPassword() *config.Error {
	return config.BadValue("SSLClientCertPassword does not open the private key", "check it with: openssl pkey -noout -in FILE")
}

// decodeDER reports whether all of der is one value that fits into v.
func decodeDER(der []byte, v any) bool {
	rest, err := asn1.Unmarshal(der, v)
	return err == nil && len(rest) == 0
}

func oidText(oid asn1.ObjectIdentifier) string {
	if len(oid) == 0 {
		return ""
	}
	return oid.String()
}
