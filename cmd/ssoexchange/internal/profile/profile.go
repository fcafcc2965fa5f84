// Package profile completes and checks profiles that are added or changed by commands.
package profile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/internal/childenv"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Editor completes and checks profiles that are added or changed.
type Editor struct {
	Terminal    *terminal.Terminal
	Stdin       io.Reader
	AskPassword func(ctx context.Context, whose string) (string, error)
}

// NewSecrets puts what may stand in a file into p, and returns the secrets that are for
// the keyring.
func (e Editor) NewSecrets(ctx context.Context, p *configfile.Profile, given, inherited sso.Settings,
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
			return nil, clierror.Config(n+" is not written to the file in clear", "use --keyring, or give "+n+"File or "+n+"Command")
		default:
			toItem(n, value)
		}
	}
	if toKeyring && !hasPassword && e.Terminal.CanAsk() {
		password, err := e.AskPassword(ctx, "profile "+p.Name)
		if err != nil {
			return nil, err
		}
		toItem("Password", password)
	}
	if toKeyring && len(secrets) == 0 {
		return nil, clierror.Config("--keyring, and there is no secret to store",
			"give Password, or run this in a terminal to be asked for it")
	}
	return secrets, nil
}

// Try refuses values that no connection can have. A profile that lacks
// something is fine: others may extend it.
func (e Editor) Try(p configfile.Profile, inherited sso.Settings) error {
	if len(p.Fields) == 0 && p.Extends == "" {
		return clierror.Config("the profile would be empty", "give properties: Name=Value…, or -c CONNECTION")
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
		e.Terminal.Printf("the profile is not complete (%s is missing, for one), which is fine for one that others extend",
			bad.Property)
	case err != nil:
		return err
	case !hasScheme:
		e.Terminal.Printf("the profile is not complete (AuthScheme is missing), which is fine for one that others extend")
	default:
		for _, w := range cfg.Warnings {
			e.Terminal.Warn(w)
		}
	}
	return nil
}

// SortArguments tells properties with a value from secrets that are to be asked for.
func SortArguments(args []string) (properties, secrets []string, err error) {
	for _, arg := range args {
		if strings.Contains(arg, "=") {
			properties = append(properties, arg)
			continue
		}
		name, err := PropertyNamed(arg)
		if err != nil {
			return nil, nil, err
		}
		if _, source := configfile.SecretSource(name); source != configfile.LiteralSecret {
			return nil, nil, clierror.Config(name+" is no secret and needs a value", "write "+name+"=Value")
		}
		secrets = append(secrets, name)
	}
	return properties, secrets, nil
}

// PropertyNamed returns the canonical name of a property.
func PropertyNamed(name string) (string, error) {
	one, err := configfile.Setting(name, "", "write the name of a property")
	if err != nil || len(one.Names()) != 1 {
		return "", clierror.Config("there is no property of that name", "the names are listed by: ssoexchange properties")
	}
	property, _ := configfile.SecretSource(one.Names()[0])
	return property, nil
}

// ChangedSecrets completes the change by what is given, and returns the secrets for the keyring.
func (e Editor) ChangedSecrets(ctx context.Context, p *configfile.Profile, change *configfile.Change,
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
			return nil, clierror.Config(n+" is not written to the file in clear",
				"name it alone, and it is asked for and kept in the OS keyring; or give "+n+"File or "+n+"Command")
		default:
			keep(n, value)
		}
	}
	for i, property := range asked {
		if slices.Contains(asked[:i], property) {
			continue
		}
		value, err := e.newSecret(ctx, property, p.Name, len(asked) == 1)
		if err != nil {
			return nil, err
		}
		keep(property, value)
	}
	return items, nil
}

// newSecret asks for a secret, twice, at the terminal, or reads it from standard input.
func (e Editor) newSecret(ctx context.Context, property, profile string, alone bool) (string, error) {
	if !e.Terminal.CanAsk() || !terminal.IsTerminal(e.Stdin) {
		if !alone {
			return "", clierror.Config("only one secret can be read from standard input", "set them one after the other")
		}
		line, err := files.ReadLine(ctx, e.Stdin, files.MaxSize)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", clierror.Config("reading the "+property+": "+err.Error(), "")
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", clierror.Config("no "+property+" given", "type it at the prompt, or send it to standard input")
		}
		return line, nil
	}
	first, err := e.Terminal.Ask(ctx, "new "+property+" of profile "+profile+": ")
	if err != nil {
		return "", err
	}
	if first == "" {
		return "", clierror.Config("no "+property+" given", "type it at the prompt, or send it to standard input")
	}
	second, err := e.Terminal.Ask(ctx, "once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", clierror.Config("the two are not the same", "nothing has changed; run the command again")
	}
	return first, nil
}

// RunEditor runs the editor and waits for its end.
func RunEditor(ctx context.Context, path string, in io.Reader, out io.Writer) error {
	words := []string{"vi"}
	for _, env := range []string{"EDITOR", "VISUAL"} {
		if w := strings.Fields(os.Getenv(env)); len(w) > 0 {
			words = w
		}
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], path)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, out
	cmd.Env = childenv.Of(os.Environ())
	if err := cmd.Run(); err != nil {
		return clierror.Config(fmt.Sprintf("the editor %s: %v", words[0], err),
			"set VISUAL or EDITOR; the configuration file is unchanged")
	}
	return nil
}

// Check refuses a file of which a command would find out later that it is wrong. A profile
// that lacks something is fine: others may extend it.
func Check(f *configfile.File) error {
	if _, err := f.RefreshSection(); err != nil {
		return err
	}
	if f.Default != "" {
		if _, err := f.Find(f.Default); err != nil {
			return err
		}
	}
	for _, p := range f.Profiles {
		settings, err := f.Settings(p.Name)
		if err != nil {
			return err
		}
		var bad *sso.ConfigError
		_, err = sso.NewConfig(settings, oskeyring.Secret)
		if err != nil && !(errors.As(err, &bad) && strings.HasPrefix(bad.Problem, "required")) {
			return err
		}
	}
	return nil
}
