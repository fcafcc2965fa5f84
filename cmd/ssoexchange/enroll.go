package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/passkey"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) enrollCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enroll",
		Short: "Give a bot a second factor of its own at Okta",
		Long: `enroll enrols a second factor at Okta that works with nobody there, where the organisation
allows it: a passkey (a WebAuthn key that this program holds) or the seed of an
authenticator app. The secret is kept in the state directory, encrypted, and later
sign-ins use it. An administrator sees the factor and can revoke it.

With an APIToken of the connection, an administrator enrols for the user: nobody signs in
and the user's password is not needed. Without one, the factor is enrolled in a sign-in of
the user, if the organisation offers that there.

It never happens by itself: sign-ins skip every offer to enrol something.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.enrollOneCommand("passkey", mfa.Passkey), a.enrollOneCommand("totp", mfa.TOTP),
		a.enrollListCommand(), a.enrollRemoveCommand())
	return cmd
}

func (a *app) enrollOneCommand(name string, kind mfa.Kind) *cobra.Command {
	var replace bool
	cmd := &cobra.Command{Use: name, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.enroll(cmd.Context(), kind, replace) }}
	if kind == mfa.Passkey {
		cmd.Short = "Enrol a passkey"
		cmd.Long = `enroll passkey makes a WebAuthn key and registers it for the user. It satisfies policies
that want a factor which resists phishing. To the organisation it is an authenticator of
the kind ` + passkey.AAGUID + `, without certificate, whose keys can be
copied: an administrator can allow or refuse it by that.`
		cmd.Example = `  ssoexchange enroll passkey -p bot --set APITokenFile=/run/secrets/okta-admin
  ssoexchange login -p bot --set MFAType=Passkey`
		return cmd
	}
	cmd.Short = "Enrol the seed of an authenticator app (Google Authenticator)"
	cmd.Long = `enroll totp enrols Google Authenticator for the user and keeps its seed, from which codes are
computed. A user has one: where there is one already, nothing is done, unless --replace
says that its codes are to end. On a person's account that is the person's telephone.`
	cmd.Example = `  ssoexchange enroll totp -p bot --set APITokenFile=/run/secrets/okta-admin
  ssoexchange login -p bot --set MFAType=GoogleAuthenticator`
	cmd.Flags().BoolVar(&replace, "replace", false, "end the codes of the authenticator app that the user has")
	return cmd
}

// enrolledInfo is an enrolled factor in machine-readable output. Fields are only ever added.
type enrolledInfo struct {
	Version  int       `json:"version"` // 1
	Kind     string    `json:"kind"`    // "passkey", "totp"
	ID       string    `json:"id,omitempty"`
	Name     string    `json:"name,omitempty"` // the host of a passkey, the issuer of a seed
	Key      string    `json:"key,omitempty"`  // credential id of a passkey
	User     string    `json:"user"`
	IdP      string    `json:"idp"`
	Pending  bool      `json:"pending"` // nobody knows yet whether Okta has activated it
	Enrolled time.Time `json:"enrolled_at"`
}

func newEnrolledInfo(f sso.EnrolledFactor, id sso.Identity) enrolledInfo {
	return enrolledInfo{1, string(f.Kind), f.ID, f.Name, f.Key, id.User, id.IdP, f.Pending, f.Enrolled}
}

// handle is by what a factor is removed.
func (i enrolledInfo) handle() string {
	return cmp.Or(i.ID, i.Key, i.Kind)
}

func (a *app) enroll(ctx context.Context, kind mfa.Kind, replace bool) error {
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	f, err := client.Enroll(ctx, kind, replace)
	info := newEnrolledInfo(f, client.Identity())
	if err != nil {
		switch {
		case f.Pending && f.ID != "":
			a.tui.Warn("whether Okta has activated the factor is not known; its secret is kept, " +
				"and the next enroll with an APIToken asks")
		case f.Pending:
			a.tui.Warn("whether Okta has activated the factor is not known; its secret is kept")
		case f.Kind != "":
			a.tui.Warn("the factor is enrolled, and its secret is kept; the sign-in failed after that")
		}
		return err
	}
	if a.flags.json {
		return display.JSON(a.stdout, info)
	}
	fmt.Fprintf(a.stdout, "enrolled %s for %s at %s: %s\n", info.Kind, info.User, info.IdP, info.handle())
	if kind == mfa.Passkey {
		a.tui.Printf("an administrator sees it as an authenticator of the kind %s", passkey.AAGUID)
	}
	remove := "ssoexchange enroll remove " + display.ShellWord(info.handle()) + " " + a.connectionArgs()
	a.tui.Hint("to revoke it: " + strings.TrimSpace(remove))
	return nil
}

func (a *app) enrollListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the factors that are enrolled and stored here",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.enrollList(cmd.Context()) },
	}
}

func (a *app) enrollList(ctx context.Context) error {
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	all, err := client.EnrolledFactors(ctx)
	if err != nil {
		return err
	}
	infos := []enrolledInfo{}
	for _, f := range all {
		infos = append(infos, newEnrolledInfo(f, client.Identity()))
	}
	if a.flags.json {
		return display.JSON(a.stdout, infos)
	}
	for _, i := range infos {
		state := "active"
		if i.Pending {
			state = "not known to be active"
		}
		fmt.Fprintf(a.stdout, "%s  %s  %s  %s  %s\n", i.Kind, i.handle(), i.Name, i.Enrolled.Format(time.DateOnly), state)
	}
	if len(infos) == 0 {
		a.tui.Printf("nothing is enrolled for %s", client.Identity().User)
	}
	return nil
}

func (a *app) enrollRemoveCommand() *cobra.Command {
	var local bool
	cmd := &cobra.Command{
		Use:   "remove ID",
		Short: "Revoke an enrolled factor at Okta and forget its secret",
		Long: `enroll remove revokes the factor at Okta, which takes the APIToken of an administrator, and
then forgets its secret. Running sessions go on: end them with logout.`,
		Example: `  ssoexchange enroll remove fwf2n5… -p bot --set APITokenFile=/run/secrets/okta-admin
  ssoexchange enroll remove fwf2n5… -p bot --local   # an administrator has removed it at Okta`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, _, err := a.connect(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer client.Close()
			if err := client.RemoveFactor(cmd.Context(), args[0], local); err != nil {
				return err
			}
			if local {
				a.tui.Warn("Okta was not told: what it has registered stays there until an administrator removes it")
			}
			fmt.Fprintf(a.stdout, "removed %s\n", args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&local, "local", false, "forget the secret and tell nobody")
	return cmd
}
