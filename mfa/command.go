package mfa

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/childenv"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// maxCommandLine is the length of the line that a command may print, in bytes.
const maxCommandLine = 4 << 10

// drainTime is how long the output of a command that has ended is waited for: a
// child that it left behind may hold it open.
const drainTime = time.Second

// CommandOptions says in what surroundings a command runs. The zero value is this
// process's own.
type CommandOptions struct {
	// Env is the command's environment; nil: os.Environ(). In both cases it loses the
	// variables from which this module reads secrets (SSOEXCHANGE_PASSWORD and the like).
	Env []string
	Dir string // "": the current folder
}

// Command answers challenges with the first line that a command prints: an SMS
// gateway, a password manager. It runs when an answer that can be typed is asked
// for, not before, by the system's shell (/bin/sh -c; on Windows cmd /C), with
// nothing on standard input and these variables:
//
//	SSOEXCHANGE_CHALLENGE_KIND      the [Kind]: totp, sms, question, …
//	SSOEXCHANGE_CHALLENGE_DEVICE    the masked number, address or name; may be empty
//	SSOEXCHANGE_CHALLENGE_QUESTION  the text of a security question; else empty
//	SSOEXCHANGE_CHALLENGE_ATTEMPT   1 for the first answer to this challenge
//
// The line is at most 4 KiB and is reduced to a code: see [NormalizeCode]. A command that fails or prints nothing ends the sign-in with an error
// that has its exit status but nothing of its output; standard error is not read.
// When ctx ends, the command and its children are killed.
func Command(cmdline string, o CommandOptions) Answerer {
	return &command{hidden: "mfa.Command", line: cmdline, options: o}
}

type command struct {
	hidden
	line    string
	options CommandOptions
}

func (a *command) Answer(ctx context.Context, c Challenge) (string, error) {
	if !typed(c.Kind) {
		return "", ErrNotMine
	}
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	cmd := shell(ctx, a.line)
	cmd.Dir = a.options.Dir
	cmd.Env = a.environment(c)
	var out firstLine
	cmd.Stdout = &out
	cmd.WaitDelay = drainTime
	stop := deadline.Waiting(ctx, "the code of "+c.String()+" from a command")
	err := cmd.Run()
	stop()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if cause := context.Cause(ctx); cause != nil {
			return "", fmt.Errorf("mfa: command for the code was stopped: %w", cause)
		}
		return "", commandFailed(err)
	}
	if len(out.line) > maxCommandLine {
		return "", noCode("mfa: command for the code printed a line of more than 4 KiB")
	}
	line := strings.TrimSpace(string(out.line))
	code, err := NormalizeCode(c.Kind, line)
	if err == nil && code == "" {
		return "", noCode("mfa: command for the code printed nothing")
	}
	if err != nil {
		return "", noCode("mfa: command for the code printed no code: " + strings.TrimPrefix(err.Error(), "mfa: what was given is not a code: "))
	}
	return code, nil
}

func (a *command) environment(c Challenge) []string {
	env := a.options.Env
	if env == nil {
		env = os.Environ()
	}
	return childenv.Of(env,
		"SSOEXCHANGE_CHALLENGE_KIND="+string(c.Kind),
		"SSOEXCHANGE_CHALLENGE_DEVICE="+printable(c.Device),
		"SSOEXCHANGE_CHALLENGE_QUESTION="+printable(c.Question),
		"SSOEXCHANGE_CHALLENGE_ATTEMPT="+strconv.Itoa(c.Attempt),
	)
}

// printable drops what a server's text must not bring into an environment.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// commandFailed tells a command that cannot be run, which is a matter of the
// configuration, from one that had no code.
func commandFailed(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return autherr.New(autherr.ErrConfig, "mfa: command for the code cannot be run", "check MFACommand and the system's shell")
	}
	switch code := exit.ExitCode(); code {
	case 126, 127: // the shell found no such program, or may not run it
		return autherr.New(autherr.ErrConfig, "mfa: command for the code was not found or is not executable",
			"check MFACommand and the PATH of this process")
	case -1:
		return noCode("mfa: command for the code was killed")
	default:
		return noCode(fmt.Sprintf("mfa: command for the code failed with exit status %d", code))
	}
}

func noCode(text string) error {
	return &sourceError{autherr.New(autherr.ErrPassCodeNeeded, text,
		"run the command by hand with SSOEXCHANGE_CHALLENGE_KIND set; its error output is not shown here")}
}

// sourceError is the failure of a command that may work the next time.
type sourceError struct{ error }

func (e *sourceError) Unwrap() error { return e.error }

// SourceFailed reports that the failure may pass without a change here.
func (*sourceError) SourceFailed() bool { return true }

// firstLine keeps the first line that has anything on it and lets the rest go by,
// so that the command never waits for a reader.
type firstLine struct {
	line []byte
	done bool
}

func (w *firstLine) Write(p []byte) (int, error) {
	n := len(p)
	for !w.done && len(p) > 0 {
		part, rest, end := bytes.Cut(p, []byte{'\n'})
		if room := maxCommandLine + 1 - len(w.line); len(part) > room {
			part = part[:room]
		}
		w.line = append(w.line, part...)
		p = rest
		if w.done = end || len(w.line) > maxCommandLine; end && len(bytes.TrimSpace(w.line)) == 0 {
			w.line, w.done = w.line[:0], false
		}
	}
	return n, nil
}
