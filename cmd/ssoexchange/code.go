package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/refreshd"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
)

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
	cmd.Flags().StringVar(&socket, "socket", "",
		"`PATH` of the refresher's socket (default refresh.socket of the configuration file)")
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
	f, err := configfile.Read(configfile.Path())
	if err != nil {
		return "", err
	}
	c, err := f.RefreshSection()
	if err != nil {
		return "", err
	}
	return c.SocketPath(a.stateDir)
}

func (a *app) handIn(ctx context.Context, profile, socket string) error {
	socket, err := a.findSocket(socket)
	if err != nil {
		return err
	}
	r := refreshd.NewClient(socket, a.tui.WaitsFor)
	code, err := a.readCode(ctx, r, profile)
	if err != nil {
		return err
	}
	out, err := r.HandIn(ctx, profile, code)
	if err != nil {
		return err
	}
	return a.tellOutcome(out)
}

func (a *app) readCode(ctx context.Context, r refreshd.Client, profile string) (string, error) {
	var code string
	if a.tui.HasTerminal() && terminal.IsTerminal(a.stdin) {
		// Which code, or the answer to which question.
		status, err := r.Status(ctx, profile)
		if err != nil {
			return "", err
		}
		if status.Code == "passcode_needed" {
			reason := display.OneLine(status.Reason)
			a.tui.Printf("%s waits: %s", profile, reason)
			a.tui.Emit(terminal.Event{Name: "code_asked", Message: reason})
		}
		answer, err := a.tui.AskCode(ctx, "code for "+profile+": ")
		if errors.Is(err, terminal.ErrNobody) {
			return "", &clierror.Error{Code: "passcode_needed",
				Text: "the code cannot be asked for: this process is in the background of its terminal",
				Hint: "run it in the foreground, or send the code to standard input: echo 123456 | ssoexchange code " +
					display.ShellWord(profile)}
		}
		if err != nil {
			return "", err
		}
		code = answer
	} else {
		line, err := bufio.NewReader(io.LimitReader(a.stdin, refreshd.MaxCode+1)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", configError("reading the code: "+err.Error(), "")
		}
		code = line
	}
	if code = strings.TrimSpace(code); code == "" || len(code) > refreshd.MaxCode {
		return "", configError("no code given",
			"type it at the prompt, or send it to standard input: echo 123456 | ssoexchange code "+display.ShellWord(profile))
	}
	return code, nil
}

func (a *app) tellOutcome(out refreshd.Outcome) error {
	if err := out.Err(); err != nil {
		return err
	}
	if a.flags.json {
		return display.JSON(a.stdout, out)
	}
	fmt.Fprintf(a.stdout, "signed in as %s\n", out.User)
	return nil
}
