package encrypt

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"filippo.io/age"
)

// age tells a reader that a record was not changed, and not who wrote it: whoever knows
// the public half of the key, which is no secret, can encrypt. So a record has
// authenticators beside that, one for each reader: an HMAC with a key that only its
// writer and that reader can derive (X25519 of the one's secret and the other's public
// half, HKDF-SHA256). A reader accepts those of its own keys and of the public keys that
// it was given.

// agreementInfo separates these keys from age's, which are derived from the same secrets.
const agreementInfo = "ssoexchange-state authenticator v2"

// Authenticator says who made a message, to those who may know. It is no secret.
type Authenticator struct {
	By   string   `json:"by"`   // the writer's age public key
	MACs [][]byte `json:"macs"` // 32 bytes for each reader, in no order
}

// Authenticate makes an authenticator of message, which the writing key and all its
// recipients can verify.
func (k *Key) Authenticate(message []byte) (Authenticator, error) {
	own, err := secretOf(k.identities[0])
	if err != nil {
		return Authenticator{}, err
	}
	a := Authenticator{By: k.identities[0].Recipient().String()}
	for _, reader := range append([]*age.X25519Recipient{k.identities[0].Recipient()}, k.recipients...) {
		mac, err := agreedMAC(own, reader.String(), message)
		if err != nil {
			return Authenticator{}, err
		}
		a.MACs = append(a.MACs, mac)
	}
	return a, nil
}

// Verify reports whether a was made of message by a key of k, or by the owner of one of
// its public keys.
func (k *Key) Verify(message []byte, a Authenticator) bool {
	if len(a.MACs) > maxKeys+1 || !k.knows(a.By) {
		return false
	}
	for _, identity := range k.identities {
		own, err := secretOf(identity)
		if err != nil {
			continue
		}
		mac, err := agreedMAC(own, a.By, message)
		if err == nil && slices.ContainsFunc(a.MACs, func(m []byte) bool { return hmac.Equal(m, mac) }) {
			return true
		}
	}
	return false
}

// knows reports whether a public key is one of k's own, or was given to it.
func (k *Key) knows(public string) bool {
	return slices.ContainsFunc(k.identities, func(i *age.X25519Identity) bool { return i.Recipient().String() == public }) ||
		slices.ContainsFunc(k.recipients, func(r *age.X25519Recipient) bool { return r.String() == public })
}

// secretOf is the X25519 key in an age identity. Package age does not give it away.
func secretOf(identity *age.X25519Identity) (*ecdh.PrivateKey, error) {
	return ecdh.X25519().NewPrivateKey(decodeAge(identity.String()))
}

func agreedMAC(own *ecdh.PrivateKey, other string, message []byte) ([]byte, error) {
	public, err := ecdh.X25519().NewPublicKey(decodeAge(other))
	if err != nil {
		return nil, err
	}
	shared, err := own.ECDH(public)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, shared, nil, agreementInfo, sha256.Size)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil), nil
}

// Message joins parts to a message to authenticate. Each goes in with its length, so
// that no two lists of parts make one message.
func Message(parts ...string) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}

// decodeAge returns the 32 bytes in an age key, which age has parsed or made; nil if it
// is none.
func decodeAge(text string) []byte {
	text = strings.ToLower(text)
	data := text[strings.LastIndexByte(text, '1')+1:]
	if len(data) < bech32Sum {
		return nil
	}
	var out []byte
	var bits, held uint
	for _, c := range []byte(data[:len(data)-bech32Sum]) {
		v := strings.IndexByte(bech32Charset, c)
		if v < 0 {
			return nil
		}
		bits = bits<<5 | uint(v)
		if held += 5; held >= 8 {
			held -= 8
			out = append(out, byte(bits>>held))
		}
		bits &= 1<<held - 1
	}
	return out
}
