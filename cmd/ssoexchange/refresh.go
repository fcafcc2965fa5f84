package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
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
	flags.BoolVar(&f.now, "now", false, "ask the running refresh to look at the profiles now, all of them without names, and wait for the outcome")
	cmd.MarkFlagsMutuallyExclusive("now", "once")
	flags.StringVar(&f.listen, "listen", "", "serve /healthz, /readyz and /metrics on this loopback `ADDRESS` or unix:/path")
	flags.StringVar(&f.socket, "socket", "", "`PATH` of the socket on which codes are handed in and looks asked for")
	flags.StringVarP(&f.output, "output", "o", "", "with -c or -p: write the session to `FILE` (mode 0600, replaced at once)")
	flags.StringVar(&f.format, "format", string(cookiejar.Netscape), "format of --output")
	flags.StringSliceVar(&f.command, "exec", nil, "with -c or -p: run `COMMAND,ARGUMENT,…` after a change, without a shell")
	return cmd
}

// addOutput adds what the flags say to a profile.
func (f refreshFlags) addOutput(p *refreshProfile) error {
	if err := checkFormat(f.format); err != nil {
		return configError("--format: "+err.Error(), "")
	}
	if f.output == "-" {
		return configError("--output - is not a file",
			"standard output is /dev/stdout; a single look at it is: ssoexchange cookies")
	}
	if f.output != "" {
		p.outputs = append(p.outputs, refreshOutput{f.output, cookiejar.Format(f.format)})
	}
	if len(f.command) > 0 {
		p.command = f.command
	}
	return nil
}

// webhookTime bounds the tries to deliver, and so the wait for them at the end.
const webhookTime = 30 * time.Second

// refreshService is the running command.
type refreshService struct {
	app       *app
	store     sso.Store
	refresher *sso.Refresher
	metrics   *refreshMetrics
	logger    *slog.Logger

	mu      sync.Mutex
	jobs    map[string]*refreshJob
	webhook *webhook // nil: none
	told    sync.WaitGroup
	undone  map[string]error // by profile: why its session was not handed over
	untold  map[string]error // by profile: why the webhook was not delivered
}

func (a *app) refresh(ctx context.Context, names []string, f refreshFlags) error {
	// Nobody is there: the log says it all.
	a.tui.NoInput, a.tui.Quiet, a.tui.Events, a.tui.Log = true, true, false, a.logger()
	config, jobs, err := a.refreshPlan(names, f)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	k := &refreshService{app: a, store: store, jobs: make(map[string]*refreshJob), logger: a.logger()}
	config.options.Observe, config.options.Logger = k.observe, k.logger
	config.options.Hint = func(name string, err error) string {
		return a.refreshHint(name, sso.Code(err), sso.Hint(err), !f.once)
	}
	if f.once {
		config.options.Spread = -1
	}
	k.refresher = sso.NewRefresher(config.options)
	k.metrics = newRefreshMetrics(k.refresher.Status)
	k.configure(config)
	if err := k.keep(ctx, jobs); err != nil {
		return err
	}
	defer k.told.Wait()
	if f.once {
		return k.once(ctx)
	}
	return k.run(ctx, config, names, f)
}

// configure takes over what a reload may change.
func (k *refreshService) configure(c *refreshConfig) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.webhook = nil
	if c.webhook != nil {
		k.webhook = newWebhook(c.webhook, c.webhookHeader)
	}
}

// run keeps the jobs until ctx ends, which is no error.
func (k *refreshService) run(ctx context.Context, c *refreshConfig, names []string, f refreshFlags) error {
	servers, err := k.serve(ctx, c)
	if err != nil {
		return err
	}
	defer servers.stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	look := make(chan os.Signal, 1)
	notifyLook(look)
	defer signal.Stop(look)
	done := make(chan error, 1)
	go func() { done <- k.refresher.Run(ctx) }()
	service := k.service(ctx)
	k.logger.Info("keeping sessions", "profiles", len(k.refresher.Names()))
	for {
		select {
		case <-hangup:
			service.reloading()
			k.reload(ctx, names, f)
			service.ready()
		case <-look:
			k.logger.Info("a look at every session was asked for")
			k.refresher.WakeAll()
		case <-ctx.Done():
			service.stopping()
			k.logger.Info("stopping when the sign-ins under way are done")
			<-done
			return nil
		}
	}
}

// reload reads the configuration again. One that is wrong changes nothing.
func (k *refreshService) reload(ctx context.Context, names []string, f refreshFlags) {
	config, jobs, err := k.app.refreshPlan(names, f)
	if err == nil {
		err = k.keep(ctx, jobs)
	}
	if err != nil {
		k.logger.Error("the configuration was not taken over", "error", err.Error(), "hint", k.app.hintFor(err))
		return
	}
	k.configure(config)
	k.logger.Info("configuration read; listen, socket and bounds change with a restart", "profiles", len(jobs))
}

// observe is told what happened by the refresher.
func (k *refreshService) observe(ctx context.Context, e sso.RefreshEvent) {
	k.metrics.observe(e)
	job := k.job(e.Name)
	if job == nil {
		return // it was removed meanwhile
	}
	if e.Session != nil {
		job.warnOmitted(k.logger, e.Session)
		err := job.publish(ctx, e.Session)
		k.note(&k.undone, e.Name, err)
		if err != nil {
			k.metrics.outputs.Inc(e.Name)
			k.logger.Error("the session was not handed over", "name", e.Name, "error", err.Error())
		}
	}
	k.mu.Lock()
	hook := k.webhook
	k.mu.Unlock()
	if e.Kind != sso.RefreshStopped || hook == nil {
		return
	}
	k.told.Go(func() {
		result := "ok"
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webhookTime)
		defer cancel()
		needed := personNeededFor(e)
		needed.Hint = k.app.refreshHint(e.Name, needed.Code, needed.Hint, true)
		defer k.app.tui.WaitsFor("the webhook of " + e.Name + " to be delivered")()
		if err := hook.send(ctx, needed); err != nil {
			result = "failed"
			k.note(&k.untold, e.Name, err)
			k.logger.Error("the webhook was not delivered", "name", e.Name, "error", err.Error())
		}
		k.metrics.webhooks.Inc(result)
	})
}

// once gives each job one turn. The first that is not live decides the exit status, and
// if all are, the first of which those whom it is for did not hear.
func (k *refreshService) once(ctx context.Context) error {
	if err := k.refresher.Once(ctx); err != nil {
		return err
	}
	k.told.Wait()
	var first error
	bad := 0
	all := k.refresher.Status()
	for _, s := range all {
		if s.State == sso.RefreshLive || k.job(s.Name).profile.optional {
			continue
		}
		if bad++; first == nil {
			first = &outcomeError{codeError{Code: s.Code, Message: s.Name + ": " + s.Reason, Hint: s.Hint}}
		}
	}
	switch {
	case bad > 1:
		return fmt.Errorf("%d of %d profiles have no live session; %w", bad, len(all), first)
	case bad == 1:
		return first
	}
	return k.notHandedOver()
}
