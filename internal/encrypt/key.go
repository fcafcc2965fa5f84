// Package encrypt encrypts what leaves the process for a disk or a shared store: age
// with keys that the reader and the writer have, and a header inside that says what
// the data is and whose.
package encrypt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"filippo.io/age"
)

// Form says what a key looks like, for hints: errors must not show what was given.
const Form = "a key is an age secret key (AGE-SECRET-KEY-1…, made by age-keygen) or 32 bytes in base64; after a comma, older keys may follow"

// ErrMalformed is returned for a text that is no key. It does not contain the text.
var ErrMalformed = errors.New("malformed key")

// KeyEnv is the environment variable that holds the key where nobody gives another.
const KeyEnv = "SSOEXCHANGE_STATE_KEY"

// maxKeys bounds a list of keys: each costs every decryption a try.
const maxKeys = 64

// Key encrypts and decrypts records. It is one age X25519 identity (32 bytes), for
// which new records are written, and any number of older ones that are still tried
// for reading; there may be recipients beside them who can read what is written.
type Key struct {
	identities []*age.X25519Identity  // the first one writes; never empty
	recipients []*age.X25519Recipient // others who read, and whose records are read
}

// ParseKey reads a key, or several with commas or white space between them: the
// first encrypts, all decrypt. That is how a key is replaced: put the new one in
// front, and take the old one away when every record has been written again.
//
// A key is an age secret key, or 32 random bytes in base64 (standard or URL alphabet,
// padded or not). An age public key (age1…) among them is one more reader of what is
// written, and one more writer whose records are read. The error does not contain the text.
func ParseKey(text string) (*Key, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	if len(words) > maxKeys {
		return nil, ErrMalformed
	}
	k := &Key{}
	for _, word := range words {
		if strings.HasPrefix(word, "age1") {
			recipient, err := age.ParseX25519Recipient(word)
			if err != nil {
				return nil, ErrMalformed
			}
			k.recipients = append(k.recipients, recipient)
			continue
		}
		if !strings.HasPrefix(word, "AGE-SECRET-KEY-") {
			raw, ok := decode32(word)
			if !ok {
				return nil, ErrMalformed
			}
			word = encodeAgeKey(raw)
		}
		identity, err := age.ParseX25519Identity(word)
		if err != nil {
			return nil, ErrMalformed // age's error may quote the key
		}
		k.identities = append(k.identities, identity)
	}
	if len(k.identities) == 0 {
		return nil, ErrMalformed
	}
	return k, nil
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

// NewKey makes a key of 32 random bytes.
func NewKey() (*Key, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	return &Key{identities: []*age.X25519Identity{identity}}, nil
}

// WithOlder returns k that also reads what was written for older.
func (k *Key) WithOlder(older *Key) *Key {
	if older == nil {
		return k
	}
	both := &Key{recipients: k.recipients}
	both.identities = append(append(both.identities, k.identities...), older.identities...)
	return both
}

// Secret returns the key that writes, as [ParseKey] reads it.
func (k *Key) Secret() string { return k.identities[0].String() }

// String names the key by its public half, which is no secret.
func (k *Key) String() string {
	if k == nil || len(k.identities) == 0 {
		return "no key"
	}
	name := "key of " + k.identities[0].Recipient().String()
	if n := len(k.identities) - 1; n > 0 {
		name += fmt.Sprintf(" and %d older", n)
	}
	return name
}

// Format implements fmt.Formatter, so that no verb shows the key.
func (k *Key) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, k.String()) }

// LogValue implements slog.LogValuer without the key.
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
