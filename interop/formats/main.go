//go:build linux

// Command formats proves each format of "ssoexchange cookies" by the program that
// reads it.
//
//	go run ./interop/formats
//
// It starts the simulated Okta, Crowd and Jira and runs the built command, unchanged,
// once for each format; and once more against the servers of "ssoexchange lab", with a
// connection string that the lab has printed. Then curl, wget, Python, a shell, a Go program and Chromium
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
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together; installing Chromium is most of it.
const limit = 8 * time.Minute

// needs are the readers' programs. Playwright comes from npm, pinned by the lock file;
// its own browsers are not downloaded.
var needs = append([]judge.Needs{
	{File: "curl", Package: "curl"}, {File: "wget", Package: "wget"}, {File: "python3", Package: "python3"},
	{File: "chromium", Package: "chromium"},
}, judge.Node...)

var (
	//go:embed package.json
	packageJSON []byte
	//go:embed package-lock.json
	packageLock []byte
)

func main() { os.Exit(judge.Main(limit, run)) }

func run(ctx context.Context, r *judge.Report) (err error) {
	if err := judge.Install(ctx, needs...); err != nil {
		return err
	}
	chromium, err := exec.LookPath("chromium") // Playwright wants its path
	if err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("formats")
	if err != nil {
		return err
	}
	defer remove()
	if err := judge.NPM(ctx, dir, packageJSON, packageLock); err != nil {
		return err
	}
	w, err := newWorld(dir)
	if err != nil {
		return err
	}
	defer w.close()
	p, err := judge.NewProxy()
	if err != nil {
		return err
	}
	defer p.Close()
	group := judge.NewGroup()
	defer func() { err = errors.Join(err, group.End()) }()

	binary, err := judge.BuildCLI(ctx, group, dir)
	if err != nil {
		return err
	}
	sessions := map[string]*session{}
	for _, idp := range []string{"Crowd", "Okta"} {
		sessions[idp] = &session{world: w, jira: w.Jira.BaseURL(), ca: w.ca, connection: w.connection(idp)}
	}
	lab, quit, err := startLab(ctx, judge.CLI{Group: group, Binary: binary, Home: dir, Proxy: p.Address()})
	if err != nil {
		return err
	}
	defer quit()
	sessions["lab"] = lab
	for _, at := range []string{"Crowd", "Okta", "lab"} {
		s := sessions[at]
		s.dir = filepath.Join(dir, at)
		s.cli = judge.CLI{Group: group, Binary: binary, Home: s.dir, Proxy: p.Address()}
		s.playwright, s.chromium = filepath.Join(dir, "node_modules", "playwright-core"), chromium
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			return err
		}
		if err := s.sent(ctx); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		for _, reader := range readers {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r.Check(at+": "+reader.name, s.check(ctx, reader))
		}
		if s.world != nil {
			r.Check(at+": curl --config FILE writes a comment with the headers of --with-headers", s.write(ctx))
		}
	}
	r.Check("no connection was asked for to any other machine", p.Strangers())
	return nil
}
