// Command ssoexchange signs in at Okta, Atlassian Crowd and others without a browser and
// hands over the session cookies of the Jira behind it.
//
// Data goes to standard output, everything else to standard error. Run
// "ssoexchange help" for the commands, "ssoexchange help exit-codes" for what the
// exit status means.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/coredump"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/usage"
)

func main() {
	delayCollector()
	// net/http and other libraries print by it what a server has sent. Our own words go
	// through log/slog with a handler of our own.
	log.SetOutput(io.Discard)
	coredump.Forbid()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: arguments and streams in, exit status out.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&app{stdin: stdin, stdout: stdout, stderr: stderr}).run(args)
}

func (a *app) run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a.signalled = ctx.Done()
	a.tui = terminal.New(a.stderr)
	defer a.endInTime(ctx, stop, os.Exit)()
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = a.noHelp
	}
	var exit *clierror.Exit // of a child, which has dealt with the signal itself
	if err != nil && ctx.Err() != nil && !errors.As(err, &exit) {
		a.reportInterrupted(err)
		return exitInterrupted
	}
	return a.report(err)
}

// app is what the commands share: the streams, the global flags and the terminal.
type app struct {
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	tui     *terminal.Terminal
	flags   globalFlags
	noStore bool  // sessions and open sign-ins end with the command
	noHelp  error // --help was given for a command that does not exist

	hasChild atomic.Bool // a child of exec runs, which deals with signals itself

	aside     string          // a note: what of the environment does not count; "" for nothing
	signalled <-chan struct{} // closed by the signal that ends the program; nil in tests
	piped     string          // the connection string from standard input; "": not read yet

	// dial makes the connections; nil, and only tests change that, is a net.Dialer.
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "ssoexchange",
		Short: "Session cookies for Jira behind SAML single sign-on, without a browser",
		Long: `ssoexchange signs in at Okta, Atlassian Crowd or another identity provider with a login
form, answers the second factor, posts the SAML assertion to Jira and prints the session
cookies; or it holds a token of OAuth, an API token or a password. It keeps what it
learnt (the session, the remembered device) encrypted in a state directory, so that the
next call needs no sign-in as long as the session lives.`,
		Example: `  # See it work against built-in simulated servers; needs nothing
  ssoexchange demo

  # Who am I? (signs in first if that is needed)
  curl -b <(ssoexchange cookies --format netscape) https://jira.example.com/rest/api/2/myself

  # The connection in the environment, the password in a file
  export SSOEXCHANGE_CONNECTION='AuthScheme=Okta;URL=https://jira.example.com;SSOLoginURL=https://example.okta.com/home/jira/0oa1/42;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;User=ana@example.com;PasswordFile=/run/secrets/okta'
  ssoexchange api /rest/api/2/issue/OPS-1`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.ValidateFlagGroups(); err != nil {
			return usage.FlagError(cmd, err)
		}
		return a.prepare()
	}
	root.SetHelpFunc(a.helpFlag)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage.FlagError(cmd, err) })
	a.flags.register(root)
	root.Version = version()
	root.SetUsageFunc(usage.Print)
	root.SetHelpCommand(usage.HelpCommand(root))
	a.addCommands(root)
	usage.AddCompletion(root)
	usage.MarkArgs(root)
	return root
}
