//go:build linux && !race

package attack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// However few files the process may open, whatever fails first: nothing is taken for a
// refusal, the identity is not stopped, and with enough of them all is well.
func TestTooFewDescriptors(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"File=%s", "Command=cat %s"} {
		name, _, _ := strings.Cut(source, "=")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, fixtures.WorldOptions{})
			file := filepath.Join(s.Home, "password")
			if err := os.WriteFile(file, []byte(s.Password+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			conn := strings.Replace(s.viaOkta("passwordonly@example.com", ""), "Password="+s.Password, "Password"+fmt.Sprintf(source, file), 1)
			for limit := 9; limit <= 20; limit++ { // with fewer the Go runtime does not start
				env := []string{fmt.Sprintf("SSOEXCHANGE_STATE_DIR=%s/state-%d", s.Home, limit)}
				out := s.startLimited(t, fmt.Sprint("-n ", limit), env, "refresh", "--once", "-c", conn).wait(deadline)
				if strings.Contains(out.Stderr, "stopped") || out.Exit == 3 {
					t.Errorf("with %d descriptors: exit %d: %s", limit, out.Exit, out.Stderr)
				}
				if out.Exit != 0 && !strings.Contains(out.Stderr, "too many") && !strings.Contains(out.Stderr, "could not be run") {
					t.Errorf("with %d descriptors the reason is not said: exit %d: %s", limit, out.Exit, out.Stderr)
				}
				s.start(t, env, "login", "-c", conn).wait(deadline).wants(t, 0)
				s.start(t, env, "refresh", "--once", "-c", conn).wait(deadline).wants(t, 0)
			}
		})
	}
}

// What a source may be while it fails, the identity waits, and
// goes on by itself when the source works again.
func TestFileThatFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, fixtures.WorldOptions{})
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(file string) error{
		"gone":  os.Remove,
		"empty": func(file string) error { return os.Truncate(file, 0) },
		"dangling": func(file string) error {
			return replaceBy(file, func() error { return os.Symlink(file+".gone", file) })
		},
		"endless":   func(file string) error { return replaceBy(file, func() error { return os.Symlink(file, file) }) },
		"no folder": func(file string) error { return os.Rename(filepath.Dir(file), filepath.Dir(file)+".moved") },
		"a folder is a file": func(file string) error {
			return replaceBy(filepath.Dir(file), func() error { return os.WriteFile(filepath.Dir(file), nil, 0o600) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			file := filepath.Join(folder, "password")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(s.Password+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := spoil(file); err != nil {
				t.Fatal(err)
			}
			env := []string{"SSOEXCHANGE_STATE_DIR=" + filepath.Join(dir, "state of "+name)}
			conn := strings.Replace(s.viaOkta("passwordonly@example.com", ""), "Password="+s.Password, "PasswordFile="+file, 1)
			before := s.posts("okta.localhost", "/api/v1/authn")
			out := s.start(t, env, "refresh", "--once", "-c", conn).wait(deadline)
			if out.Exit != 2 || strings.Contains(out.Stderr, "stopped") {
				t.Errorf("exit %d: %s", out.Exit, out.Stderr)
			}
			if n := s.posts("okta.localhost", "/api/v1/authn"); n != before {
				t.Errorf("%d passwords were posted", n-before)
			}
			_ = os.RemoveAll(folder)
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(s.Password+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.start(t, env, "cookies", "-c", conn).wait(deadline).wants(t, 0)
		})
	}
}

// replaceBy removes a file or folder, and has something else made in its place.
func replaceBy(path string, with func() error) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return with()
}
