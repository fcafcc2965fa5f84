//go:build linux

// Command keyring proves what the command does with a real OS keyring, and without one.
//
//	go run ./interop/keyring
//
// GNOME Keyring runs on a session bus of its own, in a home of its own. libsecret's
// secret-tool is the second opinion: it reads what the command wrote there, and writes
// what the command is to read, in the form that the documentation gives. The age tool
// opens the stored session with the key that secret-tool found. The keyring is locked,
// struck dumb, robbed of the key and taken away, and each time the session that is
// stored must survive.
//
// Everything listens on 127.0.0.1 or on sockets in the temporary directory and is
// ended, also after a failure or an interrupt. The last line is "N passed, N failed";
// the exit code is 0 only if nothing failed.
package main

import (
	"context"
	"os"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "keyring",
		Limit: 4 * time.Minute, // installing the programs is most of it
		Needs: []harness.Needs{
			{File: "dbus-daemon", Package: "dbus-daemon"}, {File: "/usr/share/dbus-1/session.conf", Package: "dbus-session-bus-common"},
			{File: "dbus-send", Package: "dbus-bin"}, {File: "gnome-keyring-daemon", Package: "gnome-keyring"},
			{File: "dbus-launch", Package: "dbus-x11"}, // so that somebody could start a bus by mistake
			{File: "secret-tool", Package: "libsecret-tools"}, {File: "age", Package: "age"},
		},
	}, run))
}

// bench is what all checks share.
type bench struct {
	*harness.Processes
	company *harness.Env
}

func run(ctx context.Context, s *harness.Processes) error {
	company, err := harness.NewEnv(s.Dir, fixtures.WorldOptions{})
	if err != nil {
		return err
	}
	defer company.Close()
	if err := s.Build(ctx); err != nil {
		return err
	}
	b := &bench{s, company}
	dumb, err := b.askDumb(ctx)
	if err != nil {
		return err
	}
	defer dumb()
	for _, part := range []func(*bench, context.Context) error{
		(*bench).unlocked, (*bench).notSetUp, (*bench).noBus,
	} {
		if err := part(b, ctx); err != nil {
			return err
		}
	}
	s.CheckLoopback()
	return nil
}
