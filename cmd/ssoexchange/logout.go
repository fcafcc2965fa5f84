package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) logoutCommand() *cobra.Command {
	var local, forgetDevice bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the session at Jira and at the identity provider, and forget it",
		Long: `logout ends the session at Jira and the one at the identity provider, asks whether they
are over, and forgets them. If a server is away or in maintenance its session may live on:
the exit status is 7, what is needed to end it is kept, and logout can be called again.`,
		Example: `  ssoexchange logout
  ssoexchange logout --forget-device   # the next sign-in asks for the second factor again
  ssoexchange logout --local           # tell no server`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.logout(cmd.Context(), local, forgetDevice) },
	}
	cmd.Flags().BoolVar(&forgetDevice, "forget-device", false, "forget the remembered device, too")
	cmd.Flags().BoolVar(&local, "local", false, "only forget; the sessions at the servers go on until they expire")
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

func (a *app) logout(ctx context.Context, local, forgetDevice bool) error {
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	id := client.Identity()
	info := logoutInfo{1, id.SP, id.IdP, "forgotten", "forgotten"}
	if !local {
		ended, endErr := client.EndSessions(ctx)
		err, info.SPSession, info.IdPSession = endErr, ended.SP, ended.IdP
	}
	if err == nil && (local || forgetDevice) {
		err = client.Forget(ctx, forgetDevice)
	}
	if err != nil && info.SPSession == "" {
		return err // nothing has been done
	}
	if a.flags.json {
		return errors.Join(display.JSON(a.stdout, info), err)
	}
	for _, line := range info.lines(local) {
		fmt.Fprintln(a.stdout, line)
	}
	return err
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
