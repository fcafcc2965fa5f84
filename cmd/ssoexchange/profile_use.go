package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/profile"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) profileUseCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "use NAME",
		Short:             "Make a profile the one for commands that name none",
		Example:           "  ssoexchange profile use work",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeProfile1,
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := configfile.Read(configfile.Path())
			if err != nil {
				return err
			}
			if _, err := f.Find(args[0]); err != nil {
				return err
			}
			if err := f.SetDefault(args[0]); err != nil {
				return err
			}
			if !a.flags.json {
				a.tui.Printf("profile %s is the default now", args[0])
			}
			return nil
		},
	}
}

func (a *app) profileEditCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "edit",
		Short: "Edit the configuration file; what cannot be read does not replace it",
		Example: `  ssoexchange profile edit
  EDITOR='code --wait' ssoexchange profile edit`,
		Long: `edit opens a copy of the configuration file in $VISUAL, $EDITOR or vi, and puts it in place of
the file if every profile and the section "refresh" can be read. If not, it says why and
leaves the copy.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.profileEdit(cmd.Context()) },
	}
}

func (a *app) profileEdit(ctx context.Context) error {
	f, err := configfile.ReadText(configfile.Path())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ssoexchange-edit-")
	if err != nil {
		return configError("no temporary directory for a copy of the file",
			"set TMPDIR to a directory that may be written to")
	}
	copied := filepath.Join(dir, "config.yaml") // the name tells editors the language
	if err := os.WriteFile(copied, f.Text(), 0o600); err != nil {
		return configError(err.Error(), "")
	}
	if err := profile.RunEditor(ctx, copied, a.stdin, a.stderr); err != nil {
		os.RemoveAll(dir)
		return err
	}
	// A copy that is gone is not an empty file: somebody has removed it, not what it says.
	if _, err := os.Stat(copied); err != nil {
		return configError("the editor has left no file; the configuration file is unchanged", "edit it again")
	}
	edited, err := configfile.Read(copied)
	if err == nil {
		err = profile.Check(edited)
	}
	if err == nil {
		err = f.Replace(edited.Text())
	}
	if err != nil {
		hint := "what you wrote is in " + copied
		if h := sso.Hint(err); h != "" {
			hint = h + "; " + hint
		}
		return configError(err.Error()+"; the configuration file is unchanged", hint)
	}
	os.RemoveAll(dir)
	return nil
}
