//go:build linux

// Command mellon lets a service provider that nobody of this project wrote judge
// the exchange: Apache with mod_auth_mellon (lasso), from Debian's packages.
//
//	go run ./interop/mellon
//
// It starts that server with its consumer service where Jira has it, starts the
// simulated Okta and Crowd, and runs the built command, unchanged, against them.
// Then curl opens a protected page with the cookies that the command printed.
//
// The second half judges the judges: a table of assertions with one fault each is
// posted to mellon and to the simulated Jira, and both must refuse every one. A
// simulator that accepted what lasso refuses would prove nothing elsewhere.
//
// Everything listens on 127.0.0.1, and what was started is ended, also after a
// failure or an interrupt. The last line is "N passed, N failed"; the exit code is
// 0 only if nothing failed.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "mellon",
		Limit: 2 * time.Minute,
		// The server without its service: the package apache2 itself would start it on port 80.
		Needs: []harness.Needs{
			{File: apacheBinary, Package: "apache2-bin"},
			{File: moduleDir + "/mod_auth_mellon.so", Package: "libapache2-mod-auth-mellon"},
			{File: curlBinary, Package: "curl"},
		},
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	// Apache's children are another user and must be able to enter.
	if err := os.Chmod(s.Dir, 0o755); err != nil {
		return err
	}
	f, err := newForge()
	if err != nil {
		return err
	}
	port, err := harness.FreePort()
	if err != nil {
		return err
	}
	w, err := newWorld(f, fmt.Sprintf("https://%s:%d", spHost, port))
	if err != nil {
		return err
	}
	defer w.net.Close()
	a, err := startApache(ctx, filepath.Join(s.Dir, "apache"), port, map[string][]byte{
		"forge": f.metadata(), "okta": w.okta.Metadata(), "crowd": w.crowd.Metadata(),
	})
	if err != nil {
		return err
	}
	defer a.stop()

	bundle := filepath.Join(s.Dir, "ca.pem")
	if err := os.WriteFile(bundle, append(w.net.CAPEM(), a.cert...), 0o644); err != nil {
		return err
	}
	judges := []provider{
		{name: "mellon", acs: a.acs(), entityID: a.base(), myself: a.base() + "/rest/api/2/myself", bundle: bundle, reason: a.newLines()},
		{name: "simulated Jira", acs: w.jira.ACS(), entityID: w.jira.EntityID(), myself: w.jira.BaseURL() + "/rest/api/2/myself", bundle: bundle, reason: w.jira.LastRefusal},
	}
	if err := checkJudges(ctx, s.Report, f, judges); err != nil {
		return err
	}
	if err := s.Build(ctx); err != nil {
		return err
	}
	c := &cli{stage: s, bundle: bundle, sp: a, world: w}
	s.Check("without cookies nobody is let in", c.stranger(ctx))
	for _, way := range scenarios(w, a) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.check(ctx, way)
	}
	s.CheckLoopback()
	return nil
}
