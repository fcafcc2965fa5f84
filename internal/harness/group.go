//go:build linux

package harness

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// groupVariable has not the prefix of the product's own: it refuses those that it
	// does not know.
	groupVariable = "INTEROP_JUDGE"
	groupTimeout  = 3 * time.Second // for what was told to end

	// exitTimeout is for what takes a program a moment.
	exitTimeout = 10 * time.Second
)

// Group is everything that was started for one run. A variable in the environment
// marks its processes, those of their children included.
type Group struct{ mark string }

// NewGroup returns an empty group.
func NewGroup() *Group { return &Group{mark: groupVariable + "=" + rand.Text()} }

// Mark returns the variable, for a command whose environment is not that of this
// process.
func (g *Group) Mark() string { return g.mark }

// Command is [exec.CommandContext] with a process group of its own, which an
// interrupt at the keyboard does not reach: when ctx is done it is asked to end, and
// after five seconds made to. Should this program be killed, so is the command.
func (g *Group) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), g.mark)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// End waits a moment for the group's processes to end, kills those that do not, and
// names the first of them.
func (g *Group) End() error {
	for end := time.Now().Add(groupTimeout); len(g.alive()) > 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	left := g.alive()
	for _, pid := range left {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	if len(left) > 0 {
		return fmt.Errorf("%d processes had to be killed, the first was %d", len(left), left[0])
	}
	return nil
}

// alive lists the processes with the mark.
func (g *Group) alive() []int {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil
	}
	var out []int
	for _, file := range files {
		environ, err := os.ReadFile(file) // empty once the process has ended
		if err != nil || !bytes.Contains(environ, []byte(g.mark)) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(file, "/")[2]); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// Wait polls what another process does, which nothing tells of, for ten seconds at most.
// The error begins with what.
func Wait(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, exitTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		}
	}
	return nil
}
