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
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const chromium = "/usr/bin/chromium"

// housekeeping are the hosts that Debian's Chromium asks for by itself, whatever it is
// told: updates of its components, accounts, what forms are called.
var housekeeping = []string{"update.googleapis.com", "accounts.google.com", "content-autofill.googleapis.com"}

//go:embed package.json package-lock.json widget.cjs
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "oktawidget",
		Limit: 4 * time.Minute, // installing Chromium is most of it
		Needs: []harness.Needs{{File: chromium, Package: "chromium"}},
		Files: files,
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	artifacts, err := artifactFolder(ctx)
	if err != nil {
		return err
	}
	lab, err := harness.NewLab(s.Dir)
	if err != nil {
		return err
	}
	defer lab.Close()
	serveWidget(lab, filepath.Join(s.Dir, "node_modules", "@okta", "okta-signin-widget", "dist"))
	scriptErr := s.Script(ctx, "widget.cjs", append(lab.Env(), "CHROMIUM="+chromium, "PROXY="+s.Proxy.Address(), "ARTIFACTS="+artifacts, "TMPDIR="+s.Dir)...)
	s.CheckEnded()
	if scriptErr != nil {
		return scriptErr
	}
	s.Check("only the browser's own housekeeping asked for another machine, and was refused", s.Proxy.Strangers(housekeeping...))
	s.Check("the widget went nowhere where a sign-in has no business", lab.Forbidden())
	s.Check("there is a picture of each step", pictures(artifacts))
	return nil
}

// artifactFolder returns the folder of the pictures, without those of an earlier run.
func artifactFolder(ctx context.Context) (string, error) {
	root, err := harness.Root(ctx)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "interop", "oktawidget", "artifacts")
	old, err := filepath.Glob(filepath.Join(dir, "*.png"))
	for _, file := range old {
		err = errors.Join(err, os.Remove(file))
	}
	return dir, err
}

func pictures(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err == nil && len(files) < 30 {
		err = fmt.Errorf("there are %d", len(files))
	}
	return err
}
