package usage

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
)

// MarkArgs gives every command's complaints about its arguments words of ours.
func MarkArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.ArbitraryArgs
	}
	cmd.Args = func(c *cobra.Command, args []string) error {
		err := check(c, args)
		switch {
		case err != nil && c.HasSubCommands():
			return UnknownCommand(c, args[0])
		case err != nil:
			return clierror.Config(argumentsText(c, args), "see: "+c.CommandPath()+" --help")
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		MarkArgs(sub)
	}
}

// argumentsText says what is wrong with the number of arguments, by the words of the usage.
func argumentsText(cmd *cobra.Command, args []string) string {
	var needed []string
	for _, word := range strings.Fields(cmd.Use)[1:] {
		if word == "--" || strings.HasPrefix(word, "[") {
			continue
		}
		if strings.HasSuffix(word, "]") || strings.HasSuffix(word, "…") {
			break
		}
		needed = append(needed, word)
	}
	switch {
	case len(args) < len(needed):
		return needed[len(args)] + " is missing: " + strings.TrimSuffix(cmd.UseLine(), " [flags]")
	case strings.Fields(cmd.Use)[len(strings.Fields(cmd.Use))-1] == cmd.Name():
		return cmd.CommandPath() + " takes no argument"
	}
	return "too many arguments: " + strings.TrimSuffix(cmd.UseLine(), " [flags]")
}

// FlagError gives the complaints about flags words of ours. A value that was given is not
// repeated: it may be a secret at a wrong place.
func FlagError(cmd *cobra.Command, err error) error {
	hint := "see: " + cmd.CommandPath() + " --help"
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		text := "unknown flag --" + name
		if unknown.GetSpecifiedShortnames() != "" {
			text = "unknown flag -" + name[:1]
		} else if near := nearestFlag(cmd, name); near != "" {
			hint = "did you mean --" + near + "? " + hint
		}
		return clierror.Config(text, hint)
	case errors.As(err, &missing):
		return clierror.Config("--"+missing.GetFlag().Name+" needs a value", hint)
	case errors.As(err, &invalid):
		return clierror.Config(fmt.Sprintf("the value of --%s is not %s", invalid.GetFlag().Name, wanted(invalid.GetFlag())),
			hint)
	case errors.As(err, &syntax):
		return clierror.Config("a flag is not written as --name or --name=value", hint)
	}
	return clierror.Config(flagGroupText(err.Error()), hint)
}

// wanted says what the value of a flag has to be.
func wanted(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "duration":
		return "a duration such as 90s, 15m or 8h"
	}
	return "what it can be"
}

// flagGroupText is cobra's text about flags that exclude each other, in plain words; other texts
// are left as they are.
func flagGroupText(text string) string {
	_, set, found := strings.Cut(text, "none of the others can be; [")
	set, _, closed := strings.Cut(set, "]")
	if !found || !closed {
		return text
	}
	return "--" + strings.Join(strings.Fields(set), " and --") + " cannot be given together"
}

// nearestFlag returns the flag that a name is a slip of the pen away from, "" for none.
func nearestFlag(cmd *cobra.Command, name string) string {
	best, least := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(name, f.Name); d < least && !f.Hidden && d < len(name) {
			best, least = f.Name, d
		}
	})
	return best
}

// distance is the number of letters to insert, take away or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0]++
		for j := range len(b) {
			replaced := last
			if a[i] != b[j] {
				replaced++
			}
			last = row[j+1]
			row[j+1] = min(replaced, row[j]+1, last+1)
		}
	}
	return row[len(b)]
}
