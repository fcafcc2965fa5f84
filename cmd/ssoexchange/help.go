package main

import (
	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/usage"
)

// helpFlag is help for --help, which cobra lets return no error. One for a command that
// does not exist is noted in a.noHelp instead.
func (a *app) helpFlag(cmd *cobra.Command, args []string) {
	if rest := cmd.Flags().Args(); cmd.HasSubCommands() && len(rest) > 0 {
		a.noHelp = usage.UnknownCommand(cmd, rest[0])
		return
	}
	usage.Help(cmd, args)
}
