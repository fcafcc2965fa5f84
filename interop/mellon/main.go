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
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together: installing packages, building, all checks.
const limit = 2 * time.Minute

// needs hold the server without its service: the package apache2 itself would start it
// on port 80.
var needs = []judge.Needs{
	{File: apacheBinary, Package: "apache2-bin"},
	{File: moduleDir + "/mod_auth_mellon.so", Package: "libapache2-mod-auth-mellon"},
	{File: curlBinary, Package: "curl"},
}

func main() { os.Exit(judge.Main(limit, run)) }

func run(ctx context.Context, r *judge.Report) (err error) {
	if err := judge.Install(ctx, needs...); err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("mellon")
	if err != nil {
		return err
	}
	defer remove()
	// Apache's children are another user and must be able to enter.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	f, err := newForge()
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	w, err := newWorld(f, fmt.Sprintf("https://%s:%d", spHost, port))
	if err != nil {
		return err
	}
	defer w.close()
	a, err := startApache(ctx, filepath.Join(dir, "apache"), port, map[string][]byte{
		"forge": f.metadata(), "okta": w.okta.Metadata(), "crowd": w.crowd.Metadata(),
	})
	if err != nil {
		return err
	}
	defer a.stop()

	bundle := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(bundle, append(w.net.CAPEM(), a.cert...), 0o644); err != nil {
		return err
	}
	judges := []provider{
		{name: "mellon", acs: a.acs(), entityID: a.base(), myself: a.base() + "/rest/api/2/myself", bundle: bundle, reason: a.newLines()},
		{name: "simulated Jira", acs: w.jira.ACS(), entityID: w.jira.EntityID(), myself: w.jira.BaseURL() + "/rest/api/2/myself", bundle: bundle, reason: w.jira.LastRefusal},
	}
	if err := checkJudges(ctx, r, f, judges); err != nil {
		return err
	}
	p, err := judge.NewProxy()
	if err != nil {
		return err
	}
	defer p.Close()
	group := judge.NewGroup()
	defer func() { err = errors.Join(err, group.End()) }()
	c := &cli{dir: dir, bundle: bundle, proxy: p.Address(), sp: a, world: w, group: group}
	if c.binary, err = judge.BuildCLI(ctx, group, dir); err != nil {
		return err
	}
	r.Check("without cookies nobody is let in", c.stranger(ctx))
	for _, s := range scenarios(w, a) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.check(ctx, r, s)
	}
	r.Check("no connection was asked for to any other machine", p.Strangers())
	return nil
}
