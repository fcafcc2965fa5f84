package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/refreshd"
	"github.com/ssoexchange/ssoexchange/cookiejar"
)

type refreshFlags struct {
	once    bool
	now     bool
	listen  string
	socket  string
	output  string
	format  string
	command []string
}

func (a *app) refreshCommand() *cobra.Command {
	var f refreshFlags
	cmd := &cobra.Command{
		Use:   "refresh [PROFILE…]",
		Short: "Keep sessions alive and write them where bots read them; runs until it is stopped",
		Long: `refresh keeps the sessions of the named profiles alive: without names those of the section
"refresh" of the configuration file, or all profiles. With -c, -p or the environment it
keeps that one connection. It asks Jira about each session every few minutes (check_every
in the section "refresh", 5m), which keeps it alive, renews it in the cheapest way that
works, and signs in only when it must.

What it cannot do alone stops that profile only: a refused secret, a locked account, a
code that nobody gave. It is said once, in the log and to the webhook, and remembered;
nothing is tried until the secret or the configuration changes, a code is handed in
with "ssoexchange code PROFILE", or somebody signs in with "ssoexchange login".

SIGTERM stops it when the sign-ins under way are done. SIGHUP reads the configuration
file again. SIGUSR1, "ssoexchange refresh --now [PROFILE…]" and POST /check/PROFILE on the
socket have sessions looked at without delay, as after a restart of Jira. Under systemd
(Type=notify) it reports readiness, status and watchdog. Away from a terminal it logs JSON.`,
		Example: `  ssoexchange refresh
  ssoexchange refresh work --listen 127.0.0.1:9464
  ssoexchange refresh -c "$CONNECTION" --output /run/bots/jira.txt --format netscape
  ssoexchange refresh --once          # from a timer: one look at each, then exit
  ssoexchange refresh --now work      # Jira was restarted: the running refresh looks at once`,
		ValidArgsFunction: completeProfile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flag := cmd.Flag("log-format"); !flag.Changed && !a.tui.IsTerminal() {
				a.flags.logFormat = "json"
			}
			if flag := cmd.Flag("log-level"); !flag.Changed {
				a.flags.logLevel = "info"
			}
			// A variable that is not set must not end in a session that nobody is given.
			for _, name := range []string{"output", "exec", "listen", "socket"} {
				if flag := cmd.Flag(name); flag.Changed && strings.Trim(flag.Value.String(), "[] ") == "" {
					return configError("--"+name+" is empty",
						"is the variable set that you gave it? leave the flag out if it is not wanted")
				}
			}
			if f.now {
				return a.refreshNow(cmd.Context(), args, f.socket)
			}
			return a.refresh(cmd.Context(), args, f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.once, "once", false, "look at each session once, renew what needs it, and exit")
	flags.BoolVar(&f.now, "now", false,
		"ask the running refresh to look at the profiles now, all of them without names, and wait for the outcome")
	cmd.MarkFlagsMutuallyExclusive("now", "once")
	flags.StringVar(&f.listen, "listen", "",
		"serve /healthz, /readyz and /metrics on this loopback `ADDRESS` or unix:/path")
	flags.StringVar(&f.socket, "socket", "", "`PATH` of the socket on which codes are handed in and looks asked for")
	flags.StringVarP(&f.output, "output", "o", "",
		"with -c or -p: write the session to `FILE` (mode 0600, replaced at once)")
	flags.StringVar(&f.format, "format", string(cookiejar.Netscape), "format of --output")
	flags.StringSliceVar(&f.command, "exec", nil,
		"with -c or -p: run `COMMAND,ARGUMENT,…` after a change, without a shell")
	return cmd
}

// addOutput adds what the flags say to a profile.
func (f refreshFlags) addOutput(p *configfile.RefreshProfile) error {
	if err := configfile.CheckFormat(f.format); err != nil {
		return configError("--format: "+err.Error(), "")
	}
	if f.output == "-" {
		return configError("--output - is not a file",
			"standard output is /dev/stdout; a single look at it is: ssoexchange cookies")
	}
	if f.output != "" {
		p.Outputs = append(p.Outputs, configfile.Output{File: f.output, Format: cookiejar.Format(f.format)})
	}
	if len(f.command) > 0 {
		p.Command = f.command
	}
	return nil
}

func (a *app) refresh(ctx context.Context, names []string, f refreshFlags) error {
	// Nobody is there: the log says it all.
	a.tui.NoInput, a.tui.Quiet, a.tui.Events, a.tui.Log = true, true, false, a.logger()
	return refreshd.Run(ctx, refreshd.Options{
		Once:      f.once,
		Plan:      func() (*configfile.Refresh, []*refreshd.Job, error) { return a.refreshPlan(names, f) },
		OpenStore: a.openStore,
		Open:      a.openConfig,
		StateDir:  a.stateDir,
		Logger:    a.logger(),
		Version:   version(),
		WaitsFor:  a.tui.WaitsFor,
		Hint:      a.hintFor,
		TurnHint:  func(name, code, hint string) string { return a.refreshHint(name, code, hint, !f.once) },
	})
}
