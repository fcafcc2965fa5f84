package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// ErrNobody says that there is a terminal, but nobody can be asked at it now: the
// process is in its background, or it was hung up.
var ErrNobody = errors.New("nobody can be asked at the terminal")

// HasTerminal reports whether there is a terminal at which somebody could be asked.
func (t *Terminal) HasTerminal() bool { return t.withTTY(func(*os.File) bool { return true }) }

// CanAsk reports whether there is somebody to ask now.
func (t *Terminal) CanAsk() bool { return t.withTTY(inForeground) }

func (t *Terminal) withTTY(ok func(*os.File) bool) bool {
	if t.NoInput {
		return false
	}
	tty, err := Open()
	if err != nil {
		return false
	}
	defer tty.Close()
	return ok(tty)
}

// InBackground reports whether a question could not be put for want of the terminal's
// foreground.
func (t *Terminal) InBackground() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.background
}

// note keeps a challenge that nobody could answer.
func (t *Terminal) note(c mfa.Challenge) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unanswered = &c
}

// Unanswered returns the last challenge that nobody has answered, nil if there is none.
func (t *Terminal) Unanswered() *mfa.Challenge {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unanswered
}

// Answer asks the person for a code or for the answer to a question. An empty
// answer means that there is none; "resend" has a code sent again.
func (t *Terminal) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	t.Clear()
	if c.Refused != "" {
		t.Printf("%s", c.Refused)
		t.Emit(Event{Name: "code_refused", Message: c.Refused}.about(c))
	}
	prompt := "code of " + c.String() + ": "
	switch {
	case c.Kind == mfa.Question && c.Question != "":
		prompt = c.Question + " "
	case c.Kind.Sent():
		prompt = "code from " + c.String() + " (resend: a new one): "
	}
	t.Emit(Event{Name: "code_asked", Message: c.String()}.about(c))
	answer, err := t.AskCode(ctx, prompt)
	if errors.Is(err, ErrNobody) {
		t.note(c)
		return "", mfa.ErrNotMine
	}
	if err != nil {
		return "", err
	}
	switch answer = strings.TrimSpace(answer); {
	case answer == "":
		t.note(c)
		return "", mfa.ErrNotMine
	case c.Kind.Sent() && strings.EqualFold(answer, "resend"):
		return "", mfa.ErrResend
	}
	return answer, nil
}

// Ask puts a question to the terminal and reads the answer without showing it. It is
// ErrNobody if the process may not read from the terminal; it is "" at the end of input.
func (t *Terminal) Ask(ctx context.Context, prompt string) (string, error) {
	return t.ask(ctx, prompt, false)
}

// AskCode is Ask with a dot shown for each character: a code is short and soon of no use.
func (t *Terminal) AskCode(ctx context.Context, prompt string) (string, error) {
	return t.ask(ctx, prompt, true)
}

func (t *Terminal) ask(ctx context.Context, prompt string, dots bool) (string, error) {
	tty, err := Open()
	if err != nil {
		return "", clierror.Config("there is no terminal to ask at",
			"give the value in the connection, or run without --no-input in a terminal")
	}
	if !inForeground(tty) {
		tty.Close()
		t.mu.Lock()
		t.background = true
		t.mu.Unlock()
		return "", ErrNobody
	}
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		tty.Close()
		return "", clierror.Config("the terminal cannot be used: "+err.Error(), "")
	}
	signals := make(chan os.Signal, 1)
	notifyPrompt(signals)
	defer func() {
		signal.Stop(signals)
		fmt.Fprintln(tty)
		term.Restore(fd, before)
		tty.Close()
	}()
	prepareInput(fd, dots) // before the prompt invites somebody to type
	fmt.Fprint(tty, "ssoexchange: "+prompt)
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := readLine(tty, dots)
		got <- answer{text, err}
	}()
	for {
		select {
		case a := <-got:
			switch {
			case errors.Is(a.err, io.EOF):
				return "", nil
			case a.err != nil && isGone(a.err):
				return "", ErrNobody
			}
			return a.text, a.err
		case s := <-signals:
			if isHangup(s) {
				return "", ErrNobody
			}
			prepareInput(fd, dots)
			fmt.Fprint(tty, "ssoexchange: "+prompt)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}
