package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

// This file holds the program's manners.
//
// Standard output belongs to the result. Everything that is said to a person goes
// to standard error as "ssoexchange: …", lower case and without a full stop; what
// to do next follows as "hint: …". Questions go to the terminal itself, so that
// the result may be piped away: "ssoexchange cookies | …" can still ask. Nothing
// that is typed is shown, since codes are secrets as passwords are. While a push
// waits, one line on the terminal is rewritten; without a terminal a plain line
// comes at the start, with every new number, and every ten seconds.

type tui struct {
	err     io.Writer
	noInput bool
	quiet   bool // --json: no talk, errors are JSON
	color   bool

	mu     sync.Mutex
	shown  string    // the progress line that is on the screen
	number string    // the number that was shown last
	since  time.Time // when the push began
	last   time.Time // when the last plain progress line was written
}

func newTUI(stderr io.Writer) *tui { return &tui{err: stderr} }

func (t *tui) useColor(no bool) {
	_, noColor := os.LookupEnv("NO_COLOR")
	t.color = !no && !noColor && os.Getenv("TERM") != "dumb" && t.isTerminal()
}

func (t *tui) isTerminal() bool {
	f, ok := t.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (t *tui) paint(code, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *tui) say(format string, args ...any) {
	if !t.quiet {
		fmt.Fprintf(t.err, "ssoexchange: "+format+"\n", args...)
	}
}

func (t *tui) warn(text string) {
	if !t.quiet {
		fmt.Fprintf(t.err, "ssoexchange: %s %s\n", t.paint("33", "warning:"), text)
	}
}

func (t *tui) errorf(text, hint string) {
	t.clear()
	fmt.Fprintf(t.err, "ssoexchange: %s %s\n", t.paint("31", "error:"), text)
	if hint != "" {
		t.hint(hint)
	}
}

func (t *tui) hint(text string) {
	fmt.Fprintf(t.err, "ssoexchange: %s %s\n", t.paint("36", "hint:"), text)
}

// canAsk reports whether there is somebody to ask.
func (t *tui) canAsk() bool {
	if t.noInput {
		return false
	}
	tty, err := openTTY()
	if err != nil {
		return false
	}
	tty.Close()
	return true
}

// password asks for the password of user.
func (t *tui) password(ctx context.Context, user string) (string, error) {
	answer, err := t.ask(ctx, "password for "+user+": ")
	if err == nil && answer == "" {
		return "", configError("no password given", "type it at the prompt, or use PasswordFile or PasswordCommand")
	}
	return answer, err
}

// Answer asks the person for a code or for the answer to a question. An empty
// answer means that there is none; "resend" has a code sent again.
func (t *tui) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	t.clear()
	if c.Refused != "" {
		t.say("%s", c.Refused)
	}
	prompt := "code of " + c.String() + ": "
	switch {
	case c.Kind == mfa.Question:
		prompt = c.Question + " "
	case c.Kind.Sent():
		prompt = "code from " + c.String() + " (resend: a new one): "
	}
	answer, err := t.ask(ctx, prompt)
	if err != nil {
		return "", err
	}
	switch answer = strings.TrimSpace(answer); {
	case answer == "":
		return "", mfa.ErrNotMine
	case c.Kind.Sent() && strings.EqualFold(answer, "resend"):
		return "", mfa.ErrResend
	}
	return answer, nil
}

// watcher is the part of the terminal that only shows progress.
func (t *tui) watcher() mfa.Answerer { return watchOnly{t} }

type watchOnly struct{ t *tui }

func (watchOnly) Answer(context.Context, mfa.Challenge) (string, error) { return "", mfa.ErrNotMine }
func (w watchOnly) Watch(c mfa.Challenge, done bool)                    { w.t.Watch(c, done) }

// Watch shows how a push is getting on.
func (t *tui) Watch(c mfa.Challenge, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if done {
		t.clearLocked()
		t.since, t.number = time.Time{}, ""
		return
	}
	if t.quiet {
		return
	}
	now := time.Now()
	if t.since.IsZero() {
		t.since = now
	}
	number := ""
	if c.Number != nil {
		number = fmt.Sprintf(", choose %s", t.paint("1", fmt.Sprint(*c.Number)))
	}
	waited := int(now.Sub(t.since).Seconds())
	line := fmt.Sprintf("ssoexchange: approve the push on your phone: %s%s", c.String(), number)
	if t.isTerminal() {
		t.clearLocked()
		t.shown = fmt.Sprintf("%s (%d s)", line, waited)
		fmt.Fprint(t.err, t.shown)
		return
	}
	if number != t.number || t.last.IsZero() || waited == 0 && t.number == "" && t.last.Before(t.since) || now.Sub(t.last) >= 10*time.Second {
		fmt.Fprintf(t.err, "%s (waiting for %d s)\n", line, waited)
		t.number, t.last = number, now
	}
}

func (t *tui) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLocked()
}

func (t *tui) clearLocked() {
	if t.shown != "" {
		fmt.Fprint(t.err, "\r\x1b[K")
		t.shown = ""
	}
}

// ask puts a question to the terminal and reads the answer without showing it.
func (t *tui) ask(ctx context.Context, prompt string) (string, error) {
	tty, err := openTTY()
	if err != nil {
		return "", configError("there is no terminal to ask at", "give the value in the connection, or run without --no-input in a terminal")
	}
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		tty.Close()
		return "", configError("the terminal cannot be used: "+err.Error(), "")
	}
	fmt.Fprint(tty, "ssoexchange: "+prompt)
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		got <- answer{string(b), err}
	}()
	defer func() {
		fmt.Fprintln(tty)
		term.Restore(fd, before)
		tty.Close()
	}()
	select {
	case a := <-got:
		if errors.Is(a.err, io.EOF) {
			return "", nil
		}
		return a.text, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// until says in words how long a session is good for.
func until(s *sso.Session) string {
	return fmt.Sprintf("until about %s (an estimate)", s.Expires().Local().Format("2006-01-02 15:04 MST"))
}
