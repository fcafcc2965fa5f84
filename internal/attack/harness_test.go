//go:build linux && !race

package attack_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

const (
	// addressSpace bounds the command (ulimit -v), in KiB. The Go runtime reserves
	// 1.2 GiB of addresses before main begins, and the C library 72 MiB for each thread.
	addressSpace = 3_000_000
	// memory bounds what the command had in memory at its highest, in bytes.
	memory = 400 << 20
	// timeout is the Timeout property of every connection, in seconds.
	timeout = 10
	// deadline is when a command counts as hanging. The slack beyond timeout is for
	// machines under load.
	deadline = 60 * time.Second
)

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := command(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// command builds the command once and returns its path.
var command = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ssoexchange-attack-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ssoexchange")
	// go run links once for all packages that need the command, and go build each time.
	build := exec.Command("go", "run", "-exec", "cp", "../../cmd/ssoexchange", path)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the command: %w\n%s", err, out)
	}
	return path, nil
})

// site is a company with its IdPs and its Jira on a loopback port, and an empty
// state directory. World.Net.Intercept makes any of the servers hostile.
type site struct {
	*fixtures.World
	Port string
	CA   string // file
	Home string // HOME, XDG_CONFIG_HOME and, below it, the state directory
}

func newSite(t *testing.T, options fixtures.WorldOptions) *site {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	options.OktaHost, options.CrowdHost, options.JiraHost = "okta.localhost:"+port, "crowd.localhost:"+port, "jira.localhost:"+port
	s := &site{World: fixtures.NewWorld(options), Port: port, Home: t.TempDir()}
	server := s.Net.Serve(ln)
	t.Cleanup(func() {
		server.Close()
		s.Net.Close()
	})
	if s.CA, err = s.Net.CAFile(s.Home); err != nil {
		t.Fatal(err)
	}
	return s
}

// viaOkta is a connection string through Okta; more is appended to it.
func (s *site) viaOkta(user, more string) string {
	return fmt.Sprintf("AuthScheme=Okta;URL=%s;SSOLoginURL=%s;SSOExchangeURL=%s;SSLServerCert=%s;Timeout=%d;User=%s;Password=%s;%s",
		s.Jira.BaseURL(), s.Okta.AppLink(), s.Jira.ACS(), s.CA, timeout, user, s.Password, more)
}

// viaCrowd is a connection string through Crowd; more is appended to it.
func (s *site) viaCrowd(user, more string) string {
	return fmt.Sprintf("AuthScheme=Crowd;URL=%s;SSOLoginURL=%s;SSOExchangeURL=%s;SSOAppName=%s;SSOAppPassword=%s;SSLServerCert=%s;Timeout=%d;User=%s;Password=%s;%s",
		s.Jira.BaseURL(), s.Crowd.SSOURL(), s.Jira.ACS(), s.AppName, s.AppPassword, s.CA, timeout, user, s.Password, more)
}

// posts counts the POST requests that a host, without port, has got for paths that
// begin with prefix.
func (s *site) posts(host, prefix string) int { return s.Net.Count(host, "POST", prefix) }

// outcome is what became of a command.
type outcome struct {
	Exit           int // -1: killed by a signal
	Stdout, Stderr string
	Peak           int64         // resident memory at its highest, bytes
	Processor      time.Duration // time that it took of the processors
}

// process is a command that runs.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	done           chan error
	stdout, stderr bytes.Buffer // valid after wait
}

// run runs the command with args to its end; see wait.
func (s *site) run(t *testing.T, args ...string) outcome {
	t.Helper()
	return s.start(t, nil, args...).wait(deadline)
}

// start starts the command with args under ulimit -v. env is added to an environment
// that has nothing but the places of its files.
func (s *site) start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return s.startLimited(t, "", env, args...)
}

// startLimited is start with a further limit: the arguments of another ulimit.
func (s *site) startLimited(t *testing.T, limit string, env []string, args ...string) *process {
	t.Helper()
	path, err := command()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, done: make(chan error, 1)}
	limits := "ulimit -v " + strconv.Itoa(addressSpace)
	if limit != "" {
		limits += " && ulimit " + limit
	}
	limited := append([]string{"-c", limits + ` && exec "$0" "$@"`, path}, args...)
	p.cmd = exec.Command("/bin/sh", limited...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Home, "XDG_CONFIG_HOME=" + s.Home,
		"SSOEXCHANGE_STATE_DIR=" + filepath.Join(s.Home, "state"), "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"}, env...)
	p.cmd.Dir = s.Home
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// signal sends a signal to the command.
func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the command to end. The test fails if it is still there after within,
// or ended by a crash.
func (p *process) wait(within time.Duration) outcome {
	p.t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	var err error
	select {
	case err = <-p.done:
	case <-timer.C:
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // the runtime says where it is
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
			_ = p.cmd.Process.Kill()
			<-p.done
		}
		p.t.Fatalf("still running after %v:\n%.6000s", within, p.stderr.String())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	out := outcome{Exit: p.cmd.ProcessState.ExitCode(), Stdout: p.stdout.String(), Stderr: p.stderr.String()}
	out.Processor = p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	if usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		out.Peak = usage.Maxrss << 10
	}
	if out.Peak > memory {
		p.t.Errorf("%d MiB in memory", out.Peak>>20)
	}
	for _, sign := range []string{"panic:", "fatal error:", "goroutine ", "out of memory", "runtime."} {
		if strings.Contains(out.Stderr, sign) {
			p.t.Fatalf("exit %d, crashed:\n%.6000s", out.Exit, out.Stderr)
		}
	}
	return out
}

// wants checks the exit code and that standard error has each of the texts.
func (o outcome) wants(t *testing.T, exit int, texts ...string) {
	t.Helper()
	if o.Exit != exit {
		t.Errorf("exit %d, want %d:\n%s", o.Exit, exit, o.Stderr)
	}
	for _, text := range texts {
		if !strings.Contains(o.Stderr, text) {
			t.Errorf("%q is not on standard error:\n%s", text, o.Stderr)
		}
	}
}
