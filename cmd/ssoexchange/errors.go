package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/sso"
)

// The exit statuses, by the code of the error that ended the command.
var exitCodes = map[string]int{
	"":                 0,
	"internal":         1,
	"config":           2,
	"credentials":      3,
	"passcode_needed":  4,
	"mfa_rejected":     5,
	"exchange_refused": 6,
	"unreachable":      7,
	"rate_limited":     8,
	"unsupported":      9,
	"bad_answer":       10,
	"no_session":       1,
}

const exitInterrupted = 130

// configError is an error of the command line, exit status 2.
func configError(text, hint string) error { return clierror.Config(text, hint) }

// report prints err, as a line and a hint or as one line of JSON, and returns the
// exit status.
func (a *app) report(err error) int {
	if err == nil {
		return 0
	}
	code := sso.Code(err)
	hint := a.hintFor(err)
	status := exitCodes[code]
	var exit *clierror.Exit
	if errors.As(err, &exit) {
		status = exit.Status
	}
	if exit != nil && exit.Text == "" {
		return status // everything has been said
	}
	if a.flags.json {
		a.reportJSON(err, code, hint)
		return status
	}
	a.tui.Error(err.Error(), hint)
	if wait, ok := sso.RetryAfter(err); ok {
		a.tui.Hint(fmt.Sprintf("try again in %d seconds", int(math.Ceil(wait.Seconds()))))
	}
	return status
}

// reportInterrupted says that a signal ended the command. A sign-in that was waiting
// for a code goes on with it: how, is in the hint.
func (a *app) reportInterrupted(err error) {
	a.tui.Clear()
	text, hint := "interrupted", ""
	if errors.Is(err, sso.ErrPassCodeNeeded) {
		hint = a.hintFor(err)
	}
	switch {
	case a.tui.Events:
		a.reportJSON(&clierror.Error{Text: text}, "interrupted", hint)
	case !a.tui.Quiet:
		a.tui.Printf("%s", text)
		if hint != "" {
			a.tui.Hint(hint)
		}
	}
}

// errorJSON is the error of a command with --json. Fields are only ever added.
type errorJSON struct {
	Code       string `json:"code"`
	Step       string `json:"step,omitempty"`
	Message    string `json:"message"`
	Hint       string `json:"hint,omitempty"`
	RetryAfter int    `json:"retry_after,omitempty"` // seconds

	// Of passcode_needed: what is asked for, and how to hand it in.
	Factor  string     `json:"factor,omitempty"`
	Device  string     `json:"device,omitempty"`
	Sent    *time.Time `json:"sent_at,omitempty"`
	Expires *time.Time `json:"expires_at,omitempty"`
	Command string     `json:"command,omitempty"` // CODE stands for the code
}

func (a *app) reportJSON(err error, code, hint string) {
	f := errorJSON{Code: code, Step: sso.Step(err), Message: err.Error(), Hint: hint}
	if wait, ok := sso.RetryAfter(err); ok {
		f.RetryAfter = int(math.Ceil(wait.Seconds()))
	}
	if errors.Is(err, sso.ErrPassCodeNeeded) {
		if c := a.tui.Unanswered(); c != nil {
			f.Factor, f.Device, f.Sent, f.Expires = c.Factor, c.Device, terminal.Second(c.Sent), terminal.Second(c.Expires)
		}
		if strings.Contains(hint, codeCommand) {
			f.Command = nameConnection(codeCommand, a.connectionArgs())
		}
	}
	a.tui.JSON(map[string]errorJSON{"error": f})
}

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit status means",
		Long: `Exit status, and the "code" of a --json error:

    0                     done
    1  internal           unexpected; also "api" when Jira answers with an HTTP error
    2  config             flags, properties, files; an unsupported scheme; a factor that
                          is not offered; Crowd: the caller's address or the token ignored
    3  credentials        user name, password, application password or API token refused;
                          account locked or suspended, password expired. Never tried again
                          by itself
    4  passcode_needed    a challenge was issued and nobody could be asked: call again with
                          MFAPassCode. Also when the code was refused and a new one was sent,
                          and when a person has to consent (OAuth)
    5  mfa_rejected       push refused or not answered; a code refused that cannot be sent
                          anew, or used before
    6  exchange_refused   signed in, but not let through to Jira
    7  unreachable        network, TLS, 5xx, an expired transaction; safe to try again
    8  rate_limited       wait; the error says how long
    9  unsupported        the policy needs something that no headless client can do
   10  bad_answer         an answer that cannot be understood or must not be obeyed
  126, 127                "exec": the command cannot be run, is not there
  130                     interrupted`,
	}
}
