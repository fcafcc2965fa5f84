package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
)

func (a *app) authorizeURLCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "authorize-url",
		Short: "Print the address at which a person consents (OAuth)",
		Long: `authorize-url begins an authorization for a person whose browser is on another machine.
It prints the address to open, and keeps what the answer is checked against. The browser ends at
CallbackURL, where nothing needs to listen: copy the address that it shows then, whole, and finish
with login. The code in it is good for some seconds or minutes, and for one use.`,
		Example: `  ssoexchange authorize-url -p work
  ssoexchange login -p work --set OAuthVerifier='http://localhost:33333/?code=…&state=…'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.authorizeURL(cmd.Context()) },
	}
}

func (a *app) authorizeURL(ctx context.Context) error {
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	page, err := client.AuthorizationURL(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return display.JSON(a.stdout, struct {
			URL       string `json:"url"`
			AuthToken string `json:"authToken,omitempty"`
		}{page.URL, page.AuthToken})
	}
	_, err = fmt.Fprintln(a.stdout, page.URL)
	return err
}
