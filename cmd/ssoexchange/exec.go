package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/child"
	"github.com/ssoexchange/ssoexchange/cookiejar"
)

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
	for _, env := range []string{child.CookieFileEnv, child.HeaderFileEnv} {
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
		return configError("cannot run "+args[0]+": "+child.Reason(err), "give the command's full path, or check PATH")
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
		return a.runWith(ctx, path, args, child.HeaderFileEnv, data.Bytes())
	}
	a.warnOmitted(format, session.Cookies)
	if err := cookiejar.Write(&data, format, session.Cookies, cfg.URL); err != nil {
		return err
	}
	return a.runWith(ctx, path, args, child.CookieFileEnv, data.Bytes())
}

// runWith runs a command with a file of secrets that the variable env names.
func (a *app) runWith(ctx context.Context, path string, args []string, env string, secrets []byte) error {
	c := child.Command{Path: path, Args: args, Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr,
		Env: env, Secrets: secrets, Logger: a.logger(), Started: func() { a.hasChild.Store(true) }}
	return c.Run(ctx)
}
