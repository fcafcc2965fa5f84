//go:build linux

package harness

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	for _, test := range []struct {
		name   string
		checks []error
		want   string
		code   int
	}{
		{"nothing checked", nil, "0 passed, 0 failed\n", 1},
		{"all well", []error{nil, nil}, "ok   c\nok   c\n2 passed, 0 failed\n", 0},
		{"one failed", []error{nil, errors.New("a\n  b")}, "ok   c\nFAIL c: a b\n1 passed, 1 failed\n", 1},
	} {
		var out strings.Builder
		r := &Report{Out: &out}
		for _, err := range test.checks {
			r.Check("c", err)
		}
		if code := r.Close(); code != test.code || out.String() != test.want {
			t.Errorf("%s: code %d, %q", test.name, code, out.String())
		}
	}
}

func TestTakeOver(t *testing.T) {
	for _, test := range []struct {
		name, printed  string
		passed, failed int
		bad            bool
	}{
		{"all well", `{"check":"a"}` + "\n" + `{"check":"b","why":"no"}` + "\n" + `{"done":2}`, 1, 1, false},
		{"not through", `{"check":"a"}`, 1, 0, true},
		{"nothing", "", 0, 0, true},
		{"one is missing", `{"check":"a"}` + "\n" + `{"done":2}`, 1, 0, true},
		{"something else is printed", `{"check":"a"}` + "\nhello\n" + `{"done":1}`, 1, 0, true},
		{"a check without a name", `{"why":"no"}` + "\n" + `{"done":0}`, 0, 0, true},
	} {
		r := &Report{Out: new(strings.Builder)}
		err := takeOver(strings.NewReader(test.printed), r)
		if (err != nil) != test.bad || r.passed != test.passed || r.failed != test.failed {
			t.Errorf("%s: %d passed, %d failed, %v", test.name, r.passed, r.failed, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]string{
		"okta.localhost:8443": "127.0.0.1:8443", "localhost:80": "127.0.0.1:80", "127.0.0.1:1": "127.0.0.1:1", "[::1]:2": "[::1]:2", "localhost": "127.0.0.1:80",
		"example.com:443": "", "localhost.example.com:443": "", "notlocalhost:443": "", "192.0.2.1:443": "", "": "",
	} {
		if got, ok := Loopback(address); got != want || ok != (want != "") {
			t.Errorf("%q: %q", address, got)
		}
	}
}

// TestProxyRemembers asks a proxy for two machines that are not this one.
func TestProxyRemembers(t *testing.T) {
	p, err := NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	client := &http.Client{Transport: &http.Transport{
		Proxy:             http.ProxyURL(&url.URL{Scheme: "http", Host: p.Address()}),
		DisableKeepAlives: true,
	}}
	if err := p.Strangers(); err != nil {
		t.Error(err)
	}
	for _, address := range []string{"http://one.example/", "https://two.example/"} {
		if resp, err := client.Get(address); err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %d", address, resp.StatusCode)
			}
		}
	}
	if err := p.Strangers("one.example", "two.example"); err != nil {
		t.Error(err)
	}
	if err := p.Strangers("two.example"); err == nil || !strings.Contains(err.Error(), "one.example") {
		t.Errorf("only two is harmless: %v", err)
	}
}

// TestGroupEnds leaves a grandchild behind that wants to stay.
func TestGroupEnds(t *testing.T) {
	t.Parallel()
	t.Run("the environment of this process", func(t *testing.T) {
		testGroupEnds(t, func(*Group, *exec.Cmd) {})
	})
	t.Run("an environment of its own", func(t *testing.T) {
		testGroupEnds(t, func(g *Group, cmd *exec.Cmd) { cmd.Env = []string{"PATH=" + os.Getenv("PATH"), g.Mark()} })
	})
}

func testGroupEnds(t *testing.T, change func(*Group, *exec.Cmd)) {
	t.Parallel()
	g := NewGroup()
	cmd := g.Command(t.Context(), "/bin/sh", "-c", "sleep 60 & exit 0")
	change(g, cmd)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if len(g.alive()) != 1 {
		t.Fatalf("%d are left", len(g.alive()))
	}
	if g.End() == nil {
		t.Error("nobody had to be killed")
	}
	for end := time.Now().Add(5 * time.Second); len(g.alive()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it lives")
		}
	}
	if err := g.End(); err != nil {
		t.Error(err)
	}
}

func TestCommandEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := NewGroup().Command(ctx, "/bin/sh", "-c", "sleep 60; true").Run(); err == nil {
		t.Error("it ended well")
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("after %v", took)
	}
}

// TestLockFiles: whoever installs has the registry of their choice, and gets what is
// pinned by hash.
func TestLockFiles(t *testing.T) {
	files, err := filepath.Glob("../../interop/*/package-lock.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d lock files of judges, %v", len(files), err)
	}
	files = append(files, "../../bench/package-lock.json")
	resolved := regexp.MustCompile(`"resolved": "([^"]*)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range resolved.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(m[1], "https://registry.npmjs.org/") {
				t.Errorf("%s names %s", file, m[1])
			}
		}
		packages := strings.Count(string(text), `"node_modules/`)
		if hashes := strings.Count(string(text), `"integrity": "sha512-`); packages == 0 || hashes < packages {
			t.Errorf("%s: %d packages, %d hashes", file, packages, hashes)
		}
	}
}
