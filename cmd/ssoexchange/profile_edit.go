package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
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
	cmd.Flags().BoolVar(&toKeyring, "keyring", false, "store secrets in the OS keyring; ask for the password if there is none")
	cmd.Flags().StringVar(&extends, "extends", "", "take over what is not given from the profile `NAME`")
	cmd.RegisterFlagCompletionFunc("extends", completeProfile)
	return cmd
}

func (a *app) profileRemoveCommand() *cobra.Command {
	var fromKeyring bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a profile",
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

// profileName is what a profile may be called: nothing that a shell or YAML reads in
// its own way.
var profileName = lazyregexp.New(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)

// yamlWords are names that YAML 1.1 takes for something else than text.
var yamlWords = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

func (a *app) profileAdd(ctx context.Context, name, extends string, args []string, toKeyring bool) error {
	if !profileName().MatchString(name) || slices.Contains(yamlWords, strings.ToLower(name)) {
		return configError("this cannot be the name of a profile", "use letters, digits, dots, dashes and underscores, and begin with a letter")
	}
	f, err := readProfiles(configFile())
	if err != nil {
		return err
	}
	if _, err := f.find(name); err == nil {
		return configError(fmt.Sprintf("there is a profile %q already, in %s", name, f.path), "edit it there, or remove it first: ssoexchange profile remove "+name)
	}
	var inherited sso.Settings
	if extends != "" {
		if inherited, err = f.settings(extends); err != nil {
			return err
		}
	}
	given, err := a.givenSettings(args)
	if err != nil {
		return err
	}
	p := profile{name: name, extends: extends}
	secrets, err := a.splitSecrets(ctx, &p, given, inherited, toKeyring)
	if err != nil {
		return err
	}
	if err := a.tryProfile(p, inherited); err != nil {
		return err
	}
	if err := oskeyring.Store(ctx, secrets); err != nil {
		return err
	}
	if err := f.write(f.with(p), func(got *profileFile) bool {
		return slices.EqualFunc(got.profiles, append(slices.Clone(f.profiles), p), sameProfile) && got.defaultProfile == f.defaultProfile
	}); err != nil {
		return errors.Join(err, oskeyring.Remove(ctx, oskeyring.Accounts(secrets)))
	}
	if !a.flags.json {
		a.tui.Printf("profile %s is in %s", name, f.path)
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
		one, err := setting(name, value, "write Name=Value")
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
func (a *app) splitSecrets(ctx context.Context, p *profile, given, inherited sso.Settings, toKeyring bool) ([]oskeyring.Item, error) {
	var secrets []oskeyring.Item
	toItem := func(property, value string) {
		item := oskeyring.Item{Account: p.name + "/" + property, Secret: func() string { return value }}
		secrets = append(secrets, item)
		p.fields = append(p.fields, profileField{name: property + "Keyring", value: item.Account})
	}
	hasPassword := false
	for _, settings := range []sso.Settings{inherited, given} {
		for _, n := range settings.Names() {
			property, _ := secretSource(n)
			hasPassword = hasPassword || property == "Password"
		}
	}
	for _, n := range given.Names() {
		value, _, _ := given.Lookup(n)
		_, source := secretSource(n)
		switch {
		case source != literalSecret || value == "":
			p.fields = append(p.fields, profileField{name: n, value: value})
		case !toKeyring:
			return nil, configError(n+" is not written to the file in clear", "use --keyring, or give "+n+"File or "+n+"Command")
		default:
			toItem(n, value)
		}
	}
	if toKeyring && !hasPassword && a.tui.CanAsk() {
		password, err := a.askPassword(ctx, "profile "+p.name)
		if err != nil {
			return nil, err
		}
		toItem("Password", password)
	}
	if toKeyring && len(secrets) == 0 {
		return nil, configError("--keyring, and there is no secret to store", "give Password, or run this in a terminal to be asked for it")
	}
	return secrets, nil
}

// tryProfile refuses values that no connection can have. A profile that lacks
// something is fine: others may extend it.
func (a *app) tryProfile(p profile, inherited sso.Settings) error {
	if len(p.fields) == 0 && p.extends == "" {
		return configError("the profile would be empty", "give properties: Name=Value…, or -c CONNECTION")
	}
	all := inherited
	for _, field := range p.fields {
		one, err := sso.Setting(field.name, field.value)
		if err != nil {
			return err
		}
		all = sso.Merge(all, one.From("profile "+p.name))
	}
	_, _, hasScheme := all.Lookup("AuthScheme")
	if !hasScheme { // so that the other values are looked at all the same
		scheme, err := sso.Setting("AuthScheme", "Okta")
		if err != nil {
			return err
		}
		all = sso.Merge(all, scheme)
	}
	cfg, err := all.ConfigWith(sso.ParseOptions{Keyring: oskeyring.Secret})
	var bad *sso.ConfigError
	switch {
	case errors.As(err, &bad) && strings.HasPrefix(bad.Problem, "required"):
		a.tui.Printf("the profile is not complete (%s is missing, for one), which is fine for one that others extend", bad.Property)
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
	f, err := readProfiles(configFile())
	if err != nil {
		return err
	}
	p, err := f.find(name)
	if err != nil {
		return err
	}
	var rest []profile
	for _, other := range f.profiles {
		if other.name == name {
			continue
		}
		if other.extends == name {
			return configError(fmt.Sprintf("%s:%d: profile %q extends it", f.path, other.line, other.name), "remove that one first, or its "+extendsKey)
		}
		rest = append(rest, other)
	}
	def := f.defaultProfile
	if def == name {
		def = ""
	}
	if err := f.write(f.without(p), func(got *profileFile) bool {
		return slices.EqualFunc(got.profiles, rest, sameProfile) && got.defaultProfile == def
	}); err != nil {
		return err
	}
	if def != f.defaultProfile {
		a.tui.Printf("there is no default profile any more")
	}
	if !fromKeyring {
		return nil
	}
	var gone []string
	for _, field := range p.fields {
		_, source := secretSource(field.name)
		if source == "Keyring" && !slices.ContainsFunc(rest, func(p profile) bool { return p.names(field.value) }) {
			gone = append(gone, field.value)
		}
	}
	return oskeyring.Remove(ctx, gone)
}

// names reports whether a profile takes a secret from a keyring account.
func (p profile) names(account string) bool {
	return slices.ContainsFunc(p.fields, func(f profileField) bool {
		_, source := secretSource(f.name)
		return source == "Keyring" && f.value == account
	})
}

// sameProfile compares what two profiles say, wherever they say it.
func sameProfile(a, b profile) bool {
	return a.name == b.name && a.extends == b.extends && slices.EqualFunc(a.fields, b.fields, func(x, y profileField) bool {
		return x.name == y.name && x.value == y.value
	})
}

// write replaces the file by text, if that says what it is meant to say: an edit
// that went wrong in a file of unusual form must not cost anybody a profile.
func (f *profileFile) write(text []byte, good func(*profileFile) bool) error {
	got := &profileFile{path: f.path, text: text}
	if err := got.parse(); err != nil || !good(got) {
		return configError(f.path+" is written in a way that cannot be edited here", "edit it by hand; it is unchanged")
	}
	path := f.path
	if to, err := files.FindTarget(path); err != nil || !to.Regular {
		return configError(f.path+" is not a file that can be written", "set SSOEXCHANGE_CONFIG to a file, or edit what it is made from")
	}
	if now, err := files.ReadRegular(path); err == nil && !bytes.Equal(now, f.text) {
		return configError(f.path+" has changed in the meantime", "run the command again")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return configError(err.Error(), "")
	}
	return files.WriteSecret(path, text)
}
