package passkey

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
)

// Flags of the authenticator data, section 6.1.
const (
	flagUP = 0x01 // user present
	flagUV = 0x04 // user verified
	flagBE = 0x08 // backup eligible
	flagBS = 0x10 // backed up
	flagAT = 0x40 // attested credential data follows
)

// algES256 is ECDSA with P-256 and SHA-256, RFC 9053 section 2.1.
const algES256 = -7

// authenticatorData returns the 37 bytes that every ceremony signs: section 6.1. The
// counter is 0: a counter that rises would have to be shared by all copies of a key, and
// durable before each signature is sent.
func authenticatorData(rpID string, flags byte) []byte {
	hash := sha256.Sum256([]byte(rpID))
	return append(hash[:], flags, 0, 0, 0, 0)
}

// attested appends attested credential data, section 6.5.1.
func attested(authData, aaguid, id []byte, key *ecdsa.PublicKey) ([]byte, error) {
	cose, err := coseKey(key)
	if err != nil {
		return nil, err
	}
	authData = append(authData, aaguid...)
	authData = binary.BigEndian.AppendUint16(authData, uint16(len(id)))
	authData = append(authData, id...)
	return append(authData, cose...), nil
}

// coseKey encodes an ES256 public key as COSE_Key (RFC 9053 section 7.1) in canonical
// CBOR: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}.
func coseKey(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return nil, err
	}
	out := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32}
	out = append(out, point[1:33]...)
	out = append(out, 0x22, 0x58, 32)
	return append(out, point[33:]...), nil
}

// attestationNone and attestationSelf encode an attestation object (section 6.5.4) in
// canonical CBOR: {"fmt": "none", "attStmt": {}, "authData": …} (section 8.7), and packed
// with {"alg": -7, "sig": …} (section 8.2, self attestation).
func attestationNone(authData []byte) []byte {
	out := append([]byte{0xa3}, "\x63fmt\x64none\x67attStmt\xa0\x68authData"...)
	return appendBytes(out, authData)
}

func attestationSelf(authData, signature []byte) []byte {
	out := append([]byte{0xa3}, "\x63fmt\x66packed\x67attStmt\xa2\x63alg\x26\x63sig"...)
	out = appendBytes(out, signature)
	out = append(out, "\x68authData"...)
	return appendBytes(out, authData)
}

// appendBytes appends a byte string of 24 to 65535 bytes, RFC 8949 section 3.
func appendBytes(out, b []byte) []byte {
	if len(b) < 256 {
		return append(append(out, 0x58, byte(len(b))), b...)
	}
	out = binary.BigEndian.AppendUint16(append(out, 0x59), uint16(len(b)))
	return append(out, b...)
}
