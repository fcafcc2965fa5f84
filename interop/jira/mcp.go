//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// mcp has mcp-atlassian, which assistants use for Jira, read and write an issue through the proxy.
// It knows personal access tokens, and is given the proxy's.
func (s *session) mcp(ctx context.Context, p *running, title string) error {
	s.world.Net.Reset()
	j := job{Base: p.base, Token: p.token, Text: title}
	a, err := s.tools.script(ctx, s.tools.cli, j, s.tools.venv, filepath.Join(s.tools.dir, "mcp_client.py"))
	if err != nil {
		return err
	}
	ticket := s.world.Jira.Issues()[0]
	errs := []error{s.commented(a, j), s.world.onlyTheSession(s.cookies, p.token)}
	if a.Issue.Key != ticket.Key || a.Issue.Summary != ticket.Summary || a.Total != 1 || !slices.Equal(a.Found, []string{ticket.Key}) {
		errs = append(errs, fmt.Errorf("it read %v, and found %v of %d", a.Issue, a.Found, a.Total))
	}
	if !slices.ContainsFunc(s.world.Jira.Issues(), func(i fixtures.JiraIssue) bool { return i.Key == a.Created && i.Summary == title }) {
		errs = append(errs, fmt.Errorf("the issue %q is not in Jira", a.Created))
	}
	return errors.Join(errs...)
}
