//go:build linux

// Command jira lets clients of Jira that nobody of this project wrote use a session of
// the product's: three libraries from npm (jira-client, jira-connector, jira.js), curl,
// wget, Python's urllib and Go's net/http.
//
//	go run ./interop/jira
//
// It starts the simulated Okta, Crowd and Jira and runs the built command, unchanged.
// Signed in at Okta with a computed code, and at Crowd, each client asks who it is, for
// the server, an issue, a search and an issue that does not exist, creates an issue,
// writes a comment, uploads a file that is too large to be held in memory by the proxy,
// and fetches it again: first with cookies in the format made for it, then through
// "ssoexchange proxy", knowing an address and an access token only. What it understood is
// compared with what Jira has, and Jira's record is searched for what must not be there.
// Then Jira loses its sessions, and the clients must not notice.
//
// Everything listens on 127.0.0.1 and is ended, also after a failure or an interrupt. The
// last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together, installing included.
const limit = 5 * time.Minute

var needs = append([]judge.Needs{
	{File: "curl", Package: "curl"}, {File: "wget", Package: "wget"}, {File: "python3", Package: "python3"},
}, judge.Node...)

var (
	//go:embed package.json
	packageJSON []byte
	//go:embed package-lock.json
	packageLock []byte
	//go:embed clients.cjs
	nodeClients []byte
	//go:embed client.py
	pythonClient []byte
)

func main() { os.Exit(judge.Main(limit, run)) }

func run(ctx context.Context, r *judge.Report) (err error) {
	if err := judge.Install(ctx, needs...); err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("jira")
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
	tools, err := newTools(dir, w, group, p.Address())
	if err != nil {
		return err
	}
	for _, idp := range []string{"Okta", "Crowd"} {
		home := filepath.Join(dir, idp)
		if err := os.Mkdir(home, 0o700); err != nil {
			return err
		}
		s := &session{
			idp: idp, user: w.userOf(idp), connection: w.connection(idp), world: w, tools: tools,
			cli: judge.CLI{Group: group, Binary: binary, Home: home, Proxy: p.Address()},
		}
		if err := s.withCookies(ctx, r); err != nil {
			return fmt.Errorf("%s, with cookies: %w", idp, err)
		}
		if err := s.throughProxy(ctx, r); err != nil {
			return fmt.Errorf("%s, through the proxy: %w", idp, err)
		}
	}
	r.Check("no connection was asked for to any other machine", errors.Join(p.Strangers(), tools.strangers()))
	return nil
}
