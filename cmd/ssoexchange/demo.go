package main

import (
	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/lab"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run the whole exchange against built-in simulated servers; needs nothing",
		Long: `demo starts two simulated Okta organisations (one of each engine), a Crowd and a Jira on
loopback, with real HTTPS and really signed assertions, signs in at each, and shows every
request, the cookies, and the user that Jira names. Nothing leaves this machine and
nothing is stored.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return lab.Demo(cmd.Context(), a.stdout, lab.DemoOptions{
				Title:  func(s string) string { return a.tui.Paint("1", s) },
				Client: &sso.Options{Logger: a.logger(), UserAgent: "ssoexchange/" + version()},
			})
		},
	}
}
