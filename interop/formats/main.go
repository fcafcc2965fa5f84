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
	"embed"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

//go:embed package.json package-lock.json reader.cjs reader.py
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "formats",
		Limit: 8 * time.Minute, // installing Chromium is most of it
		// Playwright comes from npm; its own browsers are not downloaded.
		Needs: []harness.Needs{
			{File: "curl", Package: "curl"}, {File: "wget", Package: "wget"}, {File: "python3", Package: "python3"},
			{File: "chromium", Package: "chromium"},
		},
		Files: files,
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	chromium, err := exec.LookPath("chromium") // Playwright wants its path
	if err != nil {
		return err
	}
	w, err := newWorld(s.Dir)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := s.Build(ctx); err != nil {
		return err
	}
	host, err := s.User("host of the lab")
	if err != nil {
		return err
	}
	lab, quit, err := startLab(ctx, host)
	if err != nil {
		return err
	}
	defer quit()
	sessions := map[string]*session{"lab": lab}
	for _, idp := range []string{"Crowd", "Okta"} {
		sessions[idp] = &session{world: w, jira: w.Jira.BaseURL(), ca: w.CA, connection: w.connection(idp)}
	}
	for _, at := range []string{"Crowd", "Okta", "lab"} {
		one := sessions[at]
		one.parts, one.chromium = s.Dir, chromium
		if one.cli, err = s.User(at); err != nil {
			return err
		}
		if err := one.sent(ctx); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		for _, reader := range readers {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.Check(at+": "+reader.name, one.check(ctx, reader))
		}
		if one.world != nil {
			s.Check(at+": curl --config FILE writes a comment with the headers of --with-headers", one.write(ctx))
		}
	}
	s.CheckLoopback()
	return nil
}
