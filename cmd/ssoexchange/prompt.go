package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

// errNobody says that there is a terminal, but nobody can be asked at it now: the
// process is in its background, or it was hung up.
var errNobody = errors.New("nobody can be asked at the terminal")

// hasTerminal reports whether there is a terminal at which somebody could be asked.
func (t *tui) hasTerminal() bool { return t.withTTY(func(*os.File) bool { return true }) }

// canAsk reports whether there is somebody to ask now.
func (t *tui) canAsk() bool { return t.withTTY(inForeground) }

func (t *tui) withTTY(ok func(*os.File) bool) bool {
	if t.noInput {
		return false
	}
	tty, err := openTTY()
	if err != nil {
		return false
	}
	defer tty.Close()
	return ok(tty)
}

// inBackground reports whether a question could not be put for want of the terminal's
// foreground.
func (t *tui) inBackground() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.background
}

// password asks for the password of user.
func (t *tui) password(ctx context.Context, user string) (string, error) {
	answer, err := t.ask(ctx, "password for "+user+": ")
	switch {
	case errors.Is(err, errNobody):
		return "", &sso.StepError{Step: "login", Err: &cliError{code: "passcode_needed",
			text: "the password for " + user + " is needed, and this process is in the background of its terminal and cannot ask",
			hint: "sign in first with: ssoexchange login"}}
	case err == nil && answer == "":
		return "", configError("no password given", "type it at the prompt, or use PasswordFile or PasswordCommand")
	}
	return answer, err
}

// Answer asks the person for a code or for the answer to a question. An empty
// answer means that there is none; "resend" has a code sent again.
func (t *tui) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	t.clear()
	if c.Refused != "" {
		t.printf("%s", c.Refused)
		t.event(eventJSON{Name: "code_refused", Message: c.Refused}.about(c))
	}
	prompt := "code of " + c.String() + ": "
	switch {
	case c.Kind == mfa.Question && c.Question != "":
		prompt = c.Question + " "
	case c.Kind.Sent():
		prompt = "code from " + c.String() + " (resend: a new one): "
	}
	t.event(eventJSON{Name: "code_asked", Message: c.String()}.about(c))
	answer, err := t.ask(ctx, prompt)
	if errors.Is(err, errNobody) {
		return "", mfa.ErrNotMine
	}
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

// ask puts a question to the terminal and reads the answer without showing it. It is
// errNobody if the process may not read from the terminal; it is "" at the end of input.
func (t *tui) ask(ctx context.Context, prompt string) (string, error) {
	tty, err := openTTY()
	if err != nil {
		return "", configError("there is no terminal to ask at", "give the value in the connection, or run without --no-input in a terminal")
	}
	if !inForeground(tty) {
		tty.Close()
		t.mu.Lock()
		t.background = true
		t.mu.Unlock()
		return "", errNobody
	}
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		tty.Close()
		return "", configError("the terminal cannot be used: "+err.Error(), "")
	}
	signals := make(chan os.Signal, 1)
	notifyPrompt(signals)
	defer func() {
		signal.Stop(signals)
		fmt.Fprintln(tty)
		term.Restore(fd, before)
		tty.Close()
	}()
	hideInput(fd) // before the prompt invites somebody to type
	fmt.Fprint(tty, "ssoexchange: "+prompt)
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := readHidden(tty)
		got <- answer{text, err}
	}()
	for {
		select {
		case a := <-got:
			switch {
			case errors.Is(a.err, io.EOF):
				return "", nil
			case a.err != nil && isGone(a.err):
				return "", errNobody
			}
			return a.text, a.err
		case s := <-signals:
			if isHangup(s) {
				return "", errNobody
			}
			hideInput(fd)
			fmt.Fprint(tty, "ssoexchange: "+prompt)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}
