package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// help prints what a command is, then what to type, and the reference last: most who
// ask want an example. It is a function and not one of cobra's templates, with which
// the linker could leave out no method of any type.
func help(cmd *cobra.Command, _ []string) {
	out := cmd.OutOrStdout()
	example := cmd.Example
	cmd.Example = "" // the usage would print it again, after all flags
	defer func() { cmd.Example = example }()
	about := strings.TrimSpace(cmd.Long)
	if example != "" {
		fmt.Fprintf(out, "%s\n\nExamples:\n%s\n\n", strings.TrimSpace(cmd.Short), strings.TrimRight(example, "\n"))
	} else if about == "" {
		about = strings.TrimSpace(cmd.Short)
	}
	if about != "" {
		fmt.Fprintf(out, "%s\n\n", about)
	}
	fmt.Fprint(out, cmd.UsageString())
}
