package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) logoutCommand() *cobra.Command {
	var local, forgetDevice bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the session at Jira and at the identity provider, and forget it",
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

func (a *app) logout(ctx context.Context, local, forgetDevice bool) error {
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	if !local {
		if err := client.Logout(ctx); err != nil {
			return err
		}
	}
	if local || forgetDevice {
		err = errors.Join(err, client.Forget(ctx, forgetDevice))
	}
	if err == nil && !a.flags.json {
		fmt.Fprintf(a.stdout, "signed out of %s\n", client.Identity().SP)
	}
	return err
}
