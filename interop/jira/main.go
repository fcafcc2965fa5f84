//go:build linux

// Command jira lets clients of Jira that nobody of this project wrote use a session of
// the product's: three libraries from npm (jira-client, jira-connector, jira.js), three from
// PyPI (jira, atlassian-python-api, mcp-atlassian), curl, wget, Python's urllib and Go's
// net/http.
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
	"embed"
	"fmt"
	"os"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

//go:embed package.json package-lock.json clients.cjs client.py libraries.py mcp_client.py requirements.txt
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "jira",
		Limit: 5 * time.Minute,
		Needs: []harness.Needs{
			{File: "curl", Package: "curl"}, {File: "wget", Package: "wget"}, {File: "python3", Package: "python3"},
			harness.PythonVenv,
		},
		Files: files,
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	w, err := newWorld(s.Dir)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := s.Build(ctx); err != nil {
		return err
	}
	tools, err := newTools(ctx, s, w.CA)
	if err != nil {
		return err
	}
	for _, idp := range []string{"Okta", "Crowd"} {
		cli, err := s.User(idp)
		if err != nil {
			return err
		}
		one := &session{idp: idp, user: w.userOf(idp), connection: w.connection(idp), world: w, tools: tools, cli: cli}
		if err := one.withCookies(ctx, s.Report); err != nil {
			return fmt.Errorf("%s, with cookies: %w", idp, err)
		}
		if err := one.throughProxy(ctx, s.Report); err != nil {
			return fmt.Errorf("%s, through the proxy: %w", idp, err)
		}
	}
	s.CheckLoopback(tools.strangers())
	return nil
}
