package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/ssoexchange/ssoexchange/sso"
)

// configFile returns the path of the configuration file, which need not exist.
func configFile() string {
	if f := os.Getenv("SSOEXCHANGE_CONFIG"); f != "" {
		return f
	}
	dir := os.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		if d, err := os.UserConfigDir(); err == nil && os.PathSeparator == '\\' {
			dir = d
		} else if home, err := os.UserHomeDir(); err == nil {
			dir = filepath.Join(home, ".config") // on macOS too: it is where command-line users look
		}
	}
	return filepath.Join(dir, "ssoexchange", "config.yaml")
}

// profile is one named connection: property names and values, in the file's order.
type profile struct {
	name   string
	fields []profileField
}

type profileField struct {
	name, value string
	line        int
}

// readProfiles reads the configuration file:
//
//	default_profile: work
//	profiles:
//	  work:
//	    AuthScheme: Okta
//	    User: ana@example.com
//	    PasswordCommand: pass show okta
//
// A missing file has no profiles.
func readProfiles(path string) (def string, profiles []profile, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, configError(err.Error(), "")
	}
	var doc struct {
		Default  string    `yaml:"default_profile"`
		Profiles yaml.Node `yaml:"profiles"`
	}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		return "", nil, configError(path+": "+err.Error(), "the file holds default_profile and profiles; see: ssoexchange properties")
	}
	for i := 0; i+1 < len(doc.Profiles.Content); i += 2 {
		name, body := doc.Profiles.Content[i], doc.Profiles.Content[i+1]
		p := profile{name: name.Value}
		if body.Kind != yaml.MappingNode {
			return "", nil, configError(fmt.Sprintf("%s:%d: profile %q is not a list of properties", path, body.Line, p.name), "write one Name: Value on each line below it")
		}
		for j := 0; j+1 < len(body.Content); j += 2 {
			k, v := body.Content[j], body.Content[j+1]
			if v.Kind != yaml.ScalarNode {
				return "", nil, configError(fmt.Sprintf("%s:%d: property %q needs a single value", path, k.Line, k.Value), "")
			}
			p.fields = append(p.fields, profileField{k.Value, v.Value, k.Line})
		}
		profiles = append(profiles, p)
	}
	return doc.Default, profiles, nil
}

// profileSettings returns the properties of the chosen profile. A default profile
// counts only where no connection string is given.
func (a *app) profileSettings() (sso.Settings, error) {
	name := a.flags.profile
	if name == "" {
		name = os.Getenv("SSOEXCHANGE_PROFILE")
	}
	given := a.flags.connection != "" || a.flags.connectionFile != "" || os.Getenv("SSOEXCHANGE_CONNECTION") != ""
	if name == "" && given {
		return sso.Settings{}, nil
	}
	path := configFile()
	def, profiles, err := readProfiles(path)
	if err != nil {
		return sso.Settings{}, err
	}
	if name == "" {
		name = def
	}
	if name == "" {
		return sso.Settings{}, nil
	}
	i := slices.IndexFunc(profiles, func(p profile) bool { return p.name == name })
	if i < 0 {
		return sso.Settings{}, configError(fmt.Sprintf("no profile %q in %s", name, path), "it has: "+profileNames(profiles))
	}
	var all sso.Settings
	for _, f := range profiles[i].fields {
		one, err := sso.Setting(f.name, f.value)
		if err != nil {
			return all, &sso.StepError{Step: "config", Err: fmt.Errorf("%s:%d: %w", path, f.line, err)}
		}
		all = sso.Merge(all, one)
	}
	return all, nil
}

func profileNames(profiles []profile) string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.name)
	}
	if len(names) == 0 {
		return "no profiles"
	}
	return strings.Join(names, ", ")
}

func completeProfile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	_, profiles, _ := readProfiles(configFile())
	var names []string
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
