// Package terminal holds the program's manners: what is said to a person and asked of one.
//
// Standard output belongs to the result. Everything that is said to a person goes
// to standard error as "ssoexchange: …", lower case and without a full stop; what
// to do next follows as "hint: …". Questions go to the terminal itself, so that
// the result may be piped away: "ssoexchange cookies | …" can still ask. Nothing
// that is typed is shown, since codes are secrets as passwords are. While a push
// waits, one line on the terminal is rewritten; without a terminal a plain line
// comes at the start, with every new number, and every ten seconds. With --json the
// same are events, one line of JSON each.
package terminal

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/mfa"
)

// Terminal speaks to the person who runs the program. Its methods may be called by
// several goroutines at once; its fields are set before.
type Terminal struct {
	err     io.Writer
	NoInput bool // nobody is asked
	Quiet   bool // --json: no lines for people, errors are JSON
	Events  bool // --json: what happens on the way is JSON, too
	Color   bool
	Log     *slog.Logger // of a service, for what a person should see; nil: none

	mu         sync.Mutex
	push       pushLine
	unanswered *mfa.Challenge // the last that nobody could answer; nil: none
	background bool           // nobody could be asked: the process was in the terminal's background
}

// New returns a terminal whose words go to stderr.
func New(stderr io.Writer) *Terminal { return &Terminal{err: stderr} }

// UseColor decides whether colours are used: only on a terminal, and not against NO_COLOR or no.
func (t *Terminal) UseColor(no bool) {
	_, noColor := os.LookupEnv("NO_COLOR")
	t.Color = !no && !noColor && os.Getenv("TERM") != "dumb" && t.IsTerminal()
}

// IsTerminal reports whether what is said is shown on a terminal.
func (t *Terminal) IsTerminal() bool {
	f, ok := t.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// IsTerminal reports whether r, such as standard input, is a terminal.
func IsTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Paint puts s between the escape sequences of an SGR code, if colours are used.
func (t *Terminal) Paint(code, s string) string {
	if !t.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Printf says a line, unless Quiet.
func (t *Terminal) Printf(format string, args ...any) {
	if !t.Quiet {
		fmt.Fprintf(t.err, "ssoexchange: "+format+"\n", args...)
	}
}

// Warn says a line that is a warning, unless Quiet; with Events it is one.
func (t *Terminal) Warn(text string) {
	t.Emit(Event{Name: "warning", Message: text})
	if !t.Quiet {
		fmt.Fprintf(t.err, "ssoexchange: %s %s\n", t.Paint("33", "warning:"), text)
	}
}

// Error says why the command has failed, and what to do about it unless hint is empty. The text may
// quote a server: what would do more to a terminal than to be shown is left out.
func (t *Terminal) Error(text, hint string) {
	t.Clear()
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
	fmt.Fprintf(t.err, "ssoexchange: %s %s\n", t.Paint("31", "error:"), text)
	if hint != "" {
		t.Hint(hint)
	}
}

// Hint says what to do.
func (t *Terminal) Hint(text string) {
	fmt.Fprintf(t.err, "ssoexchange: %s %s\n", t.Paint("36", "hint:"), text)
}
