package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/manpage"
)

func (a *app) manCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "man [COMMAND…]",
		Short: "Print the manual page of the program or of a command",
		Example: `  ssoexchange man cookies | man -l -
  ssoexchange man --output /usr/local/share/man/man1   # all pages; then: man ssoexchange-cookies`,
		Long: `man prints a manual page in the language of man(7), made from what --help says. With
--output it writes the pages of all commands.

The same program writes the same bytes: the date in a page is that of the source, or
SOURCE_DATE_EPOCH if that is set.`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			at, err := manpage.Documented(cmd.Root(), args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, sub := range manpage.Subcommands(at) {
				names = append(names, sub.Name())
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir != "" && len(args) > 0 {
				return configError("--output writes the pages of all commands", "leave out "+strings.Join(args, " "))
			}
			date, err := manpage.SourceDate()
			if err != nil {
				return err
			}
			if dir != "" {
				return manpage.WritePages(dir, cmd.Root(), date, version())
			}
			at, err := manpage.Documented(cmd.Root(), args)
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(manpage.Page(at, date, version()))
			return err
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", "",
		"write all pages to the directory `DIR`, as ssoexchange.1, ssoexchange-cookies.1 …")
	return cmd
}
