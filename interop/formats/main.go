//go:build linux

// Command formats proves each format of "ssoexchange cookies" by the program that
// reads it.
//
//	go run ./interop/formats
//
// It starts the simulated Okta, Crowd and Jira and runs the built command, unchanged,
// once for each format. Then curl, wget, Python, a shell, a Go program and Chromium
// (by Playwright) load what was written and ask Jira who they are. Jira is as
// awkward as they come: it has a context path, sits behind a balancer whose cookie
// has quotes and bars in its value, and remembers no login, so that a reader that
// loses or changes one cookie is a stranger. What each reader sent is compared with
// what the format header says, cookie for cookie.
//
// Everything listens on 127.0.0.1 and is ended, also after a failure or an
// interrupt. The last line is "N passed, N failed"; the exit code is 0 only if
// nothing failed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// limit is for everything together; installing Chromium is most of it.
const limit = 8 * time.Minute

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancelLimit := context.WithTimeout(ctx, limit)
	r := &report{out: os.Stdout}
	if err := run(ctx, r); err != nil {
		r.check("all checks could be made", err)
	}
	cancelLimit()
	cancel()
	os.Exit(r.close())
}

func run(ctx context.Context, r *report) error {
	dir, err := os.MkdirTemp("", "ssoexchange-formats-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tools, err := findTools(ctx, dir)
	if err != nil {
		return err
	}
	w, err := newWorld(dir)
	if err != nil {
		return err
	}
	defer w.close()
	p, err := startProxy()
	if err != nil {
		return err
	}
	defer p.close()

	c := &cli{dir: dir, world: w}
	if err := c.build(ctx); err != nil {
		return err
	}
	for _, idp := range []string{"Crowd", "Okta"} {
		s := &session{cli: c, tools: tools, proxy: p.address(), dir: filepath.Join(dir, idp), connection: w.connection(idp)}
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			return err
		}
		if err := s.sent(ctx); err != nil {
			return fmt.Errorf("%s: %w", idp, err)
		}
		for _, reader := range readers {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r.check(idp+": "+reader.name, s.check(ctx, reader))
		}
		r.check(idp+": curl --config FILE writes a comment with the headers of --with-headers", s.write(ctx))
	}
	r.check("no connection was asked for to any other machine", p.strangers())
	return nil
}
