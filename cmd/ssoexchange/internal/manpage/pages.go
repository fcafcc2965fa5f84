package manpage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
)

// Documented returns the command that words name: the root for none.
func Documented(root *cobra.Command, words []string) (*cobra.Command, error) {
	at := root
	for _, word := range words {
		var next *cobra.Command
		for _, sub := range Subcommands(at) {
			if sub.Name() == word {
				next = sub
			}
		}
		if next == nil {
			return nil, clierror.Config(fmt.Sprintf("there is no command %q", strings.Join(words, " ")), "see: ssoexchange --help")
		}
		at = next
	}
	return at, nil
}

// SourceDate is the date of the pages, never that of today: SOURCE_DATE_EPOCH, or
// when the source was committed; "" if neither is known.
func SourceDate() (string, error) {
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil || seconds < 0 {
			return "", clierror.Config("SOURCE_DATE_EPOCH is no number of seconds",
				"for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)")
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

// WritePages writes the pages of cmd and of all below it.
func WritePages(dir string, cmd *cobra.Command, date, version string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return clierror.Config(dir+" is not a directory", "make it first: mkdir -p "+dir)
	}
	var all func(*cobra.Command) error
	all = func(cmd *cobra.Command) error {
		errs := []error{files.Write(filepath.Join(dir, Name(cmd)+".1"), Page(cmd, date, version), 0o644)}
		for _, sub := range Subcommands(cmd) {
			errs = append(errs, all(sub))
		}
		return errors.Join(errs...)
	}
	if err := all(cmd); err != nil {
		return clierror.Config("writing the pages: "+err.Error(), "check that the directory may be written to")
	}
	return nil
}
