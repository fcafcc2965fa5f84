package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/profile"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) profileAddCommand() *cobra.Command {
	var toKeyring bool
	var extends string
	cmd := &cobra.Command{
		Use:   "add NAME [Property=Value…]",
		Short: "Add a profile; secrets by reference, or to the OS keyring",
		Example: `  ssoexchange profile add work AuthScheme=Okta User=ana@example.com \
      SSOLoginURL=https://example.okta.com/home/jira/0oa1/42 \
      SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer \
      PasswordFile=/run/secrets/okta
  ssoexchange profile add test --extends work URL=https://jira-test.example.com
  ssoexchange profile add work --connection-file connection.txt --keyring  # its secrets go to the keyring`,
		Long: `add writes a profile to the configuration file, with what -c, --connection-file, --set and
the arguments say, the later over the earlier. The rest of the file stays as it is,
comments included.

A secret is not written to the file. Name where it is kept (PasswordFile, PasswordCommand,
PasswordKeyring), or give --keyring: then secrets that are given by value go to the OS
keyring (service "ssoexchange"), and the file says under which name. Without a Password
--keyring asks for it. What stands in an argument can be seen by others on this machine:
prefer the question, or --connection-file.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.profileAdd(cmd.Context(), args[0], extends, args[1:], toKeyring)
		},
	}
	cmd.Flags().BoolVar(&toKeyring, "keyring", false,
		"store secrets in the OS keyring; ask for the password if there is none")
	cmd.Flags().StringVar(&extends, "extends", "", "take over what is not given from the profile `NAME`")
	cmd.RegisterFlagCompletionFunc("extends", completeProfile)
	return cmd
}

func (a *app) profileRemoveCommand() *cobra.Command {
	var fromKeyring bool
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Aliases: []string{"rm"},
		Short:   "Remove a profile",
		Example: `  ssoexchange logout -p work && ssoexchange profile remove work --keyring
  ssoexchange profile remove work`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeProfile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.profileRemove(cmd.Context(), args[0], fromKeyring)
		},
	}
	cmd.Flags().BoolVar(&fromKeyring, "keyring", false, "remove its secrets from the OS keyring, too")
	return cmd
}

func (a *app) profileAdd(ctx context.Context, name, extends string, args []string, toKeyring bool) error {
	if err := configfile.CheckName(name); err != nil {
		return err
	}
	f, err := configfile.Read(configfile.Path())
	if err != nil {
		return err
	}
	if _, err := f.Find(name); err == nil {
		return configError(fmt.Sprintf("there is a profile %q already, in %s", name, f.Path),
			"change it with: ssoexchange profile set "+name+", or remove it first: ssoexchange profile remove "+name)
	}
	var inherited sso.Settings
	if extends != "" {
		if inherited, err = f.Settings(extends); err != nil {
			return err
		}
	}
	given, err := a.givenSettings(args)
	if err != nil {
		return err
	}
	p := configfile.Profile{Name: name, Extends: extends}
	secrets, err := a.profileEditor().NewSecrets(ctx, &p, given, inherited, toKeyring)
	if err != nil {
		return err
	}
	if err := a.profileEditor().Try(p, inherited); err != nil {
		return err
	}
	undo, err := oskeyring.Store(ctx, secrets)
	if err != nil {
		return err
	}
	if err := f.Add(p); err != nil {
		return errors.Join(err, undo(ctx))
	}
	if !a.flags.json {
		a.tui.Printf("profile %s is in %s", name, f.Path)
	}
	return nil
}

// givenSettings reads what the new profile shall say. The environment is left out:
// it would be a surprise to find it in a file.
func (a *app) givenSettings(args []string) (sso.Settings, error) {
	var connection sso.Settings
	if a.flags.connection != "" || a.flags.connectionFile != "" {
		var err error
		if connection, err = a.connectionSettings(); err != nil {
			return sso.Settings{}, err
		}
	}
	flags, err := a.setSettings()
	if err != nil {
		return sso.Settings{}, err
	}
	all := sso.Merge(connection, flags)
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return sso.Settings{}, configError("a property needs the form Name=Value", "for example: AuthScheme=Okta")
		}
		one, err := configfile.Setting(name, value, "write Name=Value")
		if bad := (*sso.ConfigError)(nil); errors.As(err, &bad) {
			bad.Origin = "" // it stands there as an argument, not as --set
		}
		if err != nil {
			return sso.Settings{}, &sso.StepError{Step: "config", Err: err}
		}
		all = sso.Merge(all, one)
	}
	return all, nil
}

func (a *app) profileRemove(ctx context.Context, name string, fromKeyring bool) error {
	f, err := configfile.Read(configfile.Path())
	if err != nil {
		return err
	}
	p, err := f.Find(name)
	if err != nil {
		return err
	}
	if err := f.Remove(p); err != nil {
		return err
	}
	if name == f.Default {
		a.tui.Printf("there is no default profile any more")
	}
	if !fromKeyring {
		return nil
	}
	var gone []string
	for _, account := range p.KeyringAccounts() {
		others := func(other configfile.Profile) bool {
			return other.Name != name && slices.Contains(other.KeyringAccounts(), account)
		}
		if !slices.ContainsFunc(f.Profiles, others) {
			gone = append(gone, account)
		}
	}
	return oskeyring.Remove(ctx, gone)
}

// profileEditor makes and changes profiles, and talks to whoever runs the program.
func (a *app) profileEditor() profile.Editor {
	return profile.Editor{Terminal: a.tui, Stdin: a.stdin, AskPassword: a.askPassword}
}
