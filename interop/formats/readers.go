//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// reader is a program that loads a format. read gets the file and returns what Jira
// answered.
type reader struct {
	name, format string
	read         func(ctx context.Context, s *session, file string) (string, error)
}

var readers = []reader{
	{"curl -b FILE reads netscape", "netscape", func(ctx context.Context, s *session, file string) (string, error) {
		return s.curl(ctx, "-b", file)
	}},
	{"curl --config FILE reads curl", "curl", func(ctx context.Context, s *session, file string) (string, error) {
		return s.curl(ctx, "--config", file)
	}},
	{"curl -H reads header", "header", func(ctx context.Context, s *session, file string) (string, error) {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		return s.curl(ctx, "-H", "Cookie: "+strings.TrimSpace(string(data)))
	}},
	{"a POSIX shell reads env", "env", func(ctx context.Context, s *session, file string) (string, error) {
		return s.execute(ctx, "/bin/sh", "-c", `. "$1" && shift && exec "$@" -H "Cookie: $JIRA_COOKIE"`, "sh", file,
			"curl", "-sS", "--fail", "--noproxy", "*", "--max-time", "15", "--cacert", s.ca, s.myself())
	}},
	{"wget --load-cookies reads netscape", "netscape", func(ctx context.Context, s *session, file string) (string, error) {
		return s.execute(ctx, "wget", "-q", "-O", "-", "--tries=1", "--timeout=15", "--no-hsts", "--ca-certificate="+s.ca,
			"--load-cookies", file, s.myself())
	}},
	{"Python's MozillaCookieJar reads netscape", "netscape", python("netscape")},
	{"Python's urllib sends header", "header", python("header")},
	{"Python's CookieJar takes json", "json", python("json")},
	{"Go's http.Cookie reads go-jira", "go-jira", readGoJira},
	{"Playwright loads playwright as storageState", "playwright", func(ctx context.Context, s *session, file string) (string, error) {
		return s.execute(ctx, "node", filepath.Join(s.parts, "reader.cjs"), s.chromium, file, s.myself())
	}},
}

// check exports the reader's format and lets it ask.
func (s *session) check(ctx context.Context, r reader) error {
	file, err := s.export(ctx, r.format)
	if err != nil {
		return err
	}
	if s.world != nil {
		s.world.Net.Reset()
	}
	answer, err := r.read(ctx, s, file)
	if err != nil {
		return err
	}
	var who struct{ Name string }
	if json.Unmarshal([]byte(answer), &who) != nil || who.Name != "passwordonly@example.com" {
		return errors.New("the answer does not name the user")
	}
	if s.world == nil {
		return nil
	}
	sent := s.world.cookiesSent()
	for i := range sent {
		if !slices.Contains(s.want, sent[i]) {
			name, _, _ := strings.Cut(sent[i], "=")
			return fmt.Errorf("it sent the cookie %s, which is not what Jira set", name)
		}
	}
	if len(sent) != len(s.want) {
		return fmt.Errorf("it sent %d cookies of %d", len(sent), len(s.want))
	}
	return nil
}

// write has curl write a comment with what "--format curl --with-headers" hands over.
func (s *session) write(ctx context.Context) error {
	file, err := s.export(ctx, "curl", "--with-headers")
	if err != nil {
		return err
	}
	before := len(s.world.Jira.Comments())
	_, err = s.execute(ctx, "curl", "-sS", "--fail", "--noproxy", "*", "--max-time", "15", "--cacert", s.ca, "--config", file,
		"-H", "Content-Type: application/json", "-d", `{"body":"written by curl"}`, s.world.Jira.BaseURL()+"/rest/api/2/issue/HELP-1/comment")
	if err == nil && len(s.world.Jira.Comments()) != before+1 {
		err = errors.New("the comment did not arrive")
	}
	return err
}

// curl resolves names below localhost by itself, since 7.77.
func (s *session) curl(ctx context.Context, args ...string) (string, error) {
	return s.execute(ctx, "curl", append([]string{"-sS", "--fail", "--noproxy", "*", "--max-time", "15", "--cacert", s.ca, s.myself()}, args...)...)
}

func python(how string) func(context.Context, *session, string) (string, error) {
	return func(ctx context.Context, s *session, file string) (string, error) {
		return s.execute(ctx, "python3", filepath.Join(s.parts, "reader.py"), how, file, s.ca, s.myself())
	}
}
