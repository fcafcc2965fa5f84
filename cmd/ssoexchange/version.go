package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
)

// version returns the module's version as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and how the program was built",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string            `json:"version"`
				Go      string            `json:"go"`
				OS      string            `json:"os"`
				Commit  string            `json:"commit,omitempty"`
				Date    string            `json:"date,omitempty"`
				Modules map[string]string `json:"modules"`
			}{Version: version(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, Modules: map[string]string{}}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, m := range info.Deps {
					v.Modules[m.Path] = m.Version
				}
				for _, s := range info.Settings {
					switch s.Key {
					case "vcs.revision":
						v.Commit = s.Value
					case "vcs.time":
						v.Date = s.Value
					}
				}
			}
			if a.flags.json {
				return display.JSON(a.stdout, v)
			}
			fmt.Fprintf(a.stdout, "ssoexchange %s\n%s %s\n", v.Version, v.Go, v.OS)
			if v.Commit != "" {
				fmt.Fprintf(a.stdout, "commit %s %s\n", v.Commit, v.Date)
			}
			return nil
		},
	}
}
