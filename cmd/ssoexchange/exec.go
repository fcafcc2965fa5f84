package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/child"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

func (a *app) execCommand() *cobra.Command {
	var f cookiesFlags
	var env string
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGS]",
		Short: "Run a command with the session in a cookie file, or in its environment",
		Example: `  ssoexchange exec -- sh -c 'curl -sb "$SSOEXCHANGE_COOKIE_FILE" https://jira.example.com/rest/api/2/myself'
  ssoexchange exec -p work -- ./nightly-report.py
  ssoexchange exec --env COOKIE -- sh -c \
      'printf "Cookie: %s" "$COOKIE" | curl -H @- https://jira.example.com/rest/api/2/myself'
  ssoexchange exec --format json -- node report.js   # reads the file that SSOEXCHANGE_COOKIE_FILE names`,
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

With --env there is no file: the variable of that name holds the value of the header that
authorizes a request (Cookie, or Authorization), or the session in --format. Other processes
of the user can read it, and all can if it becomes an argument; prefer the file.

The exit status is 127 if there is no COMMAND, and 126 if it cannot be run.

The file is not renewed while COMMAND runs: give what runs for hours a --min-ttl, or use
the proxy.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flag := cmd.Flag("env"); flag.Changed && !envName().MatchString(env) {
				return configError("--env wants the name of a variable", "for example: --env COOKIE")
			}
			return a.exec(cmd.Context(), f, env, args)
		},
	}
	cmd.Flags().SetInterspersed(false) // the flags of COMMAND are its own
	f.register(cmd, "netscape; header with --env")
	cmd.Flags().StringVar(&env, "env", "", "put the session into the environment variable `NAME` instead of a file")
	return cmd
}

// envName is what a variable may be called.
var envName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (a *app) exec(ctx context.Context, f cookiesFlags, env string, args []string) error {
	for _, env := range []string{child.CookieFileEnv, child.HeaderFileEnv} {
		if os.Getenv(env) != "" {
			return configError("exec inside of exec", "this command runs with a session already: it is in $"+env)
		}
	}
	standard := cookiejar.Netscape
	if env != "" {
		standard = cookiejar.Header
	}
	format, err := f.chosen(standard)
	if err != nil {
		return err
	}
	// Before anybody is asked for a code: is there something to run?
	path, err := exec.LookPath(args[0])
	if err != nil {
		return child.CannotRun(args[0], err)
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
	name := child.CookieFileEnv
	if session.HasCookies() {
		a.warnOmitted(format, session.Cookies)
		err = cookiejar.Write(&data, format, session.Cookies, cfg.URL)
	} else {
		name = child.HeaderFileEnv
		err = writeAuthorization(&data, session, cfg.URL)
	}
	if err != nil {
		return err
	}
	c := child.Command{Path: path, Args: args, Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr,
		Env: name, Secrets: data.Bytes(), Logger: a.logger(), Started: func() { a.hasChild.Store(true) }}
	if env != "" {
		value := strings.TrimRight(data.String(), "\n")
		if !session.HasCookies() {
			_, value, _ = strings.Cut(value, ": ")
		}
		c.Env, c.Secrets, c.Value = env, nil, value
	}
	return c.Run(ctx)
}
