//go:build linux && !race

package attack_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// profiles writes a configuration file with twelve Jiras behind one account. password is
// the property that says what the password is, as YAML.
func (s *site) profiles(t *testing.T, password string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("profiles:\n")
	for i := range 12 {
		host := fmt.Sprintf("jira%d.localhost", i)
		s.Net.Handle(host+":"+s.Port, s.Jira)
		base := strings.Replace(s.Jira.BaseURL(), "jira.localhost", host, 1)
		acs := strings.Replace(s.Jira.ACS(), "jira.localhost", host, 1)
		user := []string{"passwordonly@example.com", "PasswordOnly@example.com", "passwordonly"}[i%3]
		const profile = "  j%d:\n    AuthScheme: Okta\n    URL: %s\n    SSOLoginURL: %s\n    SSOExchangeURL: %s\n" +
			"    SSLServerCert: %s\n    Timeout: \"%d\"\n    User: %s\n    %s\n"
		fmt.Fprintf(&b, profile,
			i, base, s.Okta.AppLink(), acs, s.CA, timeout, user, password)
	}
	dir := filepath.Join(s.Home, "ssoexchange")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sharedStores says by which environment several processes share what they know.
func sharedStores(t *testing.T) map[string][]string {
	t.Helper()
	stores := map[string][]string{"directory": nil}
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Log("no redis-server on the PATH")
		return stores
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	ln.Close()
	server := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for range 100 { // until it listens
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	stores["Redis"] = []string{"SSOEXCHANGE_STORE=redis://" + addr,
		"SSOEXCHANGE_STATE_KEY=" + strings.Repeat("A", 43) + "="}
	return stores
}

// Two processes with a dozen Jiras each, all at once: the changed password of their one
// account is posted once.
func TestTwoProcessesOneAccount(t *testing.T) {
	t.Parallel()
	for name, env := range sharedStores(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, fixtures.WorldOptions{})
			s.Okta.SetPassword("passwordonly@example.com", "another one")
			s.profiles(t, "PasswordCommand: echo "+s.Password)
			first, second := s.start(t, env, "refresh", "--once"), s.start(t, env, "refresh", "--once")
			for _, p := range []*process{first, second} {
				if out := p.wait(deadline); out.Exit == 0 {
					t.Errorf("exit %d: %s", out.Exit, out.Stderr)
				}
			}
			if n := s.posts("okta.localhost", "/api/v1/authn"); n != 1 {
				t.Errorf("the password was posted %d times", n)
			}
		})
	}
}

// Processes that are killed while the password is out: what nobody knows the fate of
// counts for the account, in whatever process.
func TestKilledWithAccountLease(t *testing.T) {
	t.Parallel()
	for name, env := range sharedStores(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, fixtures.WorldOptions{})
			s.Okta.SetPassword("passwordonly@example.com", "another one")
			s.profiles(t, "PasswordCommand: echo "+s.Password)
			var out atomic.Int32
			sent := make(chan bool, 100)
			s.Net.Intercept(func(_ string, r *http.Request) http.Handler {
				if r.Method != http.MethodPost || r.URL.Path != "/api/v1/authn" {
					return nil
				}
				return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					out.Add(1)
					sent <- true
					<-r.Context().Done()
				})
			})
			for range 3 {
				processes := []*process{s.start(t, env, "refresh"), s.start(t, env, "refresh")}
				select {
				case <-sent:
				case <-time.After(2 * time.Second): // it is kept back
				}
				for _, p := range processes {
					p.signal(syscall.SIGKILL)
					<-p.done
				}
			}
			// In Redis the lease of who was killed lasts for a while.
			if n := out.Load(); n == 0 || n > 2 {
				t.Errorf("the password was posted %d times, want at most 2: then it is kept back", n)
			}
		})
	}
}
