package filestore

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"

	"filippo.io/age"
)

// Key encrypts the records of a directory: an age X25519 identity, 32 bytes.
type Key struct{ identity *age.X25519Identity }

// keyForm says what a key looks like, for errors that must not show what was given.
const keyForm = "a key is an age secret key (AGE-SECRET-KEY-1…, made by age-keygen) or 32 bytes in base64"

// ParseKey reads a key: an age secret key, or 32 random bytes in base64 (standard or
// URL alphabet, padded or not). Space around it does not count. Its errors do not
// contain the text.
func ParseKey(text string) (*Key, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "AGE-SECRET-KEY-") {
		raw, ok := decode32(text)
		if !ok {
			return nil, fail(keyForm, nil, "malformed key")
		}
		text = encodeAgeKey(raw)
	}
	identity, err := age.ParseX25519Identity(text)
	if err != nil {
		return nil, fail(keyForm, nil, "malformed key") // age's error may quote the key
	}
	return &Key{identity}, nil
}

func decode32(text string) ([]byte, bool) {
	text = strings.TrimRight(text, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := encoding.DecodeString(text); err == nil && len(raw) == 32 {
			return raw, true
		}
	}
	return nil, false
}

func newKey() (*Key, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fail("", err, "making a key")
	}
	return &Key{identity}, nil
}

// secret is the text that ParseKey reads.
func (k *Key) secret() string { return k.identity.String() }

// String names the key by its public half, which is no secret.
func (k *Key) String() string {
	if k == nil || k.identity == nil {
		return "no key"
	}
	return "key of " + k.identity.Recipient().String()
}

// Format implements fmt.Formatter, so that no verb shows the key.
func (k *Key) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, k.String()) }

// LogValue implements slog.LogValuer without the key.
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
