package encrypt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"filippo.io/age"
)

const (
	format  = "ssoexchange-state"
	version = 2
	// unauthenticated is the version of records that do not prove who wrote them.
	unauthenticated = 1

	// MaxRecord bounds a record, encrypted, in bytes.
	MaxRecord = 4 << 20
)

// header is the first line of a record's plaintext. age authenticates what it
// encrypts and nothing else, so the record says itself whose it is: one that was
// copied over another is found out.
type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Key     string `json:"key"`
	Fence   int64  `json:"fence,omitempty"` // the lease under which it was written, where leases are counted
	Authenticator
}

// message is what the authenticator of a record is about.
func (h header) message(data []byte) []byte {
	return Message(format, strconv.Itoa(h.Version), h.Key, strconv.FormatInt(h.Fence, 10), string(data))
}

// Record is what Open found.
type Record struct {
	Data  []byte
	Fence int64
	// Authenticated: a holder of the key wrote it. If not, an earlier version of this
	// program did, or somebody who knows the public half of the key. Such a record is for
	// the first read after an update, and never in place of an authenticated one.
	Authenticated bool
}

// What is wrong with a record that was read. The texts are for logs.
var (
	ErrUnreadable = errors.New("it is damaged, or was written with another key")
	ErrForeign    = errors.New("it is not a record of this program")
	ErrNewer      = errors.New("a newer version of this program wrote it")
	ErrMoved      = errors.New("it is the record of another key")
	ErrTooLong    = errors.New("it is longer than a record can be")
	ErrForged     = errors.New("it was not written with a key that is known here")
	ErrOutdated   = errors.New("it is older than a record that was here before")
)

// Encrypt encrypts data as the record of name, written under the lease numbered fence
// (0 where leases have no numbers). The error is one of encryption or ErrTooLong.
func (k *Key) Encrypt(name string, fence int64, data []byte) ([]byte, error) {
	h := header{Format: format, Version: version, Key: name, Fence: fence}
	var err error
	if h.Authenticator, err = k.Authenticate(h.message(data)); err != nil {
		return nil, err
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	readers := []age.Recipient{k.identities[0].Recipient()}
	for _, r := range k.recipients {
		readers = append(readers, r)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, readers...)
	if err == nil {
		_, err = w.Write(append(head, '\n'))
	}
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	if out.Len() > MaxRecord {
		return nil, fmt.Errorf("%w: %d bytes, the bound is %d", ErrTooLong, out.Len(), MaxRecord)
	}
	return out.Bytes(), nil
}

// Decrypt is the inverse of Seal. Its error is one of the above.
func (k *Key) Decrypt(name string, record []byte) (Record, error) {
	if len(record) > MaxRecord {
		return Record{}, ErrTooLong
	}
	identities := make([]age.Identity, len(k.identities))
	for i, identity := range k.identities {
		identities[i] = identity
	}
	r, err := age.Decrypt(bytes.NewReader(record), identities...)
	if err != nil {
		return Record{}, ErrUnreadable
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return Record{}, ErrUnreadable
	}
	line, data, ok := bytes.Cut(plain, []byte("\n"))
	var h header
	if !ok || json.Unmarshal(line, &h) != nil || h.Format != format || h.Version < 1 {
		return Record{}, ErrForeign
	}
	switch {
	case h.Version > version:
		return Record{}, ErrNewer
	case h.Key != name:
		return Record{}, ErrMoved
	case h.Version > unauthenticated && !k.Verify(h.message(data), h.Authenticator):
		return Record{}, ErrForged
	}
	return Record{Data: data, Fence: h.Fence, Authenticated: h.Version > unauthenticated}, nil
}
