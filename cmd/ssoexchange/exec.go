package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/childenv"
)

// cookieFileEnv names the file with the session for a command run by exec.
const cookieFileEnv = "SSOEXCHANGE_COOKIE_FILE"

// headerFileEnv names the file with the header lines of a scheme without cookies, as curl -H @FILE
// reads it.
const headerFileEnv = "SSOEXCHANGE_HEADER_FILE"

func (a *app) execCommand() *cobra.Command {
	var f cookiesFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGS]",
		Short: "Run a command with the session in a cookie file",
		Example: `  ssoexchange exec -- sh -c 'curl -sb "$SSOEXCHANGE_COOKIE_FILE" https://jira.example.com/rest/api/2/myself'
  ssoexchange exec -p work -- ./nightly-report.py
  ssoexchange exec --format header -- sh -c 'curl -H "Cookie: $(cat "$SSOEXCHANGE_COOKIE_FILE")" https://jira.example.com/'`,
		Long: `exec runs COMMAND with the session's cookies in a file, readable by you only, whose path
is in the environment variable SSOEXCHANGE_COOKIE_FILE. It signs in first if that is
needed. The file is removed when COMMAND ends; COMMAND's exit status becomes that of exec
(128 and the signal's number if a signal ended it). Signals are passed on to COMMAND. If
exec itself is killed (SIGKILL), the file stays behind until the next exec removes it.

COMMAND finds no other secret in its environment: variables that begin with SSOEXCHANGE_
are taken out, except for those that name the profile, the configuration file, the state
directory and how to log. exec inside exec is refused.

With a scheme whose requests carry a header (Basic, PAT) the variable is
SSOEXCHANGE_HEADER_FILE, and the file has the header's line: curl -H @"$SSOEXCHANGE_HEADER_FILE".

The file is not renewed while COMMAND runs: give what runs for hours a --min-ttl, or use
the proxy.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.exec(cmd.Context(), f, args) },
	}
	cmd.Flags().SetInterspersed(false) // the flags of COMMAND are its own
	f.register(cmd, "netscape")
	return cmd
}

func (a *app) exec(ctx context.Context, f cookiesFlags, args []string) error {
	for _, env := range []string{cookieFileEnv, headerFileEnv} {
		if os.Getenv(env) != "" {
			return configError("exec inside of exec", "this command runs with a session already: it is in $"+env)
		}
	}
	format, err := f.chosen("netscape")
	if err != nil {
		return err
	}
	// Before anybody is asked for a code: is there something to run?
	path, err := exec.LookPath(args[0])
	if err != nil {
		return configError("cannot run "+args[0]+": "+reason(err), "give the command's full path, or check PATH")
	}
	client, cfg, err := a.connect(ctx, false, f.options)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := f.session(ctx, client)
	if err != nil {
		return err
	}
	a.tellUser(cfg, session)
	var data bytes.Buffer
	if !session.HasCookies() {
		if err := writeAuthorization(&data, session, cfg.URL); err != nil {
			return err
		}
		return a.runWith(ctx, path, args, headerFileEnv, data.Bytes())
	}
	a.warnOmitted(format, session.Cookies)
	if err := cookiejar.Write(&data, format, session.Cookies, cfg.URL); err != nil {
		return err
	}
	return a.runWith(ctx, path, args, cookieFileEnv, data.Bytes())
}

// runWith runs a command with a file of secrets that the variable env names, and removes the file
// whatever happens.
func (a *app) runWith(ctx context.Context, path string, args []string, env string, data []byte) error {
	// From here on signals are the command's to deal with; without a handler they
	// would end this process and leave the file behind.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sweepCookieFiles(a.logger())
	file, err := writeCookieFile(data)
	if err != nil {
		return err
	}
	defer file.remove()

	cmd := &exec.Cmd{Path: path, Args: args, Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr}
	cmd.Env = childenv.Of(os.Environ(), env+"="+file.path)
	if err := startWithCores(cmd); err != nil {
		return configError("cannot run "+args[0]+": "+reason(err), "")
	}
	a.hasChild.Store(true)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if !fromTerminal(s) {
				cmd.Process.Signal(s)
			}
		case err := <-ended:
			return childStatus(cmd, err)
		}
	}
}

// reason is an error without the path in front of it.
func reason(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return err.Error()
}

// childStatus passes on how the command ended.
func childStatus(cmd *exec.Cmd, err error) error {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("exec: %w", err) // its input or output broke
	}
	status := cmd.ProcessState.ExitCode()
	if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		status = 128 + int(w.Signal())
	}
	if status == 0 {
		return nil
	}
	return &clierror.Exit{Status: status}
}
