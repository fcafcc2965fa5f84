package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) profileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "List, show, add, change and remove named connections",
		Example: `  ssoexchange profile add work AuthScheme=Okta User=ana@example.com \
      SSOLoginURL=https://example.okta.com/home/jira/0oa1/42 \
      SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer \
      PasswordCommand='pass show okta'
  ssoexchange profile show work
  ssoexchange cookies -p work`,
		Long: `Profiles are connections with a name, in the file $XDG_CONFIG_HOME/ssoexchange/config.yaml
(or $SSOEXCHANGE_CONFIG):

    default_profile: work       # for commands without -p and without a connection; a single profile is it anyway
    profiles:
      base:
        AuthScheme: Okta
        User: ana@example.com
        PasswordCommand: pass show okta
      work:
        extends: base           # takes over what it does not say itself
        SSOLoginURL: https://example.okta.com/home/jira/0oa1/42
        SSOExchangeURL: https://jira.example.com/plugins/servlet/samlconsumer

The names are those of "ssoexchange properties". Secrets do not stand in the file: give
their File, Command or Keyring.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.profileListCommand(), a.profileShowCommand(), a.profileAddCommand(),
		a.profileSetCommand(), a.profileEditCommand(), a.profileUseCommand(), a.profileRemoveCommand())
	return cmd
}

func (a *app) profileListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Print the names of the profiles, one on each line",
		Example: `  ssoexchange profile list
  for p in $(ssoexchange profile list); do ssoexchange doctor -p "$p"; done`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			f, err := configfile.Read(configfile.Path())
			if err != nil {
				return err
			}
			type entry struct {
				Version int    `json:"version"`
				Name    string `json:"name"`
				Default bool   `json:"default"`
				Extends string `json:"extends,omitempty"`
			}
			list := []entry{}
			for _, p := range f.Profiles {
				list = append(list, entry{1, p.Name, p.Name == f.DefaultName(), p.Extends})
			}
			if a.flags.json {
				return display.JSON(a.stdout, list)
			}
			for _, p := range list {
				fmt.Fprintln(a.stdout, p.Name)
			}
			return nil
		},
	}
}

func (a *app) profileShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Print a profile's properties and where each comes from, without secrets",
		Example: `  ssoexchange profile show work
  ssoexchange profile show work --json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeProfile,
		RunE:              func(_ *cobra.Command, args []string) error { return a.profileShow(args[0]) },
	}
}

// shown is one property in the output of show.
type shown struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func (a *app) profileShow(name string) error {
	f, err := configfile.Read(configfile.Path())
	if err != nil {
		return err
	}
	settings, err := f.Settings(name)
	if err != nil {
		return err
	}
	list := []shown{}
	width := 0
	for _, n := range settings.Names() {
		value, origin, _ := settings.Lookup(n)
		if value == "" {
			continue // takes away what it extends
		}
		s := shown{n, showable(n, value), origin}
		list = append(list, s)
		width = max(width, len(s.Name)+len(s.Value)+2)
	}
	if a.flags.json {
		return display.JSON(a.stdout, struct {
			Version    int     `json:"version"`
			Name       string  `json:"name"`
			Default    bool    `json:"default"`
			Properties []shown `json:"properties"`
		}{1, name, name == f.DefaultName(), list})
	}
	for _, s := range list {
		fmt.Fprintf(a.stdout, "%-*s  # %s\n", min(width, 72), s.Name+": "+s.Value, s.Origin)
	}
	// The rest is for a person: would a sign-in find all that it needs?
	if cfg, err := sso.NewConfig(settings, nil); err != nil {
		a.tui.Warn(err.Error())
	} else {
		for _, w := range cfg.Warnings {
			a.tui.Warn(w)
		}
	}
	return nil
}

// showable is a value as it may be shown: of a secret only where it is kept, of a
// command only the program, since its arguments may hold a secret.
func showable(name, value string) string {
	_, source := configfile.SecretSource(name)
	switch {
	case source == configfile.LiteralSecret:
		return "[redacted]"
	case source == "Command" || name == "MFACommand":
		words := strings.Fields(value)
		if len(words) > 1 && !strings.Contains(words[0], "=") {
			return words[0] + " [redacted]"
		}
		if len(words) == 1 {
			return value
		}
		return "[redacted]"
	}
	return value
}

func completeProfile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	f, err := configfile.Read(configfile.Path())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, p := range f.Profiles {
		names = append(names, p.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
