//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// reads compares what a client read with what Jira has.
func (s *session) reads(a answers) []error {
	ticket := s.world.Jira.Issues()[0]
	out := []error{s.failed(a), s.isMyself(a)}
	same := func(what, got, want string) {
		if got != want {
			out = append(out, fmt.Errorf("%s is %q, want %q", what, got, want))
		}
	}
	same("the server's version", a.Server, "9.12.15")
	same("the issue's key", a.Issue.Key, ticket.Key)
	same("its summary", a.Issue.Summary, ticket.Summary)
	same("what the search found", fmt.Sprint(a.Found, a.Total), fmt.Sprint([]string{ticket.Key}, 1))
	same("what is said of an unknown issue", a.Missing, "Issue Does Not Exist")
	if a.SetCookie != 0 {
		out = append(out, fmt.Errorf("it was given %d cookies", a.SetCookie))
	}
	return out
}

// writes looks in Jira for what a client wrote.
func (s *session) writes(a answers, j job) []error {
	out := []error{s.commented(a, j), s.attached(a, j)}
	created := slices.DeleteFunc(s.world.Jira.Issues(), func(i fixtures.JiraIssue) bool { return i.Summary != j.Text })
	if len(created) != 1 || created[0].Key != a.Created || created[0].Reporter != s.user {
		out = append(out, fmt.Errorf("the issue %q is in Jira %d times", a.Created, len(created)))
	}
	return out
}

func (s *session) failed(a answers) error {
	for call, why := range a.Failed {
		return fmt.Errorf("%s: %s", call, why)
	}
	return nil
}

func (s *session) isMyself(a answers) error {
	if a.Myself != s.user {
		return fmt.Errorf("it is %q, want %q", a.Myself, s.user)
	}
	return nil
}

func (s *session) commented(a answers, j job) error {
	n := 0
	for _, text := range s.world.Jira.Comments() {
		if text == j.Text {
			n++
		}
	}
	if n != 1 || a.Comment == "" {
		return fmt.Errorf("the comment %q is in Jira %d times", a.Comment, n)
	}
	return nil
}

// attached compares files: that in Jira, what the client was told of it, and what it
// got when it fetched it again.
func (s *session) attached(a answers, j job) error {
	var found []fixtures.JiraAttachment
	for _, file := range s.world.Jira.Issues()[0].Attachments {
		if file.Name == j.fileName() {
			found = append(found, file)
		}
	}
	switch {
	case len(found) != 1 || !bytes.Equal(found[0].Data, s.tools.data) || found[0].Author != s.user:
		return fmt.Errorf("the file is in Jira %d times, or is another", len(found))
	case a.Upload.Filename != j.fileName() || a.Upload.Size != len(s.tools.data):
		return fmt.Errorf("the client was told of %q with %d bytes", a.Upload.Filename, a.Upload.Size)
	}
	sum := sha256.Sum256(s.tools.data)
	if slices.Contains(j.Calls, "download") && a.Download != hex.EncodeToString(sum[:]) {
		return errors.New("the file that was fetched is another")
	}
	return nil
}
