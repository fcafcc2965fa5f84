//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// measureArg makes this program measure one command instead of running the bench.
const measureArg = "measure-one-command"

// measureLimit is for one run, which takes seconds.
const measureLimit = 2 * time.Minute

// cost is what one run of a command took, its children's share included.
type cost struct {
	Wall   time.Duration // from its start to its end
	CPU    time.Duration // user and system
	Memory memory        // at its peaks; zero: not looked at
	Code   int           // exit code
	Output string        // standard output
	Talk   string        // the end of standard error
}

// memory is what processes hold together, in kB.
type memory struct {
	Resident int // what each of them maps, added up: what ps and top show
	Shared   int // the same, each page divided among those who map it (PSS)
	Private  int // anonymous pages, which are nobody else's and of no file
}

func (m memory) max(n memory) memory {
	return memory{max(m.Resident, n.Resident), max(m.Shared, n.Shared), max(m.Private, n.Private)}
}

// request is what the measuring process is told, as JSON on standard input.
type request struct {
	Args   []string
	Env    []string
	Dir    string
	Memory bool // watch the memory, which costs time
}

// measure runs a command in a process of its own that adopts whatever the command
// leaves behind, so that the accounts of the kernel are complete: a browser is a dozen
// processes, few of which are waited for by the one that was started.
func measure(ctx context.Context, r request) (cost, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	in, err := json.Marshal(r)
	if err != nil {
		return cost{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, measureLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, measureArg)
	cmd.Stdin = strings.NewReader(string(in))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var c cost
	if ctx.Err() != nil {
		return c, fmt.Errorf("%s: %w", r.Args[0], context.Cause(ctx))
	}
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	if err == nil && c.Code != 0 {
		err = fmt.Errorf("%s: exit code %d: %s", r.Args[0], c.Code, c.Talk)
	}
	return c, err
}

// measureOne is the measuring process.
func measureOne() error {
	runtime.LockOSThread() // the command shall end with this process, which Linux takes to mean this thread
	var r request
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	out, err := os.CreateTemp("", "bench-out-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	talk, err := os.CreateTemp("", "bench-talk-")
	if err != nil {
		return err
	}
	defer os.Remove(talk.Name())
	path, err := exec.LookPath(r.Args[0])
	if err != nil {
		return err
	}

	var c cost
	began := time.Now()
	pid, err := syscall.ForkExec(path, r.Args, &syscall.ProcAttr{
		Dir: r.Dir, Env: r.Env, Files: []uintptr{devNull(), out.Fd(), talk.Fd()},
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return err
	}
	stop, watched := make(chan struct{}), make(chan struct{})
	if r.Memory {
		go func() { defer close(watched); c.Memory = watchMemory(stop) }()
	} else {
		close(watched)
	}
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		got, err := syscall.Wait4(-1, &status, 0, &usage)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			break // ECHILD: all have ended
		}
		c.CPU += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		if got == pid {
			c.Wall, c.Code = time.Since(began), status.ExitStatus()
			killOrphans() // what has not ended with it never will
		}
	}
	close(stop)
	<-watched
	c.Output = contents(out, 64<<10)
	c.Talk = contents(talk, 600)
	return json.NewEncoder(os.Stdout).Encode(c)
}

func devNull() uintptr {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return 0
	}
	return f.Fd()
}

func contents(f *os.File, limit int64) string {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	b, _ := io.ReadAll(io.LimitReader(f, limit)) // a part is as good: it is for people
	return string(b)
}

// killOrphans ends the processes that the command has left behind.
func killOrphans() {
	for _, pid := range descendants() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone
	}
}

// watchMemory returns the highest sums over all descendants of this process.
func watchMemory(stop <-chan struct{}) (peak memory) {
	for {
		var now memory
		for _, pid := range descendants() {
			m := rollup(pid)
			now = memory{now.Resident + m.Resident, now.Shared + m.Shared, now.Private + m.Private}
		}
		peak = peak.max(now)
		select {
		case <-stop:
			return peak
		case <-time.After(time.Millisecond):
		}
	}
}

// rollup reads the memory of one process.
func rollup(pid int) (m memory) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
	if err != nil {
		return m // it has ended
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, _ := strconv.Atoi(fields[1])
		switch fields[0] {
		case "Rss:":
			m.Resident = n
		case "Pss:":
			m.Shared = n
		case "Pss_Anon:":
			m.Private = n
		}
	}
	return m
}

// descendants lists the processes below this one.
func descendants() []int {
	var out []int
	todo := []int{os.Getpid()}
	for len(todo) > 0 {
		pid := todo[0]
		todo = todo[1:]
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, file := range files {
			text, _ := os.ReadFile(file) // empty once it has ended
			for _, word := range strings.Fields(string(text)) {
				if child, err := strconv.Atoi(word); err == nil {
					out, todo = append(out, child), append(todo, child)
				}
			}
		}
	}
	return out
}
