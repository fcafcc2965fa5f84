//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/ssoexchange/ssoexchange/interop/internal/judge"
)

// lab starts "ssoexchange lab" and returns a session of its servers, as somebody
// would who pastes what it prints, and a function that ends it.
func (c *cli) lab(ctx context.Context, group *judge.Group) (_ *session, quit func(), _ error) {
	cmd := group.Command(ctx, c.binary, "lab", "--listen", "127.0.0.1:0")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	s, ended := &session{}, make(chan struct{})
	wanted := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		line := lines.Text()
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
		if s.jira != "" && s.ca != "" && s.connection != "" {
			go func() { // what it says later is of no interest, but must not block it
				defer close(ended)
				for lines.Scan() {
				}
				_ = cmd.Wait()
			}()
			return s, func() {
				_, _ = io.WriteString(stdin, "quit\n")
				<-ended
			}, nil
		}
	}
	_ = cmd.Wait()
	return nil, nil, errors.New("the lab printed no connection string for a password only")
}
