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
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together; installing the programs is most of it.
const limit = 4 * time.Minute

var needs = []judge.Needs{
	{File: "dbus-daemon", Package: "dbus-daemon"}, {File: "/usr/share/dbus-1/session.conf", Package: "dbus-session-bus-common"},
	{File: "dbus-send", Package: "dbus-bin"}, {File: "gnome-keyring-daemon", Package: "gnome-keyring"},
	{File: "dbus-launch", Package: "dbus-x11"}, // so that somebody could start a bus by mistake
	{File: "secret-tool", Package: "libsecret-tools"}, {File: "age", Package: "age"},
}

func main() { os.Exit(judge.Main(limit, run)) }

// bench is what all checks share.
type bench struct {
	*judge.Report
	company *judge.Company
	group   *judge.Group
	binary  string
	proxy   string
	dir     string
}

func run(ctx context.Context, r *judge.Report) (err error) {
	if err := judge.Install(ctx, needs...); err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("keyring")
	if err != nil {
		return err
	}
	defer remove()
	company, err := judge.NewCompany(dir)
	if err != nil {
		return err
	}
	defer company.Close()
	p, err := judge.NewProxy()
	if err != nil {
		return err
	}
	defer p.Close()
	group := judge.NewGroup()
	defer func() { err = errors.Join(err, group.End()) }()
	b := &bench{Report: r, company: company, group: group, proxy: p.Address(), dir: dir}
	if b.binary, err = judge.BuildCLI(ctx, group, dir); err != nil {
		return err
	}
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
	r.Check("no connection was asked for to any other machine", p.Strangers())
	return nil
}

// home makes the home directory of a new user.
func (b *bench) home(name string) (string, error) {
	home := filepath.Join(b.dir, name)
	return home, os.Mkdir(home, 0o700)
}

// cli is the command as that user runs it; env has the user's bus.
func (b *bench) cli(home string, env ...string) judge.CLI {
	return judge.CLI{Group: b.group, Binary: b.binary, Home: home, Proxy: b.proxy, Env: env}
}
