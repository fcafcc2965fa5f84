package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
)

// maxCode bounds a code that is handed in, in bytes: answers to questions are the
// longest.
const maxCode = 256

func (a *app) codeCommand() *cobra.Command {
	var socket string
	cmd := &cobra.Command{
		Use:   "code PROFILE",
		Short: "Hand a one-time code to a waiting refresh",
		Long: `code hands the code that a person has received to the running "ssoexchange refresh", which
goes on with the sign-in where it stopped. The code is asked for at the terminal, or
read from standard input: never an argument, where others could see it.

Without this program: POST the code as text to /code/PROFILE on the socket.`,
		Example: `  ssoexchange code work
  echo 123456 | ssoexchange code work
  curl --unix-socket /run/ssoexchange/ssoexchange-refresh.sock --data-binary @- http://localhost/code/work`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeProfile1,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.handIn(cmd.Context(), args[0], socket) },
	}
	cmd.Flags().StringVar(&socket, "socket", "", "`PATH` of the refresher's socket (default refresh.socket of the configuration file)")
	return cmd
}

func completeProfile1(cmd *cobra.Command, args []string, to string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeProfile(cmd, args, to)
}

// findSocket returns the socket of the running refresher: the one given, else as
// the configuration file has it.
func (a *app) findSocket(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	f, err := readProfiles(configFile())
	if err != nil {
		return "", err
	}
	c, err := f.refreshSection()
	if err != nil {
		return "", err
	}
	return c.refreshSocket(a)
}

func (a *app) handIn(ctx context.Context, profile, socket string) error {
	socket, err := a.findSocket(socket)
	if err != nil {
		return err
	}
	r := a.refresherAt(socket)
	code, err := a.readCode(ctx, r, profile)
	if err != nil {
		return err
	}
	resp, err := r.do(ctx, http.MethodPost, "/code/"+url.PathEscape(profile), code)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return a.tellOutcome(resp)
}

func (a *app) readCode(ctx context.Context, r refresherClient, profile string) (string, error) {
	var code string
	if a.tui.HasTerminal() && stdinIsTerminal(a.stdin) {
		// Which code, or the answer to which question.
		status, err := r.status(ctx, profile)
		if err != nil {
			return "", err
		}
		if status.Code == "passcode_needed" {
			reason := display.OneLine(status.Reason)
			a.tui.Printf("%s waits: %s", profile, reason)
			a.tui.Emit(terminal.Event{Name: "code_asked", Message: reason})
		}
		answer, err := a.tui.Ask(ctx, "code for "+profile+": ")
		if errors.Is(err, terminal.ErrNobody) {
			return "", &clierror.Error{Code: "passcode_needed", Text: "the code cannot be asked for: this process is in the background of its terminal",
				Hint: "run it in the foreground, or send the code to standard input: echo 123456 | ssoexchange code " + display.ShellWord(profile)}
		}
		if err != nil {
			return "", err
		}
		code = answer
	} else {
		line, err := bufio.NewReader(io.LimitReader(a.stdin, maxCode+1)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", configError("reading the code: "+err.Error(), "")
		}
		code = line
	}
	if code = strings.TrimSpace(code); code == "" || len(code) > maxCode {
		return "", configError("no code given", "type it at the prompt, or send it to standard input: echo 123456 | ssoexchange code "+display.ShellWord(profile))
	}
	return code, nil
}

// codeOutcome is the answer to a code: who is signed in, or the error.
type codeOutcome struct {
	Version int        `json:"version"`
	Profile string     `json:"profile"`
	User    string     `json:"user,omitempty"`
	Expires *time.Time `json:"expires_at_estimate,omitempty"`
	Error   *codeError `json:"error,omitempty"`
}

type codeError struct {
	Code       string `json:"code"`
	Step       string `json:"step,omitempty"`
	Message    string `json:"message"`
	Hint       string `json:"hint,omitempty"`
	RetryAfter int    `json:"retry_after,omitempty"`
}

func (a *app) tellOutcome(resp *http.Response) error {
	var out codeOutcome
	if err := json.NewDecoder(io.LimitReader(resp.Body, files.MaxSize)).Decode(&out); err != nil {
		return &clierror.Error{Code: "bad_answer", Text: fmt.Sprintf("the refresher answered %d and no outcome", resp.StatusCode)}
	}
	if err := out.err(); err != nil {
		return err
	}
	if a.flags.json {
		return display.JSON(a.stdout, out)
	}
	fmt.Fprintf(a.stdout, "signed in as %s\n", out.User)
	return nil
}

// outcomeError is an error that another process has told of.
type outcomeError struct{ codeError }

func (e *outcomeError) Error() string    { return e.Message }
func (e *outcomeError) HintText() string { return e.Hint }
func (e *outcomeError) RetryAfter() time.Duration {
	return time.Duration(e.codeError.RetryAfter) * time.Second
}

// Is gives the error the kind that its code names.
func (e *outcomeError) Is(target error) bool { return clierror.IsKind(e.Code, target) }

func stdinIsTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
