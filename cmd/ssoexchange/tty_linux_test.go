package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// Whoever runs the tests may ignore hang-ups, as nohup does, and the command would inherit
// that. A signal that is caught here has its default action in what is started.
func init() { signal.Notify(make(chan os.Signal, 1), unix.SIGHUP) }

// pty is a pseudo-terminal and what was written to it.
type pty struct {
	t      *testing.T
	master *os.File
	slave  *os.File

	mu  sync.Mutex
	out bytes.Buffer
}

func newPTY(t *testing.T, columns int) *pty {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	master := os.NewFile(uintptr(fd), "ptmx") // not blocking, so that Close ends a Read
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &pty{t: t, master: master, slave: slave}
	p.resize(columns)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			p.mu.Lock()
			p.out.Write(buf[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { slave.Close(); master.Close() })
	return p
}

func (p *pty) resize(columns int) {
	if err := unix.IoctlSetWinsize(int(p.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pty) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// await waits until the terminal shows want n times.
func (p *pty) await(want string, n int) {
	p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); strings.Count(p.text(), want) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%q does not show %d times: %q", want, n, p.text())
		}
	}
}

func (p *pty) write(s string) {
	if _, err := p.master.WriteString(s); err != nil {
		p.t.Fatal(err)
	}
}

// ttyWorld is the simulated servers on loopback, and a directory in which commands
// run at a terminal of their own.
type ttyWorld struct {
	*fixtures.World
	t   *testing.T
	dir string
	env []string
}

func newTTYWorld(t *testing.T) *ttyWorld {
	t.Helper()
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := fixtures.NewWorld(fixtures.WorldOptions{OktaHost: "okta.localhost:" + port, CrowdHost: "crowd.localhost:" + port, JiraHost: "jira.localhost:" + port})
	server := w.Net.Serve(ln)
	dir := t.TempDir()
	t.Cleanup(func() { server.Close(); w.Net.Close() })
	ca, err := w.Net.CAFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	connection := fmt.Sprintf("AuthScheme=Okta;URL=%s;SSOLoginURL=%s;SSOExchangeURL=%s;SSLServerCert=%s;", w.Jira.BaseURL(), w.Okta.AppLink(), w.Jira.ACS(), ca)
	profiles := fmt.Sprintf(`profiles:
  base:
    AuthScheme: Okta
    URL: %s
    SSOLoginURL: %s
    SSOExchangeURL: %s
    SSLServerCert: %s
    PasswordFile: %s/password
  sms: {extends: base, User: sms@example.com, MFAType: SMS}
  totp: {extends: base, User: totp@example.com, MFAType: OktaVerifyTOTP}
  question: {extends: base, User: question@example.com, MFAType: Question}
  push: {extends: base, User: push@example.com, MFAType: OktaVerify}
  bare: {extends: base, User: passwordonly@example.com, PasswordFile: ""}
`, w.Jira.BaseURL(), w.Okta.AppLink(), w.Jira.ACS(), ca, dir)
	for name, text := range map[string]string{"password": w.Password, "config.yaml": profiles} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var env []string
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); name != "CI" && !strings.HasPrefix(name, "SSOEXCHANGE_") {
			env = append(env, e)
		}
	}
	return &ttyWorld{World: w, t: t, dir: dir, env: append(env, "HOME="+dir, "XDG_CONFIG_HOME="+dir, "SSOEXCHANGE_STATE_DIR="+dir+"/state", "SSOEXCHANGE_CONFIG="+dir+"/config.yaml",
		"OKTA="+connection, "PS1=$ ", "HISTFILE=", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")}
}

// start runs a command as the leader of a session that p is the terminal of.
func (w *ttyWorld) start(p *pty, name string, args ...string) *exec.Cmd {
	w.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.slave, p.slave, p.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// wait returns the exit status, or fails the test if the command does not end.
func (w *ttyWorld) wait(p *pty, cmd *exec.Cmd) int {
	w.t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			w.t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode()
	case <-time.After(30 * time.Second):
		cmd.Process.Kill()
		w.t.Fatalf("does not end; the terminal: %q", p.text())
	}
	return -1
}

func (w *ttyWorld) file(name string) string {
	data, _ := os.ReadFile(filepath.Join(w.dir, name))
	return string(data)
}

// sent counts the passwords, messages and cancels that the servers got.
func (w *ttyWorld) sent() (passwords, messages, cancels int) {
	for _, r := range w.Net.Requests() {
		if bytes.Contains(r.Body, []byte(w.Password)) {
			passwords++
		}
		if strings.HasSuffix(r.Path, "/cancel") {
			cancels++
		}
	}
	return passwords, len(w.Okta.Phone("sms@example.com").Messages()), cancels
}

func (w *ttyWorld) wantSent(passwords, messages, cancels int) {
	w.t.Helper()
	if p, m, c := w.sent(); p != passwords || m != messages || c != cancels {
		w.t.Errorf("%d passwords, %d messages, %d cancels; want %d, %d, %d", p, m, c, passwords, messages, cancels)
	}
}

// finish signs in with the code that was sent before, in the foreground.
func (w *ttyWorld) finish(profile string) {
	w.t.Helper()
	p := newPTY(w.t, 80)
	cmd := w.start(p, "ssoexchange", "login", "-p", profile)
	code := ""
	switch profile {
	case "sms":
		p.await("code from SMS", 1)
		code = w.Okta.Phone("sms@example.com").LastCode()
	case "totp":
		p.await("code of", 1)
		code = w.Okta.Code("totp@example.com", fixtures.FactorTOTP)
	case "question":
		p.await("?", 1)
		code = w.Okta.Code("question@example.com", fixtures.FactorQuestion)
	}
	p.write(code + "\n")
	if status := w.wait(p, cmd); status != 0 {
		w.t.Errorf("with the code: exit %d: %s", status, p.text())
	}
	if strings.Contains(p.text(), code) {
		w.t.Error("the code shows on the terminal")
	}
}

// TestBackgroundOfATerminal: a process that may not read from its terminal is neither
// stopped for ever nor ended by an error that nobody understands. Nobody can be asked;
// what was begun is finished in the foreground.
func TestBackgroundOfATerminal(t *testing.T) {
	for _, tt := range []struct{ name, shell, flags, script string }{
		{"job", "sh", "-c", `set -m; ssoexchange cookies -p sms >out 2>err & wait $!; echo $? >status`},
		{"orphaned job", "sh", "-c", `set -m; (ssoexchange cookies -p sms >out 2>err; echo $? >status) & while [ ! -s status ]; do sleep 0.05; done`},
		{"job whose parent is gone", "sh", "-c", `set -m; sh -c '(sleep 0.1; ssoexchange cookies -p sms >out 2>err; echo $? >status) &' & while [ ! -s status ]; do sleep 0.05; done`},
		{"job with input from a pipe", "sh", "-c", `set -m; (true | ssoexchange cookies -p sms >out 2>err; echo $? >status) & wait $!`},
		{"login", "sh", "-c", `set -m; ssoexchange login -p sms >out 2>err & wait $!; echo $? >status`},
		{"process substitution at a prompt", "bash", "--norc -ic", `cat <(ssoexchange cookies -p sms --format netscape 2>err; echo $? >status) >out; while [ ! -s status ]; do sleep 0.05; done`},
		{"command substitution of a job", "bash", "--norc -ic", `(x=$(ssoexchange cookies -p sms 2>err); echo $? >status) & wait; :`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := exec.LookPath(tt.shell); err != nil {
				t.Skip(err)
			}
			w := newTTYWorld(t)
			p := newPTY(t, 80)
			w.wait(p, w.start(p, tt.shell, append(strings.Fields(tt.flags), tt.script)...))
			said := w.file("err")
			if got := strings.TrimSpace(w.file("status")); got != "4" {
				t.Errorf("exit %s, want 4: %s%s", got, said, p.text())
			}
			if !strings.Contains(said, "sign in first with: ssoexchange login -p sms.") || strings.Contains(said, "internal") {
				t.Errorf("said %s", said)
			}
			w.wantSent(1, 1, 0)
			w.finish("sms")
			w.wantSent(1, 1, 0)
		})
	}
}

// A password that nobody can type is no mistake in the configuration.
func TestPasswordFromTheBackground(t *testing.T) {
	w := newTTYWorld(t)
	p := newPTY(t, 80)
	w.wait(p, w.start(p, "sh", "-c", `set -m; ssoexchange cookies -p bare --json >out 2>err & wait $!; echo $? >status`))
	if got := strings.TrimSpace(w.file("status")); got != "4" {
		t.Errorf("exit %s, want 4", got)
	}
	if said := w.file("err"); !strings.Contains(said, `"code":"passcode_needed"`) || !strings.Contains(said, `sign in first with: ssoexchange login -p bare"`) {
		t.Errorf("said %s", said)
	}
	w.wantSent(0, 0, 0)
}

// Where the terminal can be read, the same example asks: a script has no job control.
func TestProcessSubstitutionInAScript(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	w := newTTYWorld(t)
	p := newPTY(t, 80)
	cmd := w.start(p, "bash", "-c", `cat <(ssoexchange cookies -p sms --format netscape) >out`)
	p.await("code from SMS", 1)
	p.write(w.Okta.Phone("sms@example.com").LastCode() + "\n")
	if status := w.wait(p, cmd); status != 0 || !strings.Contains(w.file("out"), "JSESSIONID") {
		t.Errorf("exit %d: %s", status, p.text())
	}
}

// TestPromptEnds: however the wait at a prompt ends, the open sign-in goes on with its
// code. Nothing is cancelled, and the password and the message are not sent again.
func TestPromptEnds(t *testing.T) {
	for _, profile := range []string{"sms", "totp", "question"} {
		for _, tt := range []struct {
			name   string
			end    func(p *pty, cmd *exec.Cmd)
			status int
		}{
			{"Ctrl-C", func(p *pty, _ *exec.Cmd) { p.write("\x03") }, 130},
			{"SIGTERM", func(_ *pty, cmd *exec.Cmd) { cmd.Process.Signal(syscall.SIGTERM) }, 130},
			{"Ctrl-D", func(p *pty, _ *exec.Cmd) { p.write("\x04") }, 4},
			{"an empty line", func(p *pty, _ *exec.Cmd) { p.write("\n") }, 4},
			{"SIGHUP", func(_ *pty, cmd *exec.Cmd) { cmd.Process.Signal(syscall.SIGHUP) }, 4},
		} {
			t.Run(profile+", "+tt.name, func(t *testing.T) {
				w := newTTYWorld(t)
				p := newPTY(t, 80)
				cmd := w.start(p, "ssoexchange", "cookies", "-p", profile)
				prompt := map[string]string{"sms": "code from SMS", "totp": "code of", "question": "?"}[profile]
				p.await(prompt, 1)
				tt.end(p, cmd)
				if status := w.wait(p, cmd); status != tt.status {
					t.Errorf("exit %d, want %d", status, tt.status)
				}
				p.await("SSOEXCHANGE_MFAPASSCODE=CODE ssoexchange login -p "+profile, 1)
				passwords, messages, _ := w.sent()
				w.wantSent(passwords, messages, 0)
				w.finish(profile)
				w.wantSent(passwords, messages, 0)
			})
		}
	}
}

// The terminal goes away while the code is asked for, as an SSH connection does.
func TestPromptLosesItsTerminal(t *testing.T) {
	w := newTTYWorld(t)
	p := newPTY(t, 80)
	cmd := w.start(p, "sh", "-c", `trap '' HUP; ssoexchange cookies -p sms >out 2>err; echo $? >status`)
	p.await("code from SMS", 1)
	p.slave.Close()
	p.master.Close()
	w.wait(p, cmd)
	if got := strings.TrimSpace(w.file("status")); got != "4" {
		t.Errorf("exit %q: %s", got, w.file("err"))
	}
	w.wantSent(1, 1, 0)
	w.finish("sms")
	w.wantSent(1, 1, 0)
}

// A process that was stopped at the prompt asks again when it goes on, and does not
// show the code though the shell has switched the echo on.
func TestPromptIsSuspended(t *testing.T) {
	w := newTTYWorld(t)
	p := newPTY(t, 80)
	cmd := w.start(p, "ssoexchange", "cookies", "-p", "sms")
	p.await("code from SMS", 1)
	state, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	state.Lflag |= unix.ECHO
	if err := unix.IoctlSetTermios(int(p.slave.Fd()), unix.TCSETS, state); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGCONT)
	p.await("code from SMS", 2)
	code := w.Okta.Phone("sms@example.com").LastCode()
	p.write(code + "\n")
	if status := w.wait(p, cmd); status != 0 || strings.Contains(p.text(), code) {
		t.Errorf("exit %d, or the code shows: %s", status, p.text())
	}
}

// A code that is typed shows as dots, one for each character, and can be corrected.
func TestCodeShowsDots(t *testing.T) {
	w := newTTYWorld(t)
	w.env = append(w.env, "LC_ALL=C.UTF-8")
	p := newPTY(t, 80)
	cmd := w.start(p, "ssoexchange", "cookies", "-p", "sms")
	p.await("code from SMS", 1)
	code := w.Okta.Phone("sms@example.com").LastCode()
	p.write("99\x15" + code[:3])
	p.await("•••", 1)
	p.write("9\x7f" + code[3:] + "\n")
	if status := w.wait(p, cmd); status != 0 || strings.Contains(p.text(), code) {
		t.Errorf("exit %d, or the code shows: %s", status, p.text())
	}
	p.await(strings.Repeat("•", 3)+"•\b \b"+strings.Repeat("•", len(code)-3), 1)
}
