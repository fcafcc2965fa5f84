//go:build linux

package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// cliLimit is for one command that ends by itself.
const cliLimit = time.Minute

// Root returns the directory of the product's module, in which a judge is run.
func Root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// BuildCLI builds the product's command into dir and returns its path.
func BuildCLI(ctx context.Context, group *Group, dir string) (string, error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "ssoexchange")
	cmd := group.Command(ctx, "go", "build", "-o", binary, "./cmd/ssoexchange")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the command: %w: %s", err, Tail(out, 600))
	}
	return binary, nil
}

// CLI runs the built command, and other programs, as one user of a machine that has
// nothing to do with this process: no variable of the product's, no state and no
// configuration are inherited. Its methods start processes that end with this one only
// if they are called by the goroutine of [Main]'s run.
type CLI struct {
	Group  *Group
	Binary string   // what BuildCLI returned
	Home   string   // an existing directory; state, configuration and sockets are below it
	CA     string   // PEM file of the authorities that are trusted; "": those of the system
	Proxy  string   // "127.0.0.1:port" of a [Proxy]; "": none
	Env    []string // more variables, which win
}

// With returns c with more variables, or other values of them.
func (c CLI) With(env ...string) CLI {
	c.Env = slices.Concat(c.Env, env)
	return c
}

// Environ returns the whole environment.
func (c CLI) Environ() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.Home, "LANG=C.UTF-8", "CI=true",
		"XDG_CONFIG_HOME=" + filepath.Join(c.Home, "config"),
		"XDG_CACHE_HOME=" + filepath.Join(c.Home, "cache"),
		"XDG_STATE_HOME=" + filepath.Join(c.Home, "local"),
		"XDG_RUNTIME_DIR=" + c.Home,
		"SSOEXCHANGE_STATE_DIR=" + filepath.Join(c.Home, "state"),
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", // no keyring of whoever runs this
		c.Group.Mark(),
	}
	if c.CA != "" {
		env = append(env, "SSL_CERT_FILE="+c.CA)
	}
	if c.Proxy != "" {
		env = append(env, "https_proxy=http://"+c.Proxy)
	}
	return append(env, c.Env...)
}

// Result is what a command said and how it ended.
type Result struct {
	Stdout, Stderr string
	Code           int // -1: by a signal, or not yet
}

// Err returns nil for exit code 0, and otherwise the code and what the command said.
func (r Result) Err() error {
	if r.Code == 0 {
		return nil
	}
	return fmt.Errorf("exit code %d: %s", r.Code, Tail([]byte(r.Stdout+r.Stderr), 600))
}

// Run runs the command with stdin as its standard input. The error says that it could
// not be run, or not to its end.
func (c CLI) Run(ctx context.Context, stdin string, args ...string) (Result, error) {
	return c.Execute(ctx, stdin, c.Binary, args...)
}

// Execute is [CLI.Run] for any program.
func (c CLI) Execute(ctx context.Context, stdin, name string, args ...string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, cliLimit)
	defer cancel()
	cmd := c.Group.Command(ctx, name, args...)
	cmd.Stdin, cmd.Env = strings.NewReader(stdin), c.Environ()
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	res := Result{Stdout: out.String(), Stderr: talk.String(), Code: -1}
	if cmd.ProcessState != nil {
		res.Code = cmd.ProcessState.ExitCode()
	}
	if ended := new(exec.ExitError); ctx.Err() == nil && errors.As(err, &ended) {
		err = nil // it did run; how it ended is in the code
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(name), err, Tail(talk.Bytes(), 400))
	}
	return res, err
}

// Service is a command that runs until it is stopped ("proxy", "lab", "refresh").
type Service struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu        sync.Mutex
	changed   chan struct{} // closed, and made anew, when more was printed
	out, talk bytes.Buffer
}

// Start starts the command. stdin may be nil; one that stays open must be closed
// before [Service.Stop] is called.
func (c CLI) Start(ctx context.Context, stdin io.Reader, args ...string) (*Service, error) {
	s := &Service{ended: make(chan struct{}), changed: make(chan struct{})}
	s.cmd = c.Group.Command(ctx, c.Binary, args...)
	s.cmd.Stdin, s.cmd.Env = stdin, c.Environ()
	s.cmd.Stdout, s.cmd.Stderr = serviceOutput{s, &s.out}, serviceOutput{s, &s.talk}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is in its ProcessState
		close(s.ended)
	}()
	return s, nil
}

// serviceOutput keeps what is printed and tells those who wait for it.
type serviceOutput struct {
	s  *Service
	to *bytes.Buffer
}

func (o serviceOutput) Write(p []byte) (int, error) {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	close(o.s.changed)
	o.s.changed = make(chan struct{})
	return o.to.Write(p)
}

// Await waits until ready is true of what was printed so far, for example the address
// that is listened on. It fails when the command ends before that, or ctx does.
func (s *Service) Await(ctx context.Context, ready func(Result) bool) (Result, error) {
	for ended := false; ; {
		now, changed := s.said()
		if ready(now) {
			return now, nil
		}
		if ended {
			return now, fmt.Errorf("it ended with code %d before it said so: %s", now.Code, Tail([]byte(now.Stdout+now.Stderr), 600))
		}
		select {
		case <-changed:
		case <-s.ended:
			ended = true
		case <-ctx.Done():
			return now, fmt.Errorf("%w: %s", context.Cause(ctx), Tail([]byte(now.Stdout+now.Stderr), 400))
		}
	}
}

// Stop asks the command to end, as a service manager does, and returns how it ended.
func (s *Service) Stop() Result {
	s.cmd.Cancel() // it may have ended already
	return s.Wait()
}

// Kill ends the command as a crash does, and returns what it had said.
func (s *Service) Kill() Result {
	_ = s.cmd.Process.Kill() // it may have ended already
	return s.Wait()
}

// Wait waits for the command's end.
func (s *Service) Wait() Result {
	<-s.ended
	now, _ := s.said()
	return now
}

func (s *Service) said() (Result, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Result{Stdout: s.out.String(), Stderr: s.talk.String(), Code: -1}
	select {
	case <-s.ended:
		r.Code = s.cmd.ProcessState.ExitCode()
	default:
	}
	return r, s.changed
}
