package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/internal/childenv"
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
	if err := a.runEditor(ctx, copied); err != nil {
		os.RemoveAll(dir)
		return err
	}
	edited, err := configfile.Read(copied)
	if err == nil {
		err = checkProfiles(edited)
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

// runEditor runs the editor and waits for its end.
func (a *app) runEditor(ctx context.Context, path string) error {
	words := []string{"vi"}
	for _, env := range []string{"EDITOR", "VISUAL"} {
		if w := strings.Fields(os.Getenv(env)); len(w) > 0 {
			words = w
		}
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], path)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stderr, a.stderr
	cmd.Env = childenv.Of(os.Environ())
	if err := cmd.Run(); err != nil {
		return configError(fmt.Sprintf("the editor %s: %v", words[0], err),
			"set VISUAL or EDITOR; the configuration file is unchanged")
	}
	return nil
}

// checkProfiles refuses a file of which a command would find out later that it is wrong. A profile
// that lacks something is fine: others may extend it.
func checkProfiles(f *configfile.File) error {
	if _, err := f.RefreshSection(); err != nil {
		return err
	}
	for _, p := range f.Profiles {
		settings, err := f.Settings(p.Name)
		if err != nil {
			return err
		}
		var bad *sso.ConfigError
		_, err = sso.NewConfig(settings, oskeyring.Secret)
		if err != nil && !(errors.As(err, &bad) && strings.HasPrefix(bad.Problem, "required")) {
			return err
		}
	}
	return nil
}
