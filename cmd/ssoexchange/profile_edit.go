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
	secrets, err := a.splitSecrets(ctx, &p, given, inherited, toKeyring)
	if err != nil {
		return err
	}
	if err := a.tryProfile(p, inherited); err != nil {
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

// splitSecrets puts what may stand in a file into p, and returns the secrets that are for
// the keyring.
func (a *app) splitSecrets(ctx context.Context, p *configfile.Profile, given, inherited sso.Settings,
	toKeyring bool) ([]oskeyring.Item, error) {
	var secrets []oskeyring.Item
	toItem := func(property, value string) {
		item := oskeyring.Item{Account: p.Name + "/" + property, Secret: func() string { return value }}
		secrets = append(secrets, item)
		p.Fields = append(p.Fields, configfile.Field{Name: property + "Keyring", Value: item.Account})
	}
	hasPassword := false
	for _, settings := range []sso.Settings{inherited, given} {
		for _, n := range settings.Names() {
			property, _ := configfile.SecretSource(n)
			hasPassword = hasPassword || property == "Password"
		}
	}
	for _, n := range given.Names() {
		value, _, _ := given.Lookup(n)
		_, source := configfile.SecretSource(n)
		switch {
		case source != configfile.LiteralSecret || value == "":
			p.Fields = append(p.Fields, configfile.Field{Name: n, Value: value})
		case !toKeyring:
			return nil, configError(n+" is not written to the file in clear", "use --keyring, or give "+n+"File or "+n+"Command")
		default:
			toItem(n, value)
		}
	}
	if toKeyring && !hasPassword && a.tui.CanAsk() {
		password, err := a.askPassword(ctx, "profile "+p.Name)
		if err != nil {
			return nil, err
		}
		toItem("Password", password)
	}
	if toKeyring && len(secrets) == 0 {
		return nil, configError("--keyring, and there is no secret to store",
			"give Password, or run this in a terminal to be asked for it")
	}
	return secrets, nil
}

// tryProfile refuses values that no connection can have. A profile that lacks
// something is fine: others may extend it.
func (a *app) tryProfile(p configfile.Profile, inherited sso.Settings) error {
	if len(p.Fields) == 0 && p.Extends == "" {
		return configError("the profile would be empty", "give properties: Name=Value…, or -c CONNECTION")
	}
	all := inherited
	for _, field := range p.Fields {
		one, err := sso.Setting(field.Name, field.Value)
		if err != nil {
			return err
		}
		all = sso.Merge(all, one.From("profile "+p.Name))
	}
	_, _, hasScheme := all.Lookup("AuthScheme")
	if !hasScheme { // so that the other values are looked at all the same
		scheme, err := sso.Setting("AuthScheme", "Okta")
		if err != nil {
			return err
		}
		all = sso.Merge(all, scheme)
	}
	cfg, err := sso.NewConfig(all, oskeyring.Secret)
	var bad *sso.ConfigError
	switch {
	case errors.As(err, &bad) && strings.HasPrefix(bad.Problem, "required"):
		a.tui.Printf("the profile is not complete (%s is missing, for one), which is fine for one that others extend",
			bad.Property)
	case err != nil:
		return err
	case !hasScheme:
		a.tui.Printf("the profile is not complete (AuthScheme is missing), which is fine for one that others extend")
	default:
		for _, w := range cfg.Warnings {
			a.tui.Warn(w)
		}
	}
	return nil
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
