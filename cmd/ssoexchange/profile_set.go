package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/profile"
	"github.com/ssoexchange/ssoexchange/sso"
)

type profileSetFlags struct {
	extends   string
	unset     []string
	toKeyring bool

	given func(flag string) bool
}

func (a *app) profileSetCommand() *cobra.Command {
	var f profileSetFlags
	cmd := &cobra.Command{
		Use:   "set NAME [Property=Value… | SECRET…]",
		Short: "Change properties of a profile, or rotate its secrets in the OS keyring",
		Example: `  ssoexchange profile set work MFAType=SMS Timeout=120
  ssoexchange profile set work --unset MFADevice
  ssoexchange profile set work Password            # asks for the new one; it goes to the OS keyring
  vault read -field=password okta | ssoexchange profile set work Password`,
		Long: `set changes what a profile says, with -c, --connection-file, --set and the arguments, the
later over the earlier. The rest of the file stays as it is, comments included.

A secret that is named without a value is asked for at the terminal, or read from standard
input, and goes to the OS keyring: under the name that the profile has for it already, or
under NAME/PROPERTY. If anything fails, the keyring has the old secret again. A secret is
found in one way only: PasswordFile takes the place of PasswordKeyring.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeProfile1,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags().Changed
			return a.profileSet(cmd.Context(), args[0], args[1:], f)
		},
	}
	cmd.Flags().StringArrayVar(&f.unset, "unset", nil, "take the `PROPERTY` out of the profile; may be repeated")
	cmd.Flags().StringVar(&f.extends, "extends", "",
		"take over what is not given from the profile `NAME`; an empty one is none")
	cmd.Flags().BoolVar(&f.toKeyring, "keyring", false, "store secrets that are given by value in the OS keyring")
	cmd.RegisterFlagCompletionFunc("extends", completeProfile)
	return cmd
}

func (a *app) profileSet(ctx context.Context, name string, args []string, f profileSetFlags) error {
	file, err := configfile.Read(configfile.Path())
	if err != nil {
		return err
	}
	p, err := file.Find(name)
	if err != nil {
		return err
	}
	properties, asked, err := profile.SortArguments(args)
	if err != nil {
		return err
	}
	given, err := a.givenSettings(properties)
	if err != nil {
		return err
	}
	var change configfile.Change
	if f.given("extends") {
		change.Extends = &f.extends
	}
	for _, u := range f.unset {
		property, err := profile.PropertyNamed(u)
		if err != nil {
			return err
		}
		change.Unset = append(change.Unset, property)
	}
	secrets, err := a.profileEditor().ChangedSecrets(ctx, p, &change, given, asked, f.toKeyring)
	if err != nil {
		return err
	}
	if len(change.Set)+len(change.Unset) == 0 && change.Extends == nil {
		return configError("nothing to set", "give properties: Name=Value…, the name of a secret, or --unset PROPERTY")
	}
	next := p.Changed(change)
	var inherited sso.Settings
	if next.Extends != "" {
		if inherited, err = file.Settings(next.Extends); err != nil {
			return err
		}
	}
	if err := a.profileEditor().Try(next, inherited); err != nil {
		return err
	}
	undo, err := oskeyring.Store(ctx, secrets)
	if err != nil {
		return err
	}
	if err := file.Set(p, change); err != nil {
		return errors.Join(err, undo(ctx))
	}
	if !a.flags.json {
		a.tui.Printf("profile %s is changed, in %s", name, file.Path)
	}
	return nil
}
