package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
)

// inputWait bounds the wait for a pipe that nobody writes to, when it is to bring what
// is needed before anything else can begin.
const inputWait = time.Minute

// readFile returns the text of a file, or of standard input for "-". A pipe may be
// named, such as a shell's <(command).
func (a *app) readFile(name string) (string, error) {
	ctx, cancel := a.untilSignal()
	defer cancel()
	r, err := a.open(ctx, name)
	if err != nil {
		return "", err
	}
	defer a.tui.WaitsFor("the end of " + inputName(name))()
	data, err := readUpTo(ctx, r, files.MaxSize+1)
	if err != nil {
		return "", configError("reading "+name+": "+err.Error(), "")
	}
	r.Close()
	if len(data) > files.MaxSize {
		return "", configError(name+" is larger than 1 MiB", "")
	}
	return string(data), nil
}

// inputName is what is called - in other words.
func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// untilSignal returns the context of what is read before a command has one at hand.
func (a *app) untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), inputWait,
		fmt.Errorf("nothing has come for %v", inputWait))
	go func() {
		select {
		case <-a.signalled:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// open opens a file or a pipe, or returns standard input, which stays open, for "-". A
// pipe that has no writer yet is waited for until ctx ends.
func (a *app) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.stdin), nil
	}
	stop := a.tui.WaitsFor("somebody to write to " + name)
	f, err := orEnd(ctx, func() (*os.File, error) { return os.Open(name) })
	stop()
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, configError("opening "+name+": "+err.Error(), "")
	case err != nil:
		return nil, configError(err.Error(), "")
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, configError(name+" is a directory", "")
	}
	return f, nil
}

// readUpTo reads until the end or n bytes.
func readUpTo(ctx context.Context, r io.Reader, n int64) ([]byte, error) {
	return orEnd(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(r, n)) })
}

// orEnd returns what f returns, or the cause of ctx's end. f, which may wait for ever,
// is left behind then.
func orEnd[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		cause := context.Cause(ctx)
		if errors.Is(cause, context.Canceled) {
			cause = errors.New("interrupted")
		}
		return none, cause
	}
}
