package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/sessions"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) loginCommand() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in now, even if a live session is stored",
		Long: `login signs in even if a live session is stored, and stores the new one.

The identity provider may have a session, too, which is enough to sign in whatever the
password is; login says then that the password was not tried. With --fresh that session
does not count, and the password is really sent. It is kept if the sign-in fails.

With OAuth a person consents in a browser, which login opens; where a stored token can be renewed,
that is enough, and --fresh asks for consent anew. Without a browser here: authorize-url.`,
		Example: `  ssoexchange login
  ssoexchange login --set MFAType=SMS                        # exits 4: a code was sent
  ssoexchange login --set MFAType=SMS --set MFAPassCode=8111  # goes on where the first call ended
  ssoexchange login --fresh                                  # is the password right?
  ssoexchange login --retry-refused                          # the account is unlocked again`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.login(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&f.fresh, "fresh", false, "do not use the identity provider's session: the password is tried")
	cmd.Flags().BoolVar(&f.noBrowser, "no-browser", false, "OAuth: show the address of the consent page and ask for the answer, instead of opening a browser")
	cmd.Flags().BoolVar(&f.retryRefused, "retry-refused", false, "send a secret once more that was refused before")
	return cmd
}

type loginFlags struct{ fresh, retryRefused, noBrowser bool }

func (a *app) login(ctx context.Context, f loginFlags) error {
	client, cfg, err := a.connect(ctx, false, func(o *sso.Options) { o.Authorize = a.consent(f.noBrowser) })
	if err != nil {
		return err
	}
	defer client.Close()
	if f.retryRefused {
		if err := client.ClearRefusal(ctx); err != nil {
			return err
		}
	}
	signIn := client.Login
	if f.fresh {
		signIn = client.LoginFresh
	}
	s, err := signIn(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		info := sessions.Of(client.Identity(), s)
		info.PasswordTried = &s.PasswordTried
		return display.JSON(a.stdout, info)
	}
	if text, hint := untried(cfg, s, f.fresh); text != "" {
		a.tui.Printf("%s", text)
		a.tui.Hint(nameConnection(hint, a.connectionArgs()))
	}
	fmt.Fprintf(a.stdout, "signed in at %s as %s, %s\n", client.Identity().SP, s.User, display.Until(s))
	return nil
}
