package main

import (
	"context"
	"os"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/apicall"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
)

// apiBody returns the body that the flags give, nil for none.
func (a *app) apiBody(ctx context.Context, f apiFlags) (*apicall.Body, error) {
	switch {
	case len(f.data) > 1:
		return nil, configError("-d is given more than once",
			"a JSON body is one piece: put it into one -d, or into a file: -d @FILE")
	case f.given("data-raw"):
		return apicall.Bytes([]byte(f.raw)), nil
	case f.given("input"):
		return a.openBody(ctx, f.input)
	case len(f.data) == 0:
		return nil, nil
	}
	name, isFile := strings.CutPrefix(f.data[0], "@")
	if !isFile {
		return apicall.Bytes([]byte(f.data[0])), nil
	}
	return a.openBody(ctx, name)
}

func (a *app) openBody(ctx context.Context, name string) (*apicall.Body, error) {
	if name == "" {
		return nil, configError("the name of the body's file is empty",
			"for example: -d @issue.json; a body that begins with @ is given by --data-raw")
	}
	in, err := a.input().Open(ctx, name)
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
			return apicall.File(f, info.Size()), nil
		}
	}
	// What is short is held, so that it can be sent again.
	defer a.tui.WaitsFor("the end of " + files.InputName(name))()
	data, err := files.ReadUpTo(ctx, in, files.MaxSize+1)
	if err != nil {
		in.Close()
		return nil, configError("reading "+name+": "+err.Error(), "")
	}
	if len(data) <= files.MaxSize {
		in.Close()
		return apicall.Bytes(data), nil
	}
	return apicall.Pipe(data, in), nil
}
