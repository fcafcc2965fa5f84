//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// session is one user's session, of which every format is written.
type session struct {
	cli        harness.CLI
	world      *world // whose requests can be looked at; nil for the lab's
	jira, ca   string // base URL, and the file of the servers' CA
	connection string
	parts      string   // folder of the readers' scripts and of npm's packages
	chromium   string   // path of the program
	want       []string // the cookies that belong to Jira, sorted
}

// myself is the address that every reader asks.
func (s *session) myself() string { return s.jira + "/rest/api/2/myself" }

// export writes one format and returns the file.
func (s *session) export(ctx context.Context, format string, flags ...string) (string, error) {
	file := filepath.Join(s.cli.Home, "cookies."+format)
	_, err := s.execute(ctx, s.cli.Binary, append([]string{"cookies", "--format", format, "--output", file, "--connection-file", "-"}, flags...)...)
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
	res, err := s.cli.Execute(ctx, s.connection, name, args...) // the command alone reads its input
	if err == nil {
		err = res.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return res.Stdout, nil
}
