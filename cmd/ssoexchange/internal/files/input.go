package files

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
)

// inputWait bounds the wait for a pipe that nobody writes to, when it is to bring what
// is needed before anything else can begin.
const inputWait = time.Minute

// Input opens what a person names: a file, a pipe, or - for standard input.
type Input struct {
	Stdin     io.Reader
	Signalled <-chan struct{} // closed by the signal that ends the program; nil: never
	WaitsFor  func(what string) (stop func())
}

// Text returns the text of a file, or of standard input for "-". A pipe may be
// named, such as a shell's <(command).
func (in Input) Text(name string) (string, error) {
	ctx, cancel := in.untilSignal()
	defer cancel()
	r, err := in.Open(ctx, name)
	if err != nil {
		return "", err
	}
	defer in.WaitsFor("the end of " + InputName(name))()
	data, err := ReadUpTo(ctx, r, MaxSize+1)
	if err != nil {
		return "", clierror.Config("reading "+name+": "+err.Error(), "")
	}
	r.Close()
	if len(data) > MaxSize {
		return "", clierror.Config(name+" is larger than 1 MiB", "")
	}
	return string(data), nil
}

// InputName is what is called - in other words.
func InputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// untilSignal returns the context of what is read before a command has one at hand.
func (in Input) untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), inputWait,
		fmt.Errorf("nothing has come for %v", inputWait))
	go func() {
		select {
		case <-in.Signalled:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Open opens a file or a pipe, or returns standard input, which stays open, for "-". A
// pipe that has no writer yet is waited for until ctx ends.
func (in Input) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(in.Stdin), nil
	}
	stop := in.WaitsFor("somebody to write to " + name)
	f, err := orEnd(ctx, func() (*os.File, error) { return os.Open(name) })
	stop()
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, clierror.Config("opening "+name+": "+err.Error(), "")
	case err != nil:
		return nil, clierror.Config(err.Error(), "")
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, clierror.Config(name+" is a directory", "")
	}
	return f, nil
}

// ReadUpTo reads until the end or n bytes.
func ReadUpTo(ctx context.Context, r io.Reader, n int64) ([]byte, error) {
	return orEnd(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(r, n)) })
}

// ReadLine reads until the end of a line, the end of r or n bytes. The line's end is part of it.
func ReadLine(ctx context.Context, r io.Reader, n int64) (string, error) {
	return orEnd(ctx, func() (string, error) { return bufio.NewReader(io.LimitReader(r, n)).ReadString('\n') })
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
