package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// globalFlags are the flags that every command has.
type globalFlags struct {
	connection     string
	connectionFile string
	profile        string
	set            []string
	stateDir       string
	store          string
	noInput        bool
	logLevel       string
	logFormat      string
	json           bool
	noColor        bool

	all *pflag.FlagSet // these flags, to see which were given
}

func (g *globalFlags) register(root *cobra.Command) {
	f := root.PersistentFlags()
	g.all = f
	f.StringVarP(&g.connection, "connection", "c", "",
		"connection string, over the environment and a profile (env SSOEXCHANGE_CONNECTION)")
	f.StringVar(&g.connectionFile, "connection-file", "", "read the connection string from `FILE`, - for standard input")
	f.StringVarP(&g.profile, "profile", "p", "", "named connection from the configuration file (env SSOEXCHANGE_PROFILE)")
	f.StringArrayVar(&g.set, "set", nil, "set one property, `Name=Value`; may be repeated")
	f.StringVar(&g.stateDir, "state-dir", "", "where sessions and devices are kept (env SSOEXCHANGE_STATE_DIR)")
	f.StringVar(&g.store, "store", "",
		"keep them in `URL` instead, for many hosts: redis://HOST/DB, rediss://… "+
			"(env SSOEXCHANGE_STORE; key in SSOEXCHANGE_STATE_KEY)")
	f.BoolVar(&g.noInput, "no-input", false, "never prompt (env SSOEXCHANGE_NO_INPUT)")
	f.StringVar(&g.logLevel, "log-level", "warn", "debug, info, warn or error")
	f.StringVar(&g.logFormat, "log-format", "text", "text or json")
	f.BoolVar(&g.json, "json", false, "machine-readable results and errors")
	f.BoolVar(&g.noColor, "no-color", false, "no colour (env NO_COLOR)")
	root.RegisterFlagCompletionFunc("log-level",
		cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	root.RegisterFlagCompletionFunc("log-format",
		cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.RegisterFlagCompletionFunc("set", completeSet)
	root.RegisterFlagCompletionFunc("profile", completeProfile)
}

// completeSet offers the names of the properties.
func completeSet(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, p := range sso.Properties() {
		names = append(names, p.Name+"=")
	}
	return names, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// prepare looks at the flags and the environment before a command runs.
func (a *app) prepare() error {
	g := &a.flags
	if _, err := g.level(); err != nil {
		return err
	}
	if g.logFormat != "text" && g.logFormat != "json" {
		return configError(fmt.Sprintf("unknown log format %q", g.logFormat), "use --log-format text or json")
	}
	if err := a.checkConnectionFlags(); err != nil {
		return err
	}
	a.tui.NoInput = g.noInput
	if !g.all.Changed("no-input") {
		a.tui.NoInput = envTrue("SSOEXCHANGE_NO_INPUT") || envTrue("CI")
	}
	a.tui.Quiet, a.tui.Events = g.json, g.json
	a.tui.UseColor(g.noColor)
	return nil
}

func envTrue(name string) bool {
	switch strings.ToLower(os.Getenv(name)) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

func (g *globalFlags) level() (slog.Level, error) {
	switch g.logLevel {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, configError(fmt.Sprintf("unknown log level %q", g.logLevel), "use --log-level debug, info, warn or error")
}

func (a *app) logger() *slog.Logger {
	level, _ := a.flags.level()
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: withUnit}
	if a.flags.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(a.stderr, o))
	}
	return slog.New(slog.NewTextHandler(a.stderr, o))
}

// withUnit writes a duration as "1.5s", which JSON would have as a number of nanoseconds.
func withUnit(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// config merges what describes the connection, and warns of what is odd about it.
func (a *app) config() (*sso.Config, error) {
	cfg, err := a.quietConfig()
	if err != nil {
		return nil, err
	}
	if a.aside != "" {
		a.tui.Printf("%s", a.aside)
	}
	for _, w := range cfg.Warnings {
		a.tui.Warn(w)
	}
	return cfg, nil
}

// quietConfig is config without the warnings.
func (a *app) quietConfig() (*sso.Config, error) {
	profile, err := a.profileSettings()
	if err != nil {
		return nil, err
	}
	settings, err := a.layered(profile, "")
	if err != nil {
		return nil, err
	}
	if len(settings.Names()) == 0 {
		return nil, configError("no connection given", noConnectionHint())
	}
	return sso.NewConfig(settings, oskeyring.Secret)
}

// stateDir returns the name of the state directory, which need not exist.
func (a *app) stateDir() (string, error) {
	if a.flags.stateDir != "" {
		return a.flags.stateDir, nil
	}
	if dir := os.Getenv("SSOEXCHANGE_STATE_DIR"); dir != "" {
		return dir, nil
	}
	dir, err := filestore.DefaultDir()
	if err != nil {
		return "", clierror.State(err)
	}
	return dir, nil
}

// connect returns the client of the connection that the flags describe, with the
// stored state unless noStore. Nothing is dialled.
func (a *app) connect(ctx context.Context, noStore bool,
	change ...func(*sso.Options)) (*sso.Client, *sso.Config, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	var store sso.Store = &sso.MemoryStore{}
	if a.noStore = noStore; !noStore {
		if store, err = a.openStore(); err != nil {
			return nil, nil, err
		}
		if store, err = a.storeFor(cfg, store); err != nil {
			return nil, nil, err
		}
	}
	opts := a.options(cfg, store)
	if cfg.OAuth.Initiate == "GETANDREFRESH" || cfg.Scheme == "OAuthDevice" {
		opts.Authorize = a.consent(false)
	}
	for _, f := range change {
		f(opts)
	}
	client, err := sso.OpenConfig(ctx, cfg, opts)
	return client, cfg, err
}

func (a *app) openConfig(ctx context.Context, cfg *sso.Config, store sso.Store) (*sso.Client, error) {
	store, err := a.storeFor(cfg, store)
	if err != nil {
		return nil, err
	}
	return sso.OpenConfig(ctx, cfg, a.options(cfg, store))
}

// options are what every client of the program gets.
func (a *app) options(cfg *sso.Config, store sso.Store) *sso.Options {
	opts := &sso.Options{Store: store, Logger: a.logger(), UserAgent: "ssoexchange/" + version(), Dial: a.dial,
		Mailbox: a.mailbox, Waiting: a.tui.Waiting}
	if a.tui.HasTerminal() {
		opts.Answerer = a.tui
		opts.Password = func(ctx context.Context) (string, error) { return a.askPassword(ctx, cfg.User) }
	} else {
		opts.Answerer = a.tui.Watcher()
	}
	return opts
}

// input opens what the command line names.
func (a *app) input() files.Input {
	return files.Input{Stdin: a.stdin, Signalled: a.signalled, WaitsFor: a.tui.WaitsFor}
}
