package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// takesProfile lets a command be told its profile as the one argument, as in "login work": the
// same as -p work.
func (a *app) takesProfile(cmd *cobra.Command) *cobra.Command {
	run := cmd.RunE
	cmd.Use += " [PROFILE]"
	cmd.Args = cobra.MaximumNArgs(1)
	cmd.ValidArgsFunction = completeProfile1
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			if err := a.nameProfile(cmd, args[0]); err != nil {
				return err
			}
		}
		return run(cmd, nil)
	}
	return cmd
}

func (a *app) nameProfile(cmd *cobra.Command, name string) error {
	g := &a.flags
	switch {
	case strings.Contains(name, "="):
		return configError("a property is no argument of "+cmd.Name(),
			"give it with --set Name=Value, a whole connection string with -c")
	case name == "":
		return configError("the name of the profile is empty",
			"is the variable set that you gave it? leave it out to use the environment or the default profile")
	case g.profile != "" && g.profile != name:
		return namedTwice(g.profile, []string{name})
	case g.namedOtherwise() != "":
		return configError("two connections are named: "+g.namedOtherwise()+" and the profile "+name,
			"name one of them; single properties are changed by --set")
	}
	g.profile = name
	return nil
}
