//go:build linux

package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// SignIn is one run of the command at a foreign identity provider, and what has to come of it.
type SignIn struct {
	Name       string
	Connection string // properties beside those that all have
	Before     func() // nil: nothing is done before
	Args       []string

	Code int            // exit code
	Says string         // part of what it prints
	Sent map[string]int // what the identity provider's own log counts meanwhile
}

// SignIns lets a foreign identity provider judge the command, in front of the simulated Jira.
type SignIns struct {
	*Processes
	Env        *Env
	Connection func(s SignIn) string // the whole connection string of a run
	Counts     func() map[string]int // what the identity provider's log has until now
	Secrets    []string

	users int
	said  map[string]string
}

// settled is how long a server may take to log what it has answered.
const settled = 300 * time.Millisecond

// Check makes the runs one after the other, as one user of a machine who has never run the
// command before.
func (j *SignIns) Check(ctx context.Context, runs ...SignIn) error {
	j.users++
	user, err := j.User(fmt.Sprintf("home-%d", j.users))
	if err != nil {
		return err
	}
	for _, s := range runs {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if s.Before != nil {
			s.Before()
		}
		j.Processes.Check(s.Name, j.run(ctx, user, s))
	}
	return nil
}

func (j *SignIns) run(ctx context.Context, user CLI, s SignIn) error {
	args := s.Args
	if args == nil {
		args = []string{"cookies"}
	}
	before := j.Counts()
	res, err := user.Run(ctx, j.Connection(s), slices.Concat(args, []string{"--connection-file", "-", "--no-input"})...)
	if err != nil {
		return err
	}
	if j.said == nil {
		j.said = map[string]string{}
	}
	j.said[s.Name] = res.Stderr
	time.Sleep(settled)
	text := res.Stdout + res.Stderr
	switch {
	case res.Code != s.Code:
		return fmt.Errorf("exit code %d, not %d: %s", res.Code, s.Code, Tail([]byte(text), 600))
	case !strings.Contains(text, s.Says):
		return fmt.Errorf("it does not say %q: %s", s.Says, Tail([]byte(text), 600))
	}
	after := j.Counts()
	for _, what := range slices.Sorted(maps.Keys(s.Sent)) {
		if got := after[what] - before[what]; got != s.Sent[what] {
			return fmt.Errorf("the identity provider counts %d %s, not %d", got, what, s.Sent[what])
		}
	}
	return nil
}

// Leaks looks for the secrets in what the command said, and in its state.
func (j *SignIns) Leaks() error {
	texts := maps.Clone(j.said)
	for i := range j.users {
		home := fmt.Sprintf("home-%d", i+1)
		files, err := Files(filepath.Join(j.Dir, home))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for name, text := range files {
			texts[home+"/"+name] = text
		}
	}
	return j.Env.Leaks(texts, j.Secrets...)
}
