package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/term"

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
// comes at the start, with every new number, and every ten seconds. With --json the
// same are events, one line of JSON each.

type tui struct {
	err     io.Writer
	noInput bool
	quiet   bool // --json: no lines for people, errors are JSON
	events  bool // --json: what happens on the way is JSON, too
	color   bool
	log     *slog.Logger // of a service, for what a person should see; nil: none

	mu         sync.Mutex
	push       pushLine
	background bool // nobody could be asked: the process was in the terminal's background
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

func (t *tui) printf(format string, args ...any) {
	if !t.quiet {
		fmt.Fprintf(t.err, "ssoexchange: "+format+"\n", args...)
	}
}

func (t *tui) warn(text string) {
	t.event(eventJSON{Name: "warning", Message: text})
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

// until says in words how long a session is good for.
func until(s *sso.Session) string {
	return fmt.Sprintf("until about %s (an estimate)", s.Expires().Local().Format("2006-01-02 15:04 MST"))
}
