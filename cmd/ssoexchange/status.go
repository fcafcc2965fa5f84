package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) statusCommand() *cobra.Command {
	var check bool
	var minTTL time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what is stored and ask Jira whether it still works; never signs in",
		Long: `status lists the stored sessions and asks each SP whether its session still works. It
never signs in. With a connection (-c, -p, environment) it looks at that one only. With
--check or a connection, a Jira that does not say (it is down, or in maintenance) is an
error: the exit status is 7, not that of a session that has ended.

It also says which secrets were refused, and why "refresh" has stopped looking after an
identity: since when, and what a person can do.`,
		Example: `  ssoexchange status
  ssoexchange status --check --min-ttl 15m || ssoexchange login`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context(), check, minTTL) },
	}
	cmd.Flags().BoolVar(&check, "check", false, "exit with 1 unless every session shown is live")
	cmd.Flags().DurationVar(&minTTL, "min-ttl", 0, "with --check: count a session that is estimated to end sooner as not live")
	return cmd
}

func (a *app) status(ctx context.Context, check bool, minTTL time.Duration) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	stop := a.tui.WaitsFor("the stored state to be read")
	entries, listErr := sso.Entries(ctx, store)
	stop()
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
	live := len(entries) > 0
	infos := []sessionInfo{}
	var unknown error // why it was not said whether a session works
	for _, e := range entries {
		info, err := a.look(ctx, store, e)
		if unknown == nil {
			unknown = err
		}
		info.nameConnection(a.entryArgs(e.Identity))
		infos = append(infos, info)
		if !info.Live || minTTL > 0 && time.Until(*info.Expires) < minTTL {
			live = false
		}
	}
	if len(infos) == 0 && listErr != nil {
		return listErr
	}
	if err := a.printStatus(infos); err != nil {
		return err
	}
	if listErr != nil {
		return listErr
	}
	if unknown != nil && (check || a.connectionGiven()) {
		return unknown
	}
	if check && !live {
		return &clierror.Error{Code: "no_session", Text: "no live session", Hint: "sign in with: ssoexchange login"}
	}
	return nil
}

// look asks the SP of one entry whether its session works. The error says why that is not
// known.
func (a *app) look(ctx context.Context, store sso.Store, e sso.Entry) (sessionInfo, error) {
	info := sessionJSON(e.Identity, nil)
	info.Refused, info.Refusals, info.Stopped = e.Refused, refusalsJSON(e.Refusals), stoppedJSON(e.Stopped)
	if e.Obtained.IsZero() {
		return info, nil
	}
	cfg, err := a.configOf(e)
	if err == nil {
		var client *sso.Client
		if client, err = a.openConfig(ctx, cfg, store); err == nil {
			defer client.Close()
			var s *sso.Session
			if s, err = client.Check(ctx); err == nil {
				noted := info
				info = sessionJSON(e.Identity, s)
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
func (a *app) configOf(e sso.Entry) (*sso.Config, error) {
	if a.connectionGiven() {
		return a.quietConfig()
	}
	if _, cfg := profileOf(e.Identity); cfg != nil {
		return cfg, nil
	}
	settings, err := sso.ParseSettings(e.Connection)
	if err != nil {
		return nil, err
	}
	return sso.NewConfig(settings, oskeyring.Secret)
}

func (a *app) printStatus(infos []sessionInfo) error {
	if a.flags.json {
		return display.JSON(a.stdout, infos)
	}
	if len(infos) == 0 {
		fmt.Fprintln(a.stdout, "nothing is stored")
	}
	for _, i := range infos {
		fmt.Fprintf(a.stdout, "%s\n  %s\n", i.SP, i.account())
		switch {
		case i.Live:
			fmt.Fprintf(a.stdout, "  live: signed in as %s since %s, until about %s\n", i.User,
				i.Obtained.Local().Format("2006-01-02 15:04"), i.Expires.Local().Format("2006-01-02 15:04"))
		case i.Error != "":
			fmt.Fprintf(a.stdout, "  unknown: %s\n", i.Error)
		default:
			fmt.Fprintln(a.stdout, "  no live session")
		}
		var said []string // hints
		for _, r := range i.Refusals {
			fmt.Fprintf(a.stdout, "  %s was refused on %s, and is not sent again until it changes: %s\n",
				r.Property, r.Since.Local().Format("2006-01-02 15:04"), display.OneLine(r.Reason))
			a.statusHint(r.Hint)
			said = append(said, r.Hint)
		}
		if s := i.Stopped; s != nil {
			fmt.Fprintf(a.stdout, "  refresh has stopped (%s) since %s: %s\n", s.Code, s.Since.Local().Format("2006-01-02 15:04"), display.OneLine(s.Reason))
			if !slices.Contains(said, s.Hint) {
				a.statusHint(s.Hint)
			}
		}
	}
	return nil
}

// account says whose session it is. A scheme of tokens has no login, and one without an IdP no IdP.
func (i *sessionInfo) account() string {
	text := i.Login
	if i.IdP != "" {
		text += " at " + i.IdP
	}
	return strings.TrimSpace(text + " (" + i.Scheme + ")")
}

func (a *app) statusHint(hint string) {
	if hint != "" {
		fmt.Fprintf(a.stdout, "    hint: %s\n", display.OneLine(hint))
	}
}

// whyNot is why something is not done by itself any more, in the machine-readable
// output.
type whyNot struct {
	Property string    `json:"property,omitempty"` // of a refused secret
	Since    time.Time `json:"since"`
	Code     string    `json:"code"` // as the errors of --json
	Reason   string    `json:"reason"`
	Hint     string    `json:"hint,omitempty"`
}

func refusalsJSON(refusals []*sso.RefusedBeforeError) []whyNot {
	var list []whyNot
	for _, r := range refusals {
		list = append(list, whyNot{Property: r.Property, Since: r.At.UTC().Truncate(time.Second), Code: sso.Code(r), Reason: r.Text, Hint: r.HintText()})
	}
	return list
}

func stoppedJSON(s *sso.Stopped) *whyNot {
	if s == nil {
		return nil
	}
	return &whyNot{Since: s.Since.UTC().Truncate(time.Second), Code: s.Code, Reason: s.Reason, Hint: s.Hint}
}
