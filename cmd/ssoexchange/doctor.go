package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
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

// ticketKey is an issue key or an issue's number.
var ticketKey = lazyregexp.New(`^([A-Za-z][A-Za-z0-9_]{0,63}-)?[0-9]{1,18}$`)

// doctor runs the checks and reports them as they come.
func (a *app) doctor(ctx context.Context, f doctorFlags) error {
	if f.ticket != "" && !ticketKey().MatchString(f.ticket) {
		return configError("--ticket wants a ticket's key", "for example: --ticket OPS-1")
	}
	d := &doctor{app: a}
	if out, ok := a.stdout.(*os.File); ok {
		d.color = a.tui.Color && term.IsTerminal(int(out.Fd()))
	}
	cfg := d.config()
	store := d.state(ctx, cfg)
	if cfg != nil {
		d.exchange(ctx, cfg, store, f)
	}
	return d.verdict()
}

// doctor gathers findings.
type doctor struct {
	*app
	color  bool
	all    []findingJSON
	failed []sso.Finding
}

type findingJSON struct {
	Version int    `json:"version"`
	Check   string `json:"check"`
	Status  string `json:"status"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (d *doctor) report(f sso.Finding) {
	if f.Status == sso.FindingFail {
		d.failed = append(d.failed, f)
	}
	f.Hint = nameConnection(f.Hint, d.connectionArgs())
	d.all = append(d.all, findingJSON{1, f.Check, string(f.Status), f.Message, f.Hint})
	if d.flags.json {
		return
	}
	color := map[sso.FindingStatus]string{sso.FindingOK: "32", sso.FindingWarn: "33", sso.FindingFail: "31"}[f.Status]
	status := fmt.Sprintf("%-4s", f.Status)
	if d.color {
		status = "\x1b[" + color + "m" + status + "\x1b[0m"
	}
	fmt.Fprintf(d.stdout, "%s  %-18s %s\n", status, f.Check, display.OneLine(f.Message))
	if f.Hint != "" && f.Status != sso.FindingOK {
		fmt.Fprintf(d.stdout, "      hint: %s\n", display.OneLine(f.Hint))
	}
}

func (d *doctor) ok(check, format string, args ...any) {
	d.report(sso.Finding{Check: check, Status: sso.FindingOK, Message: fmt.Sprintf(format, args...)})
}

func (d *doctor) warn(check, message, hint string) {
	d.report(sso.Finding{Check: check, Status: sso.FindingWarn, Message: message, Hint: hint})
}

func (d *doctor) fail(check string, err error) { d.report(sso.FindingOf(check, "", err)) }

// verdict prints what --json prints, and turns the first failure into the error of
// the command.
func (d *doctor) verdict() error {
	if d.flags.json {
		if err := display.JSON(d.stdout, d.all); err != nil {
			return err
		}
	}
	if len(d.failed) == 0 {
		return nil
	}
	return &doctorError{len(d.failed), d.failed[0]}
}

// doctorError has the kind of the first check that failed.
type doctorError struct {
	failed int
	first  sso.Finding
}

func (e *doctorError) Error() string {
	if e.failed == 1 {
		return "1 check failed: " + e.first.Check
	}
	return fmt.Sprintf("%d checks failed, the first is %s", e.failed, e.first.Check)
}

func (e *doctorError) Unwrap() error { return e.first.Err }

// HintText does not repeat the hints that stand under the checks.
func (e *doctorError) HintText() string { return "each fail above says what to do" }

// config reports on the connection; nil if it cannot be used.
func (d *doctor) config() *sso.Config {
	cfg, err := d.quietConfig()
	if err != nil {
		f := sso.FindingOf("config", "", err)
		if f.Hint == "" {
			f.Hint = "see: ssoexchange properties"
		}
		d.report(f)
		return nil
	}
	id := cfg.Identity()
	d.ok("config", "%s as %s at %s, for %s", id.Scheme, id.User, id.IdP, id.SP)
	if d.aside != "" {
		d.warn("config", d.aside, "unset "+connectionEnv+" if nothing else needs it")
	}
	for _, w := range cfg.Warnings {
		d.warn("config", w, "correct or remove the property")
	}
	return cfg
}

// exchange looks at all that the client can look at, and walks on if asked to.
func (d *doctor) exchange(ctx context.Context, cfg *sso.Config, store sso.Store, f doctorFlags) {
	client, err := d.openConfig(ctx, cfg, store)
	if err != nil {
		d.fail("config", err)
		return
	}
	defer client.Close()
	client.Diagnose(ctx, d.report)
	if !f.signIn && f.ticket == "" {
		return
	}
	if len(d.failed) > 0 {
		d.warn("sign-in", "not tried: "+d.failed[0].Check+" failed", "put right what failed, and run this again")
		return
	}
	d.walk(ctx, cfg, f)
}
