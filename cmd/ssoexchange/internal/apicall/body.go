package apicall

import (
	"bytes"
	"io"
	"net/http"
	"os"
)

// Body is the body of a request of api. Short ones are in data; a long one of a file
// is read from there, as often as it is sent; one of a pipe once.
type Body struct {
	data []byte
	file *os.File  // regular, not nil: of size bytes
	size int64     // of file
	pipe io.Reader // not nil: what is left of a pipe, after data
}

// Bytes is a body that is held in memory.
func Bytes(data []byte) *Body { return &Body{data: data} }

// File is the body in a regular file of size bytes, which is closed with it.
func File(f *os.File, size int64) *Body { return &Body{file: f, size: size} }

// Pipe is a body of which the beginning has been read.
func Pipe(begin []byte, rest io.Reader) *Body { return &Body{data: begin, pipe: rest} }

// Again reports whether the body can be sent more than once.
func (b *Body) Again() bool { return b.pipe == nil }

func (b *Body) Close() {
	if b.file != nil {
		b.file.Close()
	}
}

// sendWith makes b the body of a request.
func (b *Body) sendWith(r *http.Request) (err error) {
	if b.pipe != nil {
		r.Body, r.ContentLength = io.NopCloser(io.MultiReader(bytes.NewReader(b.data), b.pipe)), -1
		return nil
	}
	size := int64(len(b.data))
	open := func() io.Reader { return bytes.NewReader(b.data) }
	if b.file != nil {
		size, open = b.size, func() io.Reader { return io.NewSectionReader(b.file, 0, b.size) }
	}
	if size == 0 {
		r.Body = http.NoBody // Content-Length: 0 for methods that want one
		r.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
		return nil
	}
	r.ContentLength = size
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(open()), nil }
	r.Body, err = r.GetBody()
	return err
}
