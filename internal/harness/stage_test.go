//go:build linux

package harness

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestStageIsCleared: whatever becomes of a run, nothing of its stage is left.
func TestStageIsCleared(t *testing.T) {
	t.Parallel()
	broken := errors.New("it broke")
	for _, test := range []struct {
		name string
		ends error
		left bool // a process that wants to stay
		want string
	}{
		{"all well", nil, false, ""},
		{"a run that failed", broken, false, "it broke"},
		{"a process is left", nil, true, "1 processes had to be killed"},
		{"both", broken, true, "it broke\n1 processes had to be killed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s *Processes
			plan := Plan{Name: "test", Files: fstest.MapFS{"part.txt": {Data: []byte("text")}}}
			err := plan.play(t.Context(), &Report{Out: new(strings.Builder)}, func(ctx context.Context, stage *Processes) error {
				s = stage
				if text, err := os.ReadFile(filepath.Join(s.Dir, "part.txt")); err != nil || string(text) != "text" {
					t.Errorf("the file is %q, %v", text, err)
				}
				if test.left {
					if err := s.Group.Command(ctx, "/bin/sh", "-c", "sleep 60 & exit 0").Run(); err != nil {
						t.Error(err)
					}
				}
				return test.ends
			})
			if got := ""; err != nil {
				if got = err.Error(); test.want == "" || !strings.HasPrefix(got, test.want) {
					t.Errorf("it ended with %q", got)
				}
			} else if test.want != "" {
				t.Error("it ended well")
			}
			if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the directory is left: %v", err)
			}
			if resp, err := http.Get("http://" + s.Proxy.Address()); err == nil {
				resp.Body.Close()
				t.Error("the proxy is left")
			}
			for end := time.Now().Add(5 * time.Second); len(s.Group.alive()) > 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the process lives")
				}
			}
		})
	}
}

// TestNoStageWithoutWhatItNeeds: on a system that is not to be changed, or is no Debian.
func TestNoStageWithoutWhatItNeeds(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, plan := range []Plan{
		{Name: "test", Needs: []Needs{{File: "nosuchprogram", Package: "its-package"}}},
		{Name: "test", Files: fstest.MapFS{"package.json": {Data: []byte("{}")}}},
	} {
		err := plan.play(t.Context(), &Report{Out: new(strings.Builder)}, func(context.Context, *Processes) error {
			t.Error("it was run")
			return nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), "not installed: ") {
			t.Errorf("it ended with %v", err)
		}
	}
}

func TestStageUsers(t *testing.T) {
	p, err := NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s := &Processes{Dir: t.TempDir(), Group: NewGroup(), Proxy: p, Binary: "/nonexistent"}
	ana, err := s.User("ana", "A=1")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(s.Dir, "ana")); err != nil || ana.Home != filepath.Join(s.Dir, "ana") || info.Mode().Perm() != 0o700 {
		t.Errorf("the home is %s: %v, %v", ana.Home, info, err)
	}
	if _, err := s.User("ana"); err == nil {
		t.Error("there are two of that name")
	}
	one, two := ana.With("B=1"), ana.With("B=2")
	for cli, want := range map[*CLI]string{&ana: "A=1", &one: "B=1", &two: "B=2"} {
		if env := cli.Environ(); env[len(env)-1] != want || !slices.Contains(env, "A=1") || !slices.Contains(env, "https_proxy=http://"+p.Address()) {
			t.Errorf("the environment is %q", env)
		}
	}
}

// TestRefused has shell scripts fail in ways that are no refusal.
func TestRefused(t *testing.T) {
	c, err := NewEnv(t.TempDir(), fixtures.WorldOptions{JiraContext: "/jira"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, test := range []struct{ script, want string }{
		{"echo 'no such word; hint: look' >&2; exit 2", ""},
		{"echo 'no such word; hint: look' >&2; exit 3", "exit code 3, not 2"},
		{"echo 'no such word' >&2; exit 2", "there is no hint"},
		{"echo 'hint: look' >&2; exit 2", `it does not say "word"`},
		{"echo 'no such word; hint: " + c.Password + "' >&2; exit 2", "a secret of"},
		{"echo 'no such word; hint: one-of-its-own' >&2; exit 2", "a secret of"},
	} {
		err := c.Refused(t.Context(), shell(t, test.script), Refusal{Code: 2, Within: time.Minute, Words: []string{"word"}, Secrets: []string{"one-of-its-own"}}, "")
		if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v", test.script, err)
		}
	}
	if err := c.Refused(t.Context(), shell(t, "echo 'hint: a word' >&2; exit 2"), Refusal{Code: 2}, ""); err == nil {
		t.Error("it came in no time")
	}
	if _, err := c.Cookies(t.Context(), shell(t, "echo JSESSIONID=1"), "", 0); err != nil {
		t.Error(err)
	}
	if _, err := c.Cookies(t.Context(), shell(t, "echo JSESSIONID=1"), "", 1); err == nil {
		t.Error("no password was sent, and one was wanted")
	}
	if _, err := c.Cookies(t.Context(), shell(t, "echo other=1"), "", 0); err == nil {
		t.Error("there was no session")
	}
}
