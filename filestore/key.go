package filestore

import "github.com/ssoexchange/ssoexchange/internal/encrypt"

// Key encrypts the records of a directory, or of a shared store: one age X25519
// identity, 32 bytes, which writes, and any number of older ones that still read.
// Printed with any verb, it is named by its public half.
type Key = encrypt.Key

// ParseKey reads a key: an age secret key, or 32 random bytes in base64 (standard or
// URL alphabet, padded or not). Space around it does not count. After a comma or
// white space, older keys may follow: they decrypt what was written with them, and
// what is written from now on is for the first. An age public key (age1…) among them
// is one more reader of what is written, and one more writer whose records are read. Errors do not contain the text.
func ParseKey(text string) (*Key, error) {
	key, err := encrypt.ParseKey(text)
	if err != nil {
		return nil, fail(encrypt.Form, nil, "malformed key")
	}
	return key, nil
}

func newKey() (*Key, error) {
	key, err := encrypt.NewKey()
	if err != nil {
		return nil, fail("", err, "making a key")
	}
	return key, nil
}
