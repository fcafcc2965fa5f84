//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// session is one user, signed in at one identity provider.
type session struct {
	idp, user, connection string
	cli                   harness.CLI
	world                 *world
	tools                 *tools
	cookies               []string // names of those that Jira is sent, sorted
}

// withCookies lets every client use the cookies, in the format that it reads.
func (s *session) withCookies(ctx context.Context, r *harness.Report) error {
	header, err := s.export(ctx, "header")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(header)
	if err != nil {
		return err
	}
	s.cookies = cookieNames(strings.TrimSpace(string(text)))
	if !slices.Equal(s.cookies, []string{"JSESSIONID", "ROUTEID", "atlassian.xsrf.token"}) {
		return fmt.Errorf("the session has the cookies %q: it would prove too little", s.cookies)
	}
	for _, c := range clients {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		title := s.idp + ": " + c.name + " with the format " + c.format
		file, err := s.export(ctx, c.format, c.flags...)
		if err != nil {
			return err
		}
		s.world.Net.Reset()
		j := job{Client: c.name, Base: s.world.Jira.BaseURL(), CookieFile: file, Text: title, Calls: c.calls()}
		s.judge(ctx, r, title, c, j)
		r.Check(title+": Jira was sent the session's cookies and no other", s.world.onlyTheSession(s.cookies))
	}
	return nil
}

// judge runs a client and compares what it understood with what Jira has.
func (s *session) judge(ctx context.Context, r *harness.Report, title string, c client, j job) {
	a, err := s.tools.run(ctx, c, j)
	if err != nil {
		r.Check(title+": it runs", err)
		return
	}
	r.Check(title+": it reads what Jira has", errors.Join(s.reads(a)...))
	r.Check(title+": what it writes is in Jira, once", errors.Join(s.writes(a, j)...))
}

// export writes the session in a format and returns the file.
func (s *session) export(ctx context.Context, format string, flags ...string) (string, error) {
	file := filepath.Join(s.cli.Home, "cookies."+format+strings.Join(flags, ""))
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return file, err // written for another client
	}
	args := append([]string{"cookies", "--format", format, "--output", file, "--connection-file", "-"}, flags...)
	res, err := s.cli.Run(ctx, s.connection, args...)
	if err != nil {
		return "", err
	}
	return file, res.Err()
}
