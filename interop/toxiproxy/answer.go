//go:build linux

package main

import (
	"fmt"
	"net/http"
)

// answer is what a server has to say, before it is on its way.
type answer struct {
	status int
	header http.Header
	body   []byte
	to     http.ResponseWriter
	wire   *wire
}

// begin writes the head. Without a length the body ends with the connection.
func (a *answer) begin(length bool) {
	h := a.to.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h.Del("Content-Length")
	if length {
		h.Set("Content-Length", fmt.Sprint(len(a.body)))
	} else {
		h.Set("Transfer-Encoding", "identity") // net/http's word for it
	}
	a.to.WriteHeader(a.status)
}

// more writes bytes of the body and does not wait for others.
func (a *answer) more(p []byte) {
	a.to.Write(p) // whoever is gone does not read
	http.NewResponseController(a.to).Flush()
}

// write writes all of it.
func (a *answer) write() {
	a.begin(true)
	a.more(a.body)
}

// lose ends the connection without a word.
func (a *answer) lose() { panic(http.ErrAbortHandler) }

// writeUpTo writes the answer, of which the first part is all that limit lets through:
// limit is told how many bytes the connection has carried and how many the part has.
func (a *answer) writeUpTo(part []byte, length bool, limit func(before, part int64) error) error {
	a.wire.hold()
	a.begin(length)
	a.more(part)
	before, size := a.wire.size()
	err := limit(before, size)
	if err := a.wire.release(); err != nil {
		return err
	}
	a.more(a.body[len(part):])
	return err
}
