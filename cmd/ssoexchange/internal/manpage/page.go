// Package manpage makes manual pages from what --help says.
package manpage

import (
	"bytes"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ssoexchange/ssoexchange/sso"
)

// Subcommands are those that have a page: the help topics, too, but not the command
// that prints them.
func Subcommands(cmd *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, sub := range cmd.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			list = append(list, sub)
		}
	}
	return list
}

// Name is what "man" finds a page by: ssoexchange-profile-add.
func Name(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// Page is the manual page of a command; date is that of the source, "" if it is not known.
func Page(cmd *cobra.Command, date, version string) []byte {
	cmd.InitDefaultHelpFlag()
	var b bytes.Buffer
	r := roff{&b}
	r.macro("TH", strings.ToUpper(Name(cmd)), "1", date, "ssoexchange "+version, "ssoexchange")
	r.section("NAME")
	r.fill(Name(cmd) + ` - ` + strings.TrimSuffix(cmd.Short, "."))
	r.section("SYNOPSIS")
	use := strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())
	if subs := Subcommands(cmd); len(subs) > 0 {
		use = " COMMAND [flags]"
	}
	r.line(bold(cmd.CommandPath()) + escape(use))
	r.section("DESCRIPTION")
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	r.text(long)
	if subs := Subcommands(cmd); len(subs) > 0 {
		r.section("COMMANDS")
		for _, sub := range subs {
			r.item(bold(sub.Name()), sub.Short+". See "+Name(sub)+"(1).")
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
		r.text(exitStatus(cmd))
	}
	r.section("SEE ALSO")
	r.line(strings.Join(related(cmd), ",\n"))
	return b.Bytes()
}

// exitStatus is what the topic "exit-codes" says.
func exitStatus(root *cobra.Command) string {
	for _, sub := range root.Commands() {
		if sub.Name() == "exit-codes" {
			return sub.Long
		}
	}
	return ""
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
	for _, sub := range Subcommands(cmd) {
		list = append(list, reference(sub))
	}
	if cmd.HasParent() && cmd.Name() != "exit-codes" {
		list = append(list, bold(cmd.Root().Name()+"-exit-codes")+"(1)")
	}
	return list
}

func reference(cmd *cobra.Command) string { return bold(Name(cmd)) + "(1)" }
