package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

type logoutFlags struct {
	all, local, forgetDevice bool
}

func (a *app) logoutCommand() *cobra.Command {
	var f logoutFlags
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the session at Jira and at the identity provider, and forget it",
		Long: `logout ends the session at Jira and the one at the identity provider, asks whether they
are over, and forgets them. If a server is away or in maintenance its session may live on:
the exit status is 7, what is needed to end it is kept, and logout can be called again.

With --all it does so for all that is stored, one after the other, and goes on after one that
fails: its error is that of the command.`,
		Example: `  ssoexchange logout
  ssoexchange logout --forget-device   # the next sign-in asks for the second factor again
  ssoexchange logout --all             # everything that is stored
  ssoexchange logout --local           # tell no server`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.all {
				return a.logoutAll(cmd.Context(), f)
			}
			return a.logout(cmd.Context(), f)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "end and forget all sessions that are stored")
	cmd.Flags().BoolVar(&f.forgetDevice, "forget-device", false, "forget the remembered device, too")
	cmd.Flags().BoolVar(&f.local, "local", false, "only forget; the sessions at the servers go on until they expire")
	return cmd
}

// logoutInfo is the machine-readable outcome. Fields are only ever added.
type logoutInfo struct {
	Version    int    `json:"version"` // 1
	SP         string `json:"sp"`
	IdP        string `json:"idp"`
	SPSession  string `json:"sp_session"`  // "ended", "kept", "none"; "forgotten": no server was told
	IdPSession string `json:"idp_session"` // likewise
}

func (a *app) logout(ctx context.Context, f logoutFlags) error {
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	info, err := endSession(ctx, client, f)
	if err != nil && info.SPSession == "" {
		return err // nothing has been done
	}
	if a.flags.json {
		return errors.Join(display.JSON(a.stdout, info), err)
	}
	a.printLogout(info, f)
	return err
}

// logoutAll ends all that is stored, and returns the first error.
func (a *app) logoutAll(ctx context.Context, f logoutFlags) error {
	if a.connectionGiven() {
		return configError("--all is for all that is stored", "leave the connection or --all out")
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	entries, first := a.storedEntries(ctx, store)
	infos := []logoutInfo{}
	profiles := profilesByIdentity()
	for _, e := range entries {
		info, err := a.logoutEntry(ctx, store, e, profiles, f)
		infos = append(infos, info)
		if err != nil && first == nil {
			first = err
		} else if err != nil {
			a.tui.Printf("%s: %s", e.Identity.SP, err)
		}
		if !a.flags.json && info.SPSession != "" {
			a.printLogout(info, f)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if a.flags.json {
		return errors.Join(display.JSON(a.stdout, infos), first)
	}
	if len(entries) == 0 && first == nil {
		fmt.Fprintln(a.stdout, "nothing is stored")
	}
	return first
}

func (a *app) logoutEntry(ctx context.Context, store sso.Store, e sso.Entry, profiles map[sso.Identity]profileConfig,
	f logoutFlags) (logoutInfo, error) {
	info := logoutInfo{Version: 1, SP: e.Identity.SP, IdP: e.Identity.IdP}
	cfg, err := a.configOf(e, profiles)
	if err != nil {
		return info, err
	}
	client, err := a.openConfig(ctx, cfg, store)
	if err != nil {
		return info, err
	}
	defer client.Close()
	return endSession(ctx, client, f)
}

// endSession ends and forgets what is stored of one identity. Without an SPSession in the outcome
// nothing has been done.
func endSession(ctx context.Context, client *sso.Client, f logoutFlags) (logoutInfo, error) {
	id := client.Identity()
	info := logoutInfo{Version: 1, SP: id.SP, IdP: id.IdP}
	if f.local {
		err := client.Forget(ctx, f.forgetDevice)
		if err == nil {
			info.SPSession, info.IdPSession = "forgotten", "forgotten"
		}
		return info, err
	}
	ended, err := client.EndSessions(ctx)
	info.SPSession, info.IdPSession = ended.SP, ended.IdP
	if err == nil && f.forgetDevice {
		err = client.Forget(ctx, true)
	}
	return info, err
}

func (a *app) printLogout(info logoutInfo, f logoutFlags) {
	for _, line := range info.lines(f.local) {
		fmt.Fprintln(a.stdout, line)
	}
}

// lines say what has been done; of what has not, the error speaks.
func (i logoutInfo) lines(local bool) []string {
	var lines []string
	switch {
	case local:
		return []string{"forgot what was stored of sessions at " + i.SP + " and " + i.IdP +
			"; no server was told, and any go on there until they expire"}
	case i.SPSession == sso.SessionNone && i.IdPSession == sso.SessionNone:
		return []string{"no session is stored for " + i.SP + "; no server was told"}
	case i.SPSession == sso.SessionEnded && i.IdPSession != sso.SessionKept:
		return []string{"signed out of " + i.SP}
	case i.SPSession == sso.SessionEnded:
		lines = append(lines, "the session at "+i.SP+" is over")
	}
	if i.IdPSession == sso.SessionEnded {
		lines = append(lines, "the session at "+i.IdP+" is over")
	}
	return lines
}
