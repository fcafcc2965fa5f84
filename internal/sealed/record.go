package sealed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

const (
	format  = "ssoexchange-state"
	version = 1

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
}

// What is wrong with a record that was read. The texts are for logs.
var (
	ErrUnreadable = errors.New("it is damaged, or was written with another key")
	ErrForeign    = errors.New("it is not a record of this program")
	ErrNewer      = errors.New("a newer version of this program wrote it")
	ErrMoved      = errors.New("it is the record of another key")
	ErrTooLong    = errors.New("it is longer than a record can be")
)

// Seal encrypts data as the record of name, written under the lease numbered fence
// (0 where leases have no numbers). The error is one of encryption or ErrTooLong.
func (k *Key) Seal(name string, fence int64, data []byte) ([]byte, error) {
	head, err := json.Marshal(header{format, version, name, fence})
	if err != nil {
		return nil, err
	}
	readers := append([]age.Recipient{k.identities[0].Recipient()}, k.recipients...)
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

// Open is the inverse of Seal. Its error is one of the above.
func (k *Key) Open(name string, record []byte) (data []byte, fence int64, err error) {
	if len(record) > MaxRecord {
		return nil, 0, ErrTooLong
	}
	identities := make([]age.Identity, len(k.identities))
	for i, identity := range k.identities {
		identities[i] = identity
	}
	r, err := age.Decrypt(bytes.NewReader(record), identities...)
	if err != nil {
		return nil, 0, ErrUnreadable
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, 0, ErrUnreadable
	}
	line, data, ok := bytes.Cut(plain, []byte("\n"))
	var h header
	if !ok || json.Unmarshal(line, &h) != nil || h.Format != format || h.Version < 1 {
		return nil, 0, ErrForeign
	}
	switch {
	case h.Version > version:
		return nil, 0, ErrNewer
	case h.Key != name:
		return nil, 0, ErrMoved
	}
	return data, h.Fence, nil
}
