package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
)

// apiBody is the body of a request of api. Short ones are in data; a long one of a file
// is read from there, as often as it is sent; one of a pipe once.
type apiBody struct {
	data []byte
	file *os.File  // regular, not nil: of size bytes
	size int64     // of file
	pipe io.Reader // not nil: what is left of a pipe, after data
}

// apiBody returns the body that the flags give, nil for none.
func (a *app) apiBody(ctx context.Context, f apiFlags) (*apiBody, error) {
	switch {
	case len(f.data) > 1:
		return nil, configError("-d is given more than once", "a JSON body is one piece: put it into one -d, or into a file: -d @FILE")
	case f.given("data-raw"):
		return &apiBody{data: []byte(f.raw)}, nil
	case f.given("input"):
		return a.openBody(ctx, f.input)
	case len(f.data) == 0:
		return nil, nil
	}
	name, isFile := strings.CutPrefix(f.data[0], "@")
	if !isFile {
		return &apiBody{data: []byte(f.data[0])}, nil
	}
	return a.openBody(ctx, name)
}

func (a *app) openBody(ctx context.Context, name string) (*apiBody, error) {
	if name == "" {
		return nil, configError("the name of the body's file is empty", "for example: -d @issue.json; a body that begins with @ is given by --data-raw")
	}
	in, err := a.open(ctx, name)
	if err != nil {
		return nil, err
	}
	if f, ok := in.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, configError(err.Error(), "")
		}
		if info.Mode().IsRegular() {
			return &apiBody{file: f, size: info.Size()}, nil
		}
	}
	// What is short is held, so that it can be sent again.
	defer a.tui.WaitsFor("the end of " + inputName(name))()
	data, err := readUpTo(ctx, in, files.MaxSize+1)
	if err != nil {
		in.Close()
		return nil, configError("reading "+name+": "+err.Error(), "")
	}
	if len(data) <= files.MaxSize {
		in.Close()
		return &apiBody{data: data}, nil
	}
	return &apiBody{data: data, pipe: in}, nil
}

// again reports whether the body can be sent more than once.
func (b *apiBody) again() bool { return b.pipe == nil }

func (b *apiBody) close() {
	if b.file != nil {
		b.file.Close()
	}
}

// sendWith makes b the body of a request.
func (b *apiBody) sendWith(r *http.Request) (err error) {
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
