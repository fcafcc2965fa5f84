//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/interop/internal/judge"
)

// cli is the product's command, built and run as a user would.
type cli struct {
	dir    string
	binary string
}

func (c *cli) build(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	c.binary = filepath.Join(c.dir, "ssoexchange")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", c.binary, "./cmd/ssoexchange")
	cmd.Dir = filepath.Dir(strings.TrimSpace(string(out)))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the command: %w: %s", err, judge.Tail(out, 600))
	}
	return nil
}

// session is one user's session, of which every format is written.
type session struct {
	cli        *cli
	world      *world // whose requests can be looked at; nil for the lab's
	jira, ca   string // base URL, and the file of the servers' CA
	group      *judge.Group
	proxy      string
	dir        string
	connection string
	playwright string   // folder of the package
	chromium   string   // path of the program
	want       []string // the cookies that belong to Jira, sorted
}

// myself is the address that every reader asks.
func (s *session) myself() string { return s.jira + "/rest/api/2/myself" }

// export writes one format and returns the file.
func (s *session) export(ctx context.Context, format string, flags ...string) (string, error) {
	file := filepath.Join(s.dir, "cookies."+format)
	_, err := s.execute(ctx, s.cli.binary, append([]string{"cookies", "--format", format, "--output", file, "--connection-file", "-"}, flags...)...)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(file)
	if err == nil && info.Mode().Perm() != 0o600 {
		err = fmt.Errorf("its mode is %v", info.Mode().Perm())
	}
	return file, err
}

// sent signs in and learns from the simplest format what each reader has to send.
func (s *session) sent(ctx context.Context) error {
	file, err := s.export(ctx, "header")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	s.want = pairs(string(data))
	names := []string{"JSESSIONID=", "atlassian.xsrf.token="}
	if s.world != nil {
		names = append(names, `ROUTEID="node`)
	}
	for _, name := range names {
		if !strings.Contains(string(data), name) {
			return fmt.Errorf("the session has no cookie %s…: it would prove too little", strings.TrimRight(name, "="))
		}
	}
	return nil
}

// execute runs a program and returns its standard output.
func (s *session) execute(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := s.group.Command(ctx, name, args...)
	cmd.Stdin = strings.NewReader(s.connection) // read by the command alone
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LANG=C.UTF-8", "CI=true",
		"SSOEXCHANGE_STATE_DIR=" + filepath.Join(s.dir, "state"),
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent",
		"https_proxy=http://" + s.proxy, s.group.Mark(),
	}
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(name), err, judge.Tail(talk.Bytes(), 400))
	}
	return out.String(), nil
}
