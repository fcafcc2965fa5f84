package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/doctor"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/sso"
)

type doctorFlags struct {
	signIn bool
	ticket string
}

func (a *app) doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check every step of the exchange, and say how to put right what fails",
		Example: `  ssoexchange doctor -p work
  ssoexchange doctor -p work --sign-in                # walk the exchange, with the time of each step
  ssoexchange doctor -p work --sign-in --ticket OPS-1 # and read one ticket as the final proof
  ssoexchange doctor -p work --json | jq -r '.[] | select(.status != "ok") | .check + ": " + .hint'`,
		Long: `doctor looks at everything that a sign-in needs, one line for each check: ok, warn or
fail, and below the last two what to do. It goes on after a failure with all that does not
depend on it. fail means that no sign-in can work until it is put right; the exit status
is that of the first fail ("ssoexchange help exit-codes"), and 0 without any.

It does not sign in and sends no password and no code, unless --sign-in is given: then the
exchange is made as "login" makes it, if nothing has failed before. The passwords of a
Crowd application and of a mailbox are tried first, alone. A secret that was refused before
is not sent again. --ticket uses a live stored session, and signs in if there is none.

  config                          the connection: values, files, warnings
  state, state.key, state.records the state directory, its key, what is in it; or --store
  state.lease                     with --store: one is given, and taken back
  keyring                         the OS keyring
  addresses                       URL, SSOLoginURL, SSOExchangeURL and Domain are what they should be (shown if not)
  secrets                         the sources of secrets can be read
  idp.name .connect .tls .clock   the way to Okta or Crowd (.proxy if one is used)
  okta.engine  okta.app           Classic or Identity Engine; the app's link
  crowd.rest  crowd.console       Crowd's REST API and its SAML console
  sp.name .connect .tls .clock    the way to Jira (.proxy if one is used)
  sp.jira  sp.base-url            Jira itself answers, and by which address it knows itself
  sp.start  sp.exchange           where Jira starts a sign-in; the assertion consumer
  session  refused                what is stored, and what would not be sent again
  crowd.application               with --sign-in: the application's name and password
  mailbox                         with --sign-in: the mailbox of MFAMailbox, and its newest mail
  sign-in.STEP  sign-in  ticket   with --sign-in and --ticket`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&f.signIn, "sign-in", false, "walk the exchange step by step if nothing failed")
	cmd.Flags().StringVar(&f.ticket, "ticket", "", "end with the summary of the ticket `KEY`, such as OPS-1")
	return cmd
}

// Ticket is an issue key or an issue's number.
var ticketKey = lazyregexp.New(`^([A-Za-z][A-Za-z0-9_]{0,63}-)?[0-9]{1,18}$`)

// doctor runs the checks.
func (a *app) doctor(ctx context.Context, f doctorFlags) error {
	if f.ticket != "" && !ticketKey().MatchString(f.ticket) {
		return configError("--ticket wants a ticket's key", "for example: --ticket OPS-1")
	}
	out, isFile := a.stdout.(*os.File)
	return doctor.Run(ctx, doctor.Options{
		SignIn: f.signIn, Ticket: f.ticket,
		Stdout: a.stdout, JSON: a.flags.json, Color: a.tui.Color && isFile && term.IsTerminal(int(out.Fd())),
		Logger:        a.logger(),
		Hint:          func(hint string) string { return nameConnection(hint, a.connectionArgs()) },
		Untried:       untried,
		Config:        func() (*sso.Config, error) { return a.quietConfig() },
		Aside:         func() string { return a.aside },
		StateIn:       a.stateIn,
		OpenStore:     a.openStore,
		ClientOptions: a.options,
	})
}
