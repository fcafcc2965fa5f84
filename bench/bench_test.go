//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPlaces: every part of the report has its place in the page, so that a run of
// twelve minutes does not end in an error.
func TestPlaces(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range placeholder.FindAllSubmatch(page, -1) {
		if len(block[0]) == len(block[1])+len(block[3]) {
			t.Errorf("nothing was measured for %q", block[2])
		}
	}
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	parts := document{}
	for _, name := range []string{"machine", "sign-in times", "sign-in costs", "targets", "start", "hot"} {
		parts[name] = "figures of " + name + "\n"
	}
	if err := parts.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range parts {
		if strings.Count(string(got), text) != 1 {
			t.Errorf("%q is not in the page once", text)
		}
	}
	if err := (document{"nothing of the kind": ""}).write(path); err == nil {
		t.Error("a part without a place was lost")
	}
}

// TestMeasureOne holds the accounts against a command of known cost: a shell whose
// child, which nobody waits for, works and holds memory.
func TestMeasureOne(t *testing.T) {
	c, err := measure(t.Context(), request{
		Args: []string{"sh", "-c", `sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done >&2; sleep 60' & sleep 1; echo out`},
		Env:  os.Environ(), Memory: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Output != "out\n" || c.Code != 0 {
		t.Errorf("output %q, code %d", c.Output, c.Code)
	}
	if c.Wall < time.Second || c.Wall > 30*time.Second {
		t.Errorf("%v: the child's sleep counts, or the command's own does not", c.Wall)
	}
	if c.CPU < 20*time.Millisecond {
		t.Errorf("%v of processor: the child's work is missing", c.CPU)
	}
	if m := c.Memory; m.Private <= 0 || m.Private > m.Shared || m.Shared < 100 || m.Shared > m.Resident {
		t.Errorf("memory in kB: %+v", m)
	}
	if _, err := measure(t.Context(), request{Args: []string{"sh", "-c", "echo why >&2; exit 3"}, Env: os.Environ()}); err == nil || !strings.Contains(err.Error(), "code 3: why") {
		t.Errorf("a failure: %v", err)
	}
}

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == measureArg {
		exit(measureOne())
	}
	os.Exit(m.Run())
}

func TestFloor(t *testing.T) {
	for _, s := range scenarios() {
		if s.Requests < 1 || s.Handshakes < 1 || s.connection == nil || s.kind == "" || s.org == nil || s.link == nil {
			t.Errorf("%s is not complete", s.Name)
		}
	}
	if got := (scenario{Requests: 3, Handshakes: 1}).floor(50 * time.Millisecond); got != 200*time.Millisecond {
		t.Errorf("floor %v", got)
	}
}
