package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/profile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/sessions"
	"github.com/ssoexchange/ssoexchange/sso"
)

type statusFlags struct {
	check  bool
	minTTL time.Duration
	watch  time.Duration // 0: one look
	prune  bool
}

// leastWatch is the shortest time between two looks of --watch: each asks every site.
const leastWatch = 5 * time.Second

func (a *app) statusCommand() *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what is stored and ask Jira whether it still works; never signs in",
		Long: `status lists the stored sessions, a line each, and asks each SP whether its session still
works. It never signs in. With a connection (-c, -p, environment) it looks at that one only.
With --check or a connection, a Jira that does not say (it is down, or in maintenance) is an
error: the exit status is 7, not that of a session that has ended.

Below a session it says which secrets were refused, and why "refresh" has stopped looking
after it: since when, and what a person can do.

--prune leaves what OAuth has brought, since a token that has ended is renewed without a
person; "ssoexchange logout" ends it. It forgets nothing while a profile cannot be read.

What is stored is in the state directory (--state-dir). "ssoexchange logout --all" ends and
forgets all sessions; when nothing runs, the directory may be removed as a whole, unless
factors are enrolled: their secrets are nowhere else (ssoexchange enroll list).`,
		Example: `  ssoexchange status
  ssoexchange status --watch
  ssoexchange status --prune          # forgets sessions that have ended and that no profile names
  ssoexchange status --check --min-ttl 15m || ssoexchange login`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "exit with 1 unless every session shown is live")
	cmd.Flags().DurationVar(&f.minTTL, "min-ttl", 0,
		"with --check: count a session that is estimated to end sooner as not live")
	cmd.Flags().DurationVar(&f.watch, "watch", 0,
		"look again and again, every `INTERVAL` (30s; at least 5s), until interrupted")
	cmd.Flags().Lookup("watch").NoOptDefVal = "30s"
	cmd.Flags().BoolVar(&f.prune, "prune", false,
		"forget what is stored of sessions that have ended and that no profile names, remembered devices included")
	cmd.MarkFlagsMutuallyExclusive("watch", "check")
	cmd.MarkFlagsMutuallyExclusive("watch", "prune")
	return cmd
}

func (a *app) status(ctx context.Context, f statusFlags) error {
	if f.watch != 0 && f.watch < leastWatch {
		return configError("--watch looks every 5 s at the most", "for example: --watch=30s")
	}
	if f.prune && a.connectionGiven() {
		return configError("--prune is for all that is stored",
			"leave the connection out; one session is forgotten by: ssoexchange logout")
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	if f.watch == 0 {
		return a.statusOnce(ctx, store, f)
	}
	screen := a.stdoutIsTerminal() && !a.flags.json
	for {
		if screen {
			fmt.Fprint(a.stdout, "\x1b[H\x1b[2J")
		}
		if err := a.statusOnce(ctx, store, f); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-time.After(f.watch):
		case <-ctx.Done():
			return nil
		}
	}
}

// statusOnce takes one look at what is stored, and prints it.
func (a *app) statusOnce(ctx context.Context, store sso.Store, f statusFlags) error {
	entries, listErr := a.storedEntries(ctx, store)
	if a.connectionGiven() {
		cfg, err := a.config()
		if err != nil {
			return err
		}
		id := cfg.Identity()
		entries = slices.DeleteFunc(entries, func(e sso.Entry) bool { return e.Identity != id })
		if len(entries) == 0 && listErr != nil {
			return listErr // what cannot be read is not absent
		}
		if len(entries) == 0 {
			entries = []sso.Entry{{Identity: id, Connection: cfg.Public()}}
		}
	}
	profiles := profilesByIdentity()
	infos, unknown := a.lookAtAll(ctx, store, entries, profiles)
	if len(infos) == 0 && listErr != nil {
		return listErr
	}
	if f.prune {
		if err := a.prune(ctx, store, entries, infos, profiles); err != nil {
			return err
		}
	}
	if err := a.printStatus(infos); err != nil {
		return err
	}
	live := len(infos) > 0 && !slices.ContainsFunc(infos, func(i sessions.Info) bool {
		return !i.Live || f.minTTL > 0 && time.Until(*i.Expires) < f.minTTL
	})
	switch {
	case listErr != nil:
		return listErr
	case unknown != nil && f.watch == 0 && (f.check || a.connectionGiven()): // a watch waits an outage out
		return unknown
	case f.check && !live:
		return &clierror.Error{Code: "no_session", Text: "no live session", Hint: "sign in with: ssoexchange login"}
	}
	return nil
}

// storedEntries lists what is stored, by site and login.
func (a *app) storedEntries(ctx context.Context, store sso.Store) ([]sso.Entry, error) {
	defer a.tui.WaitsFor("the stored state to be read")()
	entries, err := sso.Entries(ctx, store)
	slices.SortFunc(entries, func(x, y sso.Entry) int {
		return cmp.Or(strings.Compare(x.Identity.SP, y.Identity.SP), strings.Compare(x.Identity.User, y.Identity.User),
			strings.Compare(x.Identity.IdP, y.Identity.IdP))
	})
	return entries, err
}

// statusWorkers is how many sites are asked at once.
const statusWorkers = 8

// lookAtAll asks about all entries, in their order. The error is the first, of those, that says why
// something is not known.
func (a *app) lookAtAll(ctx context.Context, store sso.Store, entries []sso.Entry,
	profiles map[sso.Identity]profileConfig) (infos []sessions.Info, unknown error) {
	infos = make([]sessions.Info, len(entries))
	errs := make([]error, len(entries))
	var wg sync.WaitGroup
	slots := make(chan struct{}, statusWorkers)
	for i, e := range entries {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			infos[i], errs[i] = a.look(ctx, store, e, profiles)
			args := a.entryArgs(infos[i].Profile)
			infos[i].CompleteHints(func(hint string) string { return nameConnection(hint, args) })
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return infos, err
		}
	}
	return infos, nil
}

// prune forgets identities that nobody needs: their session has ended, and no profile names them.
// A refusal is kept in any case: a secret that was refused is not sent again because of it. So are the
// tokens of OAuth: an access token that has ended is renewed by what is stored beside it.
func (a *app) prune(ctx context.Context, store sso.Store, entries []sso.Entry, infos []sessions.Info,
	profiles map[sso.Identity]profileConfig) error {
	// Which identities profiles name has to be known for certain.
	f, err := configfile.Read(configfile.Path())
	if err == nil {
		err = profile.Check(f)
	}
	if err != nil {
		return err
	}
	for i, info := range infos {
		if info.Live || info.Error != "" || info.Profile != "" || len(info.Refusals) > 0 ||
			strings.HasPrefix(info.Scheme, "OAuth") {
			continue
		}
		cfg, err := a.configOf(entries[i], profiles)
		if err != nil {
			return err
		}
		client, err := a.openConfig(ctx, cfg, store)
		if err != nil {
			return err
		}
		err = client.Forget(ctx, true)
		client.Close()
		if err != nil {
			return err
		}
		infos[i].Pruned = true
	}
	return nil
}

// look asks the SP of one entry whether its session works. The error says why that is not
// known.
func (a *app) look(ctx context.Context, store sso.Store, e sso.Entry,
	profiles map[sso.Identity]profileConfig) (sessions.Info, error) {
	info := sessions.Of(e.Identity, nil)
	info.Profile = profiles[e.Identity].name
	info.Refused, info.Refusals, info.Stopped = e.Refused, sessions.Refusals(e.Refusals), sessions.Stopped(e.Stopped)
	if e.Obtained.IsZero() {
		return info, nil
	}
	cfg, err := a.configOf(e, profiles)
	if err == nil {
		var client *sso.Client
		if client, err = a.openConfig(ctx, cfg, store); err == nil {
			defer client.Close()
			var s *sso.Session
			if s, err = client.Check(ctx); err == nil {
				noted := info
				info = sessions.Of(e.Identity, s)
				info.Profile = noted.Profile
				info.Refused, info.Refusals, info.Stopped = noted.Refused, noted.Refusals, noted.Stopped
				return info, nil
			}
		}
	}
	if errors.Is(err, sso.ErrNoSession) {
		return info, nil
	}
	info.Error = err.Error()
	return info, err
}

// configOf returns the configuration of a stored identity: that of this command or of the profile
// that has the identity, else what the store knows. The store has no secrets, and a scheme whose
// credential is a secret of the configuration cannot be checked without it.
func (a *app) configOf(e sso.Entry, profiles map[sso.Identity]profileConfig) (*sso.Config, error) {
	if a.connectionGiven() {
		return a.quietConfig()
	}
	if p, ok := profiles[e.Identity]; ok {
		return p.cfg, nil
	}
	settings, err := sso.ParseSettings(e.Connection)
	if err != nil {
		return nil, err
	}
	return sso.NewConfig(settings, oskeyring.Secret)
}
