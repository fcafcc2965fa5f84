package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) tokenCommand() *cobra.Command {
	var format string
	var minTTL time.Duration
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the access token, renewed if that is needed",
		Long: `token prints the access token and one newline, for programs that ask another one for it:
mutt, isync, msmtp, rclone, git. A stored token that is good is printed without asking any server;
else it is renewed. Several that call it at once share one renewal. It never opens a browser: where
a person has to consent the exit status is 4.

The formats: plain is the token; json has the members that golang.org/x/oauth2 and rclone use;
xoauth2 is the string that IMAP, POP and SMTP servers take with AUTHENTICATE XOAUTH2, for User.`,
		Example: `  ssoexchange token -p mail
  PassCmd "ssoexchange token -p mail"                       # isync, with AuthMechs XOAUTH2
  set imap_oauth_refresh_command="ssoexchange token -p mail" # mutt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.token(cmd.Context(), format, minTTL) },
	}
	cmd.Flags().StringVar(&format, "format", "", "plain (the default), json or xoauth2")
	cmd.Flags().DurationVar(&minTTL, "min-ttl", 0, "renew it if it ends sooner, such as 5m")
	return cmd
}

func (a *app) token(ctx context.Context, format string, minTTL time.Duration) error {
	if format == "" {
		if format = "plain"; a.flags.json {
			format = "json"
		}
	}
	if format != "plain" && format != "json" && format != "xoauth2" {
		return configError(fmt.Sprintf("unknown format %q", format), "use --format plain, json or xoauth2")
	}
	client, cfg, err := a.connect(ctx, false, func(o *sso.Options) { o.Authorize = nil })
	if err != nil {
		return err
	}
	defer client.Close()
	if format == "xoauth2" && cfg.User == "" {
		return configError("the xoauth2 format needs User", "give the address of the mailbox with User")
	}
	t, err := client.Token(ctx, minTTL)
	if err != nil {
		return err
	}
	switch format {
	case "json":
		return display.JSON(a.stdout, t)
	case "xoauth2":
		_, err = fmt.Fprintln(a.stdout, xoauth2(cfg.User, t.AccessToken))
	default:
		_, err = fmt.Fprintln(a.stdout, t.AccessToken)
	}
	return err
}

// xoauth2 is the initial response of the SASL mechanism XOAUTH2. Neither part can hold the byte that
// separates them: properties have no control characters, and tokens none but ASCII.
func xoauth2(user, token string) string {
	return base64.StdEncoding.EncodeToString([]byte("user=" + user + "\x01auth=Bearer " + token + "\x01\x01"))
}
