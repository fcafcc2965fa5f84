package main

import "github.com/spf13/cobra"

// commandGroup is a part of the root command's help.
type commandGroup struct {
	title    string
	commands []*cobra.Command
}

// commandGroups are all commands, in the order in which help lists them.
func (a *app) commandGroups() []commandGroup {
	return []commandGroup{
		{"Sessions", []*cobra.Command{
			a.takesProfile(a.loginCommand()),
			a.takesProfile(a.statusCommand()),
			a.takesProfile(a.logoutCommand()),
			a.takesProfile(a.doctorCommand()),
			a.takesProfile(a.authorizeURLCommand()),
			a.stateCommand(),
		}},
		{"What a session is for", []*cobra.Command{
			a.takesProfile(a.cookiesCommand()),
			a.takesProfile(a.headerCommand()),
			a.takesProfile(a.tokenCommand()),
			a.apiCommand(),
			a.ticketCommand(),
			a.execCommand(),
			a.takesProfile(a.proxyCommand()),
		}},
		{"Sessions that stay alive", []*cobra.Command{
			a.refreshCommand(),
			a.codeCommand(),
		}},
		{"Connections", []*cobra.Command{
			a.profileCommand(),
			a.propertiesCommand(),
			a.enrollCommand(),
		}},
		{"To try it, without any server", []*cobra.Command{
			a.demoCommand(),
			a.labCommand(),
		}},
		{"More", []*cobra.Command{
			a.manCommand(),
			a.versionCommand(),
		}},
		{"Help topics", []*cobra.Command{
			configTopic(),
			environmentTopic(),
			exitCodesTopic(),
		}},
	}
}

// suggestions are words that people try first, by the command that they mean.
var suggestions = map[string][]string{
	"login":      {"signin", "sign-in", "auth", "authenticate"},
	"logout":     {"signout", "sign-out", "end"},
	"status":     {"list", "ls", "sessions", "whoami", "show"},
	"cookies":    {"cookie", "session", "print", "get"},
	"api":        {"curl", "request", "fetch"},
	"ticket":     {"issue", "gate"},
	"exec":       {"run"},
	"doctor":     {"check", "test", "diagnose"},
	"refresh":    {"daemon", "serve", "watch", "keep"},
	"profile":    {"config", "profiles", "configure", "connection"},
	"properties": {"property", "options", "keys"},
	"lab":        {"simulator", "mock"},
}

// Commands have an order. cobra knows that for all programs of a process only.
func init() { cobra.EnableCommandSorting = false }

// addCommands adds all commands. Those that cobra makes are in the group "More".
func (a *app) addCommands(root *cobra.Command) {
	for _, g := range a.commandGroups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID, cmd.SuggestFor = g.title, suggestions[cmd.Name()]
			root.AddCommand(cmd)
		}
	}
	root.SetHelpCommandGroupID("More")
	root.SetCompletionCommandGroupID("More")
}
