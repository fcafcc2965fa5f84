package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// throwaway is a scheme as somebody would add it: its file, and its row.
const throwaway = `package sso

import (
	"context"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
)

var headerScheme = &scheme{
	Scheme: config.Scheme{Name: "Header", Uses: []string{"APIToken"}, Required: []string{"URL"}, Secrets: []string{"APIToken"}},
	open: func(c *Client, d providerDeps) (credential.Source, error) {
		secret := d.password("APIToken", config.Origin(c.cfg.URL), c.cfg.APIToken)
		return credential.Static(func(ctx context.Context) (credential.Credential, error) {
			s, err := secret(ctx)
			return credential.Header{Name: "Authorization", Value: "Bearer " + s}, err
		}), nil
	}}

func init() { schemes = append(schemes, headerScheme) }
`

// buildWithScheme builds the command with that file among those of package sso.
func buildWithScheme(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file, overlay, binary := filepath.Join(dir, "scheme.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "ssoexchange")
	sso, err := filepath.Abs("../../sso/scheme_throwaway.go")
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {sso: file}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{file: []byte(throwaway), overlay: replace} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// go run keeps what it has linked, and go build does not.
	if out, err := exec.Command("go", "run", "-exec", "cp", "-overlay", overlay, ".", binary).CombinedOutput(); err != nil {
		t.Fatalf("go run: %v: %s", err, out)
	}
	return binary
}

// TestThrowawayScheme: a scheme that is one file and one row works in every command, without
// another line. It is the proof that nothing else knows which schemes there are.
func TestThrowawayScheme(t *testing.T) {
	t.Parallel()
	if testscale.Race {
		t.Skip("the command is another process")
	}
	binary := buildWithScheme(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := fixtures.NewWorld(fixtures.WorldOptions{OktaHost: "okta.localhost:" + port, CrowdHost: "crowd.localhost:" + port, JiraHost: "jira.localhost:" + port})
	server := w.Net.Serve(ln)
	t.Cleanup(func() {
		server.Close()
		w.Net.Close()
	})
	home := t.TempDir()
	ca, err := w.Net.CAFile(home)
	if err != nil {
		t.Fatal(err)
	}
	token := w.Jira.AddToken(w.User)
	env := append(cleanEnviron(), "HOME="+home, "XDG_STATE_HOME="+home, "XDG_CONFIG_HOME="+home, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent",
		"SSOEXCHANGE_CONNECTION=AuthScheme=Header;URL="+w.Jira.BaseURL()+";SSLServerCert="+ca+";APIToken="+token)
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Env = env
		return cmd
	}
	for _, tt := range []struct {
		args string
		exit int
		want string // in the output
	}{
		{"login", 0, "signed in at " + w.Jira.BaseURL()},
		{"api /rest/api/2/myself", 0, `"name":"` + w.User + `"`},
		{"header", 0, "Authorization: Bearer " + token},
		{`exec -- sh -c cat<"$SSOEXCHANGE_HEADER_FILE"`, 0, "Authorization: Bearer " + token},
		{"cookies", 2, "AuthScheme=Header has no cookies"},
		{"status", 0, "live: signed in as " + w.User},
		{"refresh --once", 0, ""},
		{"doctor", 0, "Jira"},
		{"properties", 0, "APIToken"},
		{"api /rest/api/2/myself --set AuthScheme=Headr", 2, "did you mean Header?"},
		{"logout", 0, ""},
	} {
		args := strings.Fields(tt.args)
		if strings.HasPrefix(tt.args, "exec") {
			args = []string{"exec", "--", "sh", "-c", `cat "$SSOEXCHANGE_HEADER_FILE"`}
		}
		cmd := command(args...)
		out, err := cmd.CombinedOutput()
		if exit := cmd.ProcessState.ExitCode(); exit != tt.exit || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: exit %d, %v, want %d with %q:\n%s", tt.args, exit, err, tt.exit, tt.want, out)
		}
	}
	proxyToken := filepath.Join(home, "proxy-token")
	if err := os.WriteFile(proxyToken, []byte("a-token-of-the-proxy-itself\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	throughProxy(t, command("proxy", "--listen", "127.0.0.1:0", "--token-file", proxyToken), w.User)
	for _, r := range w.Net.Requests() {
		if r.Header.Get("Cookie") != "" || !strings.HasPrefix(r.Host, "jira.") {
			t.Errorf("%s %s%s with cookies %q", r.Method, r.Host, r.Path, r.Header.Get("Cookie"))
		}
	}
}

// throughProxy makes one request by a running proxy.
func throughProxy(t *testing.T, cmd *exec.Cmd, user string) {
	t.Helper()
	var out bytes.Buffer
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	}()
	line := make([]byte, 256)
	n, err := pipe.Read(line)
	if err != nil {
		t.Fatalf("the proxy says nothing: %v: %s", err, &out)
	}
	address := strings.TrimSpace(string(line[:n]))
	client := &http.Client{Timeout: 10 * time.Second}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/rest/api/2/myself", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer a-token-of-the-proxy-itself")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var who struct{ Name string }
	if err := json.NewDecoder(resp.Body).Decode(&who); err != nil || who.Name != user {
		t.Errorf("by the proxy: %s: %q, %v", resp.Status, who.Name, err)
	}
}

// cleanEnviron is the environment without what the command reads.
func cleanEnviron() (env []string) {
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SSOEXCHANGE_") && !strings.HasPrefix(strings.ToUpper(entry), "HTTPS_PROXY") {
			env = append(env, entry)
		}
	}
	return env
}
