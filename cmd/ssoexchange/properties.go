package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/profile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/properties"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) propertiesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "properties [NAME]",
		Short: "The properties of a connection string: one of them whole, or all in a line each",
		Example: `  ssoexchange properties
  ssoexchange properties MFAType
  ssoexchange properties --json | jq -r '.[] | select(.secret) | .name'`,
		Long: `A connection string is a list Name=Value;Name=Value. Names ignore case and inner spaces.
Quote a value that holds ; or spaces at its ends with ' or ", doubling the quote inside.
Every property can also come from a profile, from SSOEXCHANGE_<NAME> or from --set.

A secret (Password, MFASecret, ...) can be named by where it is: PasswordFile, PasswordCommand
(ends after 5 minutes at the latest), PasswordKeyring (has 30 seconds to answer).`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, p := range sso.Properties() {
				names = append(names, p.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.properties(cmd.Long, args) },
	}
}

func (a *app) properties(about string, args []string) error {
	list := properties.List()
	if len(args) == 1 {
		name, err := profile.PropertyNamed(args[0])
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(p properties.Info) bool { return p.Name == name })
		if i < 0 {
			return configError("there is no property of that name", "the names are listed by: ssoexchange properties")
		}
		if a.flags.json {
			return display.JSON(a.stdout, list[i])
		}
		list[i].Print(a.stdout)
		return nil
	}
	if a.flags.json {
		return display.JSON(a.stdout, list)
	}
	fmt.Fprintf(a.stdout, "%s\n\n", about)
	for _, p := range list {
		fmt.Fprintf(a.stdout, "%-22s %s\n", p.Name, p.Help)
	}
	return nil
}
