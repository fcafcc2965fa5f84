package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/sso"
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
			for _, sub := range subcommands(at) {
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
			_, err = a.stdout.Write(page(at, date))
			return err
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", "", "write all pages to the directory `DIR`, as ssoexchange.1, ssoexchange-cookies.1 …")
	return cmd
}

// documented returns the command that words name: the root for none.
func documented(root *cobra.Command, words []string) (*cobra.Command, error) {
	at := root
	for _, word := range words {
		var next *cobra.Command
		for _, sub := range subcommands(at) {
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

// subcommands are those that have a page: the help topics, too, but not the command
// that prints them.
func subcommands(cmd *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, sub := range cmd.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			list = append(list, sub)
		}
	}
	return list
}

// sourceDate is the date of the pages, never that of today: SOURCE_DATE_EPOCH, or
// when the source was committed; "" if neither is known.
func sourceDate() (string, error) {
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil || seconds < 0 {
			return "", configError("SOURCE_DATE_EPOCH is no number of seconds", "for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)")
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
		errs := []error{files.Write(filepath.Join(dir, pageName(cmd)+".1"), page(cmd, date), 0o644)}
		for _, sub := range subcommands(cmd) {
			errs = append(errs, all(sub))
		}
		return errors.Join(errs...)
	}
	if err := all(cmd); err != nil {
		return configError("writing the pages: "+err.Error(), "check that the directory may be written to")
	}
	return nil
}

// pageName is what "man" finds a page by: ssoexchange-profile-add.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// page is the manual page of a command.
func page(cmd *cobra.Command, date string) []byte {
	cmd.InitDefaultHelpFlag()
	var b bytes.Buffer
	r := roff{&b}
	r.macro("TH", strings.ToUpper(pageName(cmd)), "1", date, "ssoexchange "+version(), "ssoexchange")
	r.section("NAME")
	r.fill(pageName(cmd) + ` - ` + strings.TrimSuffix(cmd.Short, "."))
	r.section("SYNOPSIS")
	use := strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())
	if subs := subcommands(cmd); len(subs) > 0 {
		use = " COMMAND [flags]"
	}
	r.line(bold(cmd.CommandPath()) + escape(use))
	r.section("DESCRIPTION")
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	r.text(long)
	if subs := subcommands(cmd); len(subs) > 0 {
		r.section("COMMANDS")
		for _, sub := range subs {
			r.item(bold(sub.Name()), sub.Short+". See "+pageName(sub)+"(1).")
		}
	}
	r.flags(cmd)
	if cmd.Name() == "properties" {
		r.section("PROPERTIES")
		for _, p := range sso.Properties() {
			r.item(bold(p.Name), p.Help)
		}
	}
	if cmd.Example != "" {
		r.section("EXAMPLES")
		r.literal(cmd.Example)
	}
	if !cmd.HasParent() {
		r.section("EXIT STATUS")
		r.text(exitCodesTopic().Long)
	}
	r.section("SEE ALSO")
	r.line(strings.Join(related(cmd), ",\n"))
	return b.Bytes()
}

// flags lists the flags of a command; those that all have are on the first page only.
func (r roff) flags(cmd *cobra.Command) {
	own := cmd.LocalFlags()
	if own.HasAvailableFlags() {
		r.section("OPTIONS")
		own.VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			value, usage := pflag.UnquoteUsage(f)
			head := bold("--" + f.Name)
			if f.Shorthand != "" {
				head = bold("-"+f.Shorthand) + ", " + head
			}
			if value != "" {
				head += " " + italic(value)
			}
			switch f.DefValue {
			case "", "false", "0", "0s", "[]":
			default:
				usage += " (default " + f.DefValue + ")"
			}
			r.item(head, usage)
		})
	}
	if cmd.HasParent() {
		r.line(".PP")
		r.fill("The options of all commands are in " + cmd.Root().Name() + "(1).")
	}
}

// related are the pages to read next.
func related(cmd *cobra.Command) []string {
	var list []string
	if cmd.HasParent() {
		list = append(list, reference(cmd.Parent()))
	}
	for _, sub := range subcommands(cmd) {
		list = append(list, reference(sub))
	}
	if cmd.HasParent() && cmd.Name() != "exit-codes" {
		list = append(list, bold(cmd.Root().Name()+"-exit-codes")+"(1)")
	}
	return list
}

func reference(cmd *cobra.Command) string { return bold(pageName(cmd)) + "(1)" }
