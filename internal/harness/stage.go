//go:build linux

package harness

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// Plan is what a judge wants before its first check.
type Plan struct {
	Name  string        // that of its folder
	Limit time.Duration // for everything together: installing, building, all checks
	Needs []Needs       // to be installed

	// Files are put into the stage's directory. With a package.json among them come Node
	// and npm, which installs there what package-lock.json pins by version and hash.
	Files fs.FS
}

// Processes is where one run of a judge takes place. Everything of it ends with the run.
type Processes struct {
	*Report
	Dir    string // temporary
	Group  *Group // of all that is started
	Proxy  *Proxy // for those who know no names below localhost, or might go elsewhere
	Binary string // the product's command, once it is built
}

// Main runs a judge and returns its exit code. The context of run ends with an interrupt,
// and when the plan's limit is over. An error of run counts as a failed check, and so
// does one of what is done before run, and after: ending whatever was started and has not
// ended.
func Main(p Plan, run func(ctx context.Context, s *Processes) error) int {
	// The kernel ends what was started when the thread that started it ends (see
	// [Group]); this one lives as long as the process.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	r := &Report{Out: os.Stdout}
	if err := p.play(ctx, r, run); err != nil {
		r.Check("all checks could be made", err)
	}
	return r.Close()
}

// play sets the stage, and clears it away.
func (p Plan) play(ctx context.Context, r *Report, run func(ctx context.Context, s *Processes) error) (err error) {
	npm := p.hasPackages()
	needs := p.Needs
	if npm {
		needs = slices.Concat(needs, Node)
	}
	if err := Install(ctx, needs...); err != nil {
		return err
	}
	dir, remove, err := TempDir(p.Name)
	if err != nil {
		return err
	}
	defer remove()
	if p.Files != nil {
		if err := os.CopyFS(dir, p.Files); err != nil {
			return err
		}
	}
	if npm {
		if err := npmInstall(ctx, dir); err != nil {
			return err
		}
	}
	proxy, err := NewProxy()
	if err != nil {
		return err
	}
	defer proxy.Close()
	s := &Processes{Report: r, Dir: dir, Group: NewGroup(), Proxy: proxy}
	defer func() { err = errors.Join(err, s.Group.End()) }()
	return run(ctx, s)
}

func (p Plan) hasPackages() bool {
	if p.Files == nil {
		return false
	}
	_, err := fs.Stat(p.Files, "package.json")
	return err == nil
}

// Build builds the product's command.
func (s *Processes) Build(ctx context.Context) (err error) {
	s.Binary, err = BuildCLI(ctx, s.Group, s.Dir)
	return err
}

// User returns the command as somebody runs it who has never run it before: with an empty
// home directory of that name, and by the stage's proxy.
func (s *Processes) User(name string, env ...string) (CLI, error) {
	c := CLI{Group: s.Group, Binary: s.Binary, Home: filepath.Join(s.Dir, name), Proxy: s.Proxy.Address(), Env: env}
	return c, os.Mkdir(c.Home, 0o700)
}

// CheckEnded is the last check of those who leave nothing that still has to end.
func (s *Processes) CheckEnded() { s.Check("everything that was started has ended", s.Group.End()) }

// CheckLoopback checks that nobody asked the proxy for another machine. more is what
// others have to say of that.
func (s *Processes) CheckLoopback(more ...error) {
	s.Check("no connection was asked for to any other machine", errors.Join(append(more, s.Proxy.Strangers())...))
}
