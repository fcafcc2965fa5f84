package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
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
			at, err := documented(cmd.Root(), args)
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
			date, err := sourceDate()
			if err != nil {
				return err
			}
			if dir != "" {
				return writePages(dir, cmd.Root(), date)
			}
			at, err := documented(cmd.Root(), args)
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

// documented returns the command that words name: the root for none.
func documented(root *cobra.Command, words []string) (*cobra.Command, error) {
	at := root
	for _, word := range words {
		var next *cobra.Command
		for _, sub := range manpage.Subcommands(at) {
			if sub.Name() == word {
				next = sub
			}
		}
		if next == nil {
			return nil, configError(fmt.Sprintf("there is no command %q", strings.Join(words, " ")), "see: ssoexchange --help")
		}
		at = next
	}
	return at, nil
}

// sourceDate is the date of the pages, never that of today: SOURCE_DATE_EPOCH, or
// when the source was committed; "" if neither is known.
func sourceDate() (string, error) {
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil || seconds < 0 {
			return "", configError("SOURCE_DATE_EPOCH is no number of seconds",
				"for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)")
		}
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly), nil
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" && len(s.Value) >= len(time.DateOnly) {
				return s.Value[:len(time.DateOnly)], nil
			}
		}
	}
	return "", nil
}

// writePages writes the pages of cmd and of all below it.
func writePages(dir string, cmd *cobra.Command, date string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return configError(dir+" is not a directory", "make it first: mkdir -p "+dir)
	}
	var all func(*cobra.Command) error
	all = func(cmd *cobra.Command) error {
		errs := []error{files.Write(filepath.Join(dir, manpage.Name(cmd)+".1"), manpage.Page(cmd, date, version()), 0o644)}
		for _, sub := range manpage.Subcommands(cmd) {
			errs = append(errs, all(sub))
		}
		return errors.Join(errs...)
	}
	if err := all(cmd); err != nil {
		return configError("writing the pages: "+err.Error(), "check that the directory may be written to")
	}
	return nil
}
