package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
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
	properties, asked, err := sortArguments(args)
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
		property, err := propertyNamed(u)
		if err != nil {
			return err
		}
		change.Unset = append(change.Unset, property)
	}
	secrets, err := a.changedSecrets(ctx, p, &change, given, asked, f.toKeyring)
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
	if err := a.tryProfile(next, inherited); err != nil {
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

// sortArguments tells properties with a value from secrets that are to be asked for.
func sortArguments(args []string) (properties, secrets []string, err error) {
	for _, arg := range args {
		if strings.Contains(arg, "=") {
			properties = append(properties, arg)
			continue
		}
		name, err := propertyNamed(arg)
		if err != nil {
			return nil, nil, err
		}
		if _, source := configfile.SecretSource(name); source != configfile.LiteralSecret {
			return nil, nil, configError(name+" is no secret and needs a value", "write "+name+"=Value")
		}
		secrets = append(secrets, name)
	}
	return properties, secrets, nil
}

// propertyNamed returns the canonical name of a property.
func propertyNamed(name string) (string, error) {
	one, err := configfile.Setting(name, "", "write the name of a property")
	if err != nil || len(one.Names()) != 1 {
		return "", configError("there is no property of that name", "the names are listed by: ssoexchange properties")
	}
	property, _ := configfile.SecretSource(one.Names()[0])
	return property, nil
}

// changedSecrets completes the change by what is given, and returns the secrets for the keyring.
func (a *app) changedSecrets(ctx context.Context, p *configfile.Profile, change *configfile.Change,
	given sso.Settings, asked []string, toKeyring bool) ([]oskeyring.Item, error) {
	var items []oskeyring.Item
	keep := func(property, value string) {
		account := p.Name + "/" + property
		for _, field := range p.Fields {
			if prop, source := configfile.SecretSource(field.Name); prop == property && source == "Keyring" {
				account = field.Value
			}
		}
		items = append(items, oskeyring.Item{Account: account, Secret: func() string { return value }})
		change.Set = append(change.Set, configfile.Field{Name: property + "Keyring", Value: account})
	}
	for _, n := range given.Names() {
		value, _, _ := given.Lookup(n)
		_, source := configfile.SecretSource(n)
		switch {
		case source != configfile.LiteralSecret || value == "":
			change.Set = append(change.Set, configfile.Field{Name: n, Value: value})
		case !toKeyring:
			return nil, configError(n+" is not written to the file in clear",
				"name it alone, and it is asked for and kept in the OS keyring; or give "+n+"File or "+n+"Command")
		default:
			keep(n, value)
		}
	}
	for i, property := range asked {
		if slices.Contains(asked[:i], property) {
			continue
		}
		value, err := a.newSecret(ctx, property, p.Name, len(asked) == 1)
		if err != nil {
			return nil, err
		}
		keep(property, value)
	}
	return items, nil
}

// newSecret asks for a secret, twice, at the terminal, or reads it from standard input.
func (a *app) newSecret(ctx context.Context, property, profile string, alone bool) (string, error) {
	if !a.tui.CanAsk() || !stdinIsTerminal(a.stdin) {
		if !alone {
			return "", configError("only one secret can be read from standard input", "set them one after the other")
		}
		line, err := bufio.NewReader(io.LimitReader(a.stdin, files.MaxSize)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", configError("reading the "+property+": "+err.Error(), "")
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", configError("no "+property+" given", "type it at the prompt, or send it to standard input")
		}
		return line, nil
	}
	first, err := a.tui.Ask(ctx, "new "+property+" of profile "+profile+": ")
	if err != nil {
		return "", err
	}
	if first == "" {
		return "", configError("no "+property+" given", "type it at the prompt, or send it to standard input")
	}
	second, err := a.tui.Ask(ctx, "once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", configError("the two are not the same", "nothing has changed; run the command again")
	}
	return first, nil
}
