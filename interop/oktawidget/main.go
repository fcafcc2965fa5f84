//go:build linux

// Command oktawidget lets Okta's sign-in widget judge the simulated Okta: it is what
// people see there, and it reads far more of the answers than a client library does.
//
//	go run ./interop/oktawidget
//
// It installs @okta/okta-signin-widget from npm and Chromium from Debian's packages,
// puts the widget into the sign-in pages of both engines, and has Playwright type what
// a person would: a wrong password and the right one, a wrong code and the right one,
// a number on a telephone. Each visit must end on the page of the app, with the
// assertion in a form for Jira, which must know the user by it. The widget is run in
// all the builds that Okta has: for Classic, and the second and third generation for
// Identity Engine.
//
// A picture of each step is left in interop/oktawidget/artifacts, which git ignores.
// Everything listens on 127.0.0.1. The browser gets nowhere else: it has to go through
// a proxy that leads to this machine only. What was started is ended, also after a
// failure or an interrupt. The last line is "N passed, N
// failed"; the exit code is 0 only if nothing failed.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together; installing Chromium is most of it.
const limit = 4 * time.Minute

const chromium = "/usr/bin/chromium"

// housekeeping are the hosts that Debian's Chromium asks for by itself, whatever it is
// told: updates of its components, accounts, what forms are called.
var housekeeping = []string{"update.googleapis.com", "accounts.google.com", "content-autofill.googleapis.com"}

var (
	//go:embed package.json
	packageJSON []byte
	//go:embed package-lock.json
	packageLock []byte
	//go:embed widget.cjs
	script []byte
)

func main() { os.Exit(judge.Main(limit, run)) }

func run(ctx context.Context, r *judge.Report) error {
	if err := judge.Install(ctx, append(judge.Node, judge.Needs{File: chromium, Package: "chromium"})...); err != nil {
		return err
	}
	artifacts, err := artifactFolder(ctx)
	if err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("oktawidget")
	if err != nil {
		return err
	}
	defer remove()
	if err := judge.NPM(ctx, dir, packageJSON, packageLock); err != nil {
		return err
	}
	lab, err := judge.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	serveWidget(lab, filepath.Join(dir, "node_modules", "@okta", "okta-signin-widget", "dist"))
	proxy, err := judge.NewProxy()
	if err != nil {
		return err
	}
	defer proxy.Close()
	env, err := lab.Env(dir)
	if err != nil {
		return err
	}
	group := judge.NewGroup()
	scriptErr := judge.Script{
		Group: group, Dir: dir, Name: "widget.cjs", Text: script,
		Env: append(env, "CHROMIUM="+chromium, "PROXY="+proxy.Address(), "ARTIFACTS="+artifacts, "TMPDIR="+dir),
	}.Run(ctx, r)
	r.Check("everything that was started has ended", group.End())
	if scriptErr != nil {
		return scriptErr
	}
	r.Check("only the browser's own housekeeping asked for another machine, and was refused", proxy.Strangers(housekeeping...))
	r.Check("the widget went nowhere where a sign-in has no business", forbidden(lab))
	return pictures(r, artifacts)
}

// artifactFolder returns the folder of the pictures, without those of an earlier run.
func artifactFolder(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	dir := filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), "interop", "oktawidget", "artifacts")
	old, err := filepath.Glob(filepath.Join(dir, "*.png"))
	for _, file := range old {
		err = errors.Join(err, os.Remove(file))
	}
	return dir, err
}

func pictures(r *judge.Report, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err == nil && len(files) < 30 {
		err = fmt.Errorf("there are %d", len(files))
	}
	r.Check("there is a picture of each step", err)
	return nil
}

func forbidden(lab *judge.Lab) error {
	if f := lab.Org(judge.IDX).Forbidden(); len(f) > 0 {
		return fmt.Errorf("it went to %s", strings.Join(f, ", "))
	}
	return nil
}
