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
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// limit is for everything together: installing packages, building, all checks.
const limit = 2 * time.Minute

func main() {
	// Pdeathsig watches the thread that starts the server; this one lives as long as
	// the process.
	runtime.LockOSThread()
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
	if err := ensurePackages(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ssoexchange-mellon-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
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
	judges := []judge{
		{name: "mellon", acs: a.acs(), entityID: a.base(), myself: a.base() + "/rest/api/2/myself", bundle: bundle, reason: a.newLines()},
		{name: "simulated Jira", acs: w.jira.ACS(), entityID: w.jira.EntityID(), myself: w.jira.BaseURL() + "/rest/api/2/myself", bundle: bundle, reason: w.jira.LastRefusal},
	}
	if err := checkJudges(ctx, r, f, judges); err != nil {
		return err
	}
	p, err := startProxy()
	if err != nil {
		return err
	}
	defer p.close()
	c := &cli{dir: dir, bundle: bundle, proxy: p.address(), sp: a, world: w}
	if err := c.build(ctx); err != nil {
		return err
	}
	r.check("without cookies nobody is let in", c.stranger(ctx))
	for _, s := range scenarios(w, a) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.check(ctx, r, s)
	}
	r.check("no connection was asked for to any other machine", p.strangers())
	return nil
}
