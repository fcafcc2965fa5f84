package filestore

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"filippo.io/age"
)

const (
	recordFormat  = "ssoexchange-state"
	recordVersion = 1
	maxRecord     = 4 << 20 // bytes of a file, encrypted
)

// header is the first line of a record's plaintext. age authenticates what it
// encrypts and nothing else, so the record says itself whose it is: a file that was
// copied over another one is found out.
type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Key     string `json:"key"`
}

// What is wrong with a record that was read. The texts go to the log.
var (
	errUnreadable = errors.New("it is damaged, or was written with another key")
	errForeign    = errors.New("it is not a record of this program")
	errNewer      = errors.New("a newer version of this program wrote it")
	errMoved      = errors.New("it is the record of another key")
	errTooLong    = errors.New("it is longer than a record can be")
)

// seal makes the contents of a file.
func seal(k *Key, key string, data []byte) ([]byte, error) {
	head, err := json.Marshal(header{recordFormat, recordVersion, key})
	if err != nil {
		return nil, fail("", err, "encoding a record")
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, k.identity.Recipient())
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
		return nil, fail("", err, "encrypting a record")
	}
	if out.Len() > maxRecord {
		return nil, fail("", nil, "a record of %d bytes is too long; the bound is %d", out.Len(), maxRecord)
	}
	return out.Bytes(), nil
}

// unseal is the inverse of seal. Its error is one of the above.
func unseal(k *Key, key string, file []byte) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), k.identity)
	if err != nil {
		return nil, errUnreadable
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, errUnreadable
	}
	line, data, ok := bytes.Cut(plain, []byte("\n"))
	var h header
	if !ok || json.Unmarshal(line, &h) != nil || h.Format != recordFormat || h.Version < 1 {
		return nil, errForeign
	}
	switch {
	case h.Version > recordVersion:
		return nil, errNewer
	case h.Key != key:
		return nil, errMoved
	}
	return data, nil
}
