//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// startLab starts "ssoexchange lab" and returns a session of its servers, as somebody
// would who pastes what it prints, and a function that ends it.
func startLab(ctx context.Context, c harness.CLI) (_ *session, quit func(), _ error) {
	in, typed := io.Pipe()
	lab, err := c.Start(ctx, in, "lab", "--listen", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	go func() { // nobody reads on: quit must not wait for it
		lab.Wait()
		in.Close()
	}()
	quit = func() {
		io.WriteString(typed, "quit\n")
		typed.Close()
		lab.Wait()
	}
	s := &session{}
	if _, err := lab.Await(ctx, func(so harness.Result) bool { return s.printed(so.Stdout) }); err != nil {
		in.Close()
		lab.Stop()
		return nil, nil, fmt.Errorf("the lab printed no connection string for a password only: %w", err)
	}
	return s, quit, nil
}

// printed takes over what the lab printed, and reports whether all is there.
func (s *session) printed(text string) bool {
	wanted := false
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			break // the rest of it is still to come
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, " ")
		switch {
		case name == "Jira":
			s.jira = strings.TrimSpace(value)
		case name == "CA":
			s.ca = strings.TrimSpace(value)
		case strings.HasPrefix(line, "# "):
			wanted = strings.Contains(line, "password only")
		case wanted && strings.HasPrefix(line, "ssoexchange cookies -c '"):
			s.connection = strings.TrimSuffix(strings.TrimPrefix(line, "ssoexchange cookies -c '"), "'")
		}
	}
	return s.jira != "" && s.ca != "" && s.connection != ""
}
