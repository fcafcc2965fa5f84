// Package usage says how the program is called: help, and what is wrong with a command line, in words
// of ours and not of the library that parses it.
package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
)

// Help prints what a command is, then what to type, and the reference last: most who
// ask want an example. This and usageText are functions and no templates of cobra's, with
// which the linker could leave out no method of any type.
func Help(cmd *cobra.Command, _ []string) {
	out := cmd.OutOrStdout()
	about := strings.TrimSpace(cmd.Long)
	if cmd.Example != "" {
		fmt.Fprintf(out, "%s\n\nExamples:\n%s\n\n", strings.TrimSpace(cmd.Short), strings.TrimRight(cmd.Example, "\n"))
	} else if about == "" {
		about = strings.TrimSpace(cmd.Short)
	}
	if about != "" {
		fmt.Fprintf(out, "%s\n\n", about)
	}
	if !cmd.IsAdditionalHelpTopicCommand() {
		fmt.Fprint(out, usageText(cmd))
	}
}

// Print is the function that cobra prints usages with.
func Print(cmd *cobra.Command) error {
	_, err := fmt.Fprint(cmd.OutOrStderr(), usageText(cmd))
	return err
}

// usageText is how a command is called. The flags that all commands have stand in the root's.
func usageText(cmd *cobra.Command) string {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() && cmd.HasParent() && !cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	} else {
		fmt.Fprintf(&b, "  %s COMMAND [flags]\n", cmd.CommandPath())
	}
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(&b, "\nAliases:\n  %s\n", strings.Join(append([]string{cmd.Name()}, cmd.Aliases...), ", "))
	}
	groups := cmd.Groups()
	if len(groups) == 0 && cmd.HasAvailableSubCommands() {
		groups = []*cobra.Group{{Title: "Commands"}}
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s:\n", g.Title)
		for _, sub := range cmd.Commands() {
			if sub.GroupID == g.ID && (sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() || sub.Name() == "help") {
				fmt.Fprintf(&b, "  %-*s  %s\n", cmd.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	title := "Flags"
	if !cmd.HasParent() {
		title = "Flags of all commands"
	}
	if flags := cmd.LocalFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(&b, "\n%s:\n%s", title, flags.FlagUsages())
	}
	switch {
	case cmd.HasAvailableSubCommands():
		fmt.Fprintf(&b, "\nMore about a command: %s COMMAND --help\n", cmd.CommandPath())
	case cmd.HasParent() && !cmd.IsAdditionalHelpTopicCommand():
		fmt.Fprintf(&b, "\nFlags of all commands (-c, -p, --set, --json …): %s --help\n", cmd.Root().Name())
	}
	return b.String()
}

// HelpCommand is "help [COMMAND…]". Unlike cobra's own it fails for what does not exist.
func HelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return commandNames(cmd), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd := root
			for _, name := range args {
				i := slices.IndexFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == name || c.HasAlias(name) })
				if i < 0 {
					return UnknownCommand(cmd, name)
				}
				cmd = cmd.Commands()[i]
			}
			cmd.InitDefaultHelpFlag()
			Help(cmd, nil)
			return nil
		},
	}
}

// AddCompletion adds the command "completion": a shell that it does not know is
// an error, not a reason for help and exit 0.
func AddCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			names := commandNames(cmd)
			known := strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
			return clierror.Config(unknownText(cmd, args[0]), known+" are known; see: "+cmd.CommandPath()+" --help")
		}
	}
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	slices.Sort(names)
	return names
}

func unknownText(cmd *cobra.Command, name string) string {
	return fmt.Sprintf("unknown command %q for %q", name, cmd.CommandPath())
}

func UnknownCommand(cmd *cobra.Command, name string) error {
	hint := "see: " + cmd.CommandPath() + " --help"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "? " + hint
	}
	return clierror.Config(unknownText(cmd, name), hint)
}
