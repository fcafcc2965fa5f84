package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
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
	name    string
	line    int
	extends string // "": nothing
	fields  []profileField
}

type profileField struct {
	name, value string
	line        int
}

// profileFile is a configuration file:
//
//	default_profile: work
//	profiles:
//	  base:
//	    AuthScheme: Okta
//	    User: ana@example.com
//	    PasswordCommand: pass show okta
//	  work:
//	    extends: base
//	    URL: https://jira.example.com
type profileFile struct {
	path           string
	missing        bool // there is no such file, which is as good as an empty one
	defaultProfile string
	profiles       []profile

	refresh *yaml.Node // the section of that name; see refresh_config.go

	text []byte    // as it is on disk
	root yaml.Node // the document; zero for an empty one
}

// The keys of the file that are no names of properties.
const (
	defaultKey  = "default_profile"
	profilesKey = "profiles"
	extendsKey  = "extends"
	refreshKey  = "refresh"
)

// readProfiles reads the configuration file and checks its form; the properties are
// checked when a profile is used. A missing file has no profiles.
func readProfiles(path string) (*profileFile, error) {
	f := &profileFile{path: path}
	file, err := openfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.missing = true
		return f, nil
	}
	if err != nil {
		return nil, configError(err.Error(), "")
	}
	defer file.Close()
	if f.text, err = io.ReadAll(io.LimitReader(file, files.MaxSize+1)); err != nil {
		return nil, configError(err.Error(), "")
	}
	if len(f.text) > files.MaxSize {
		return nil, configError(path+" is larger than 1 MiB", "")
	}
	return f, f.parse()
}

// parse fills f from its text. It works on nodes, which know their lines; nothing is
// expanded, so that no alias can blow up.
func (f *profileFile) parse() error {
	dec := yaml.NewDecoder(bytes.NewReader(f.text))
	err := dec.Decode(&f.root)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return configError(f.path+": "+strings.TrimPrefix(err.Error(), "yaml: "), "")
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return f.errorAt(&f.root, "more than one document", "remove the line that begins with ---")
	}
	top := f.root.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return nil
	}
	return f.eachKey(top, "the file", func(k, v *yaml.Node) error {
		switch k.Value {
		case defaultKey:
			if v.Kind != yaml.ScalarNode {
				return f.errorAt(v, defaultKey+" wants one name", "")
			}
			f.defaultProfile = v.Value
			return nil
		case profilesKey:
			return f.parseProfiles(v)
		case refreshKey:
			f.refresh = v // checked by the commands that use it
			return nil
		}
		return f.errorAt(k, fmt.Sprintf("unknown key %q", k.Value), "the file holds "+defaultKey+", "+profilesKey+" and "+refreshKey)
	})
}

func (f *profileFile) parseProfiles(body *yaml.Node) error {
	if body.Kind == yaml.ScalarNode && body.Tag == "!!null" {
		return nil
	}
	return f.eachKey(body, profilesKey, func(k, v *yaml.Node) error {
		p := profile{name: k.Value, line: k.Line}
		err := f.eachKey(v, fmt.Sprintf("profile %q", p.name), func(k, v *yaml.Node) error {
			switch {
			case v.Kind != yaml.ScalarNode:
				return f.errorAt(k, fmt.Sprintf("property %q needs a single value", k.Value), "")
			case k.Value == extendsKey:
				p.extends = v.Value
				return nil
			}
			p.fields = append(p.fields, profileField{k.Value, v.Value, k.Line})
			return nil
		})
		f.profiles = append(f.profiles, p)
		return err
	})
}

// eachKey calls do for every key of a mapping. Aliases, merge keys, and names that
// are not plain text are refused: "extends" does what they are for.
func (f *profileFile) eachKey(m *yaml.Node, what string, do func(k, v *yaml.Node) error) error {
	if m.Kind != yaml.MappingNode {
		return f.errorAt(m, what+" is not a list of names and values", "write one Name: Value on each line below it")
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" || v.Kind == yaml.AliasNode {
			return f.errorAt(k, "aliases and merge keys are not for this file", "a profile takes over another's properties with "+extendsKey+": NAME")
		}
		if line, twice := seen[k.Value]; twice {
			return f.errorAt(k, fmt.Sprintf("%q is given twice, first in line %d", k.Value, line), "remove one of them")
		}
		seen[k.Value] = k.Line
		if err := do(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (f *profileFile) errorAt(n *yaml.Node, text, hint string) error {
	return configError(fmt.Sprintf("%s:%d: %s", f.path, n.Line, text), hint)
}

// find returns the profile of that name.
func (f *profileFile) find(name string) (*profile, error) {
	i := slices.IndexFunc(f.profiles, func(p profile) bool { return p.name == name })
	if i < 0 && f.missing {
		return nil, configError(fmt.Sprintf("no profile %q: the configuration file %s does not exist", name, f.path),
			"make it with: ssoexchange profile add; another file is named by SSOEXCHANGE_CONFIG")
	}
	if i < 0 {
		return nil, configError(fmt.Sprintf("no profile %q in %s", name, f.path), "it has: "+f.names())
	}
	return &f.profiles[i], nil
}

func (f *profileFile) names() string {
	var names []string
	for _, p := range f.profiles {
		names = append(names, p.name)
	}
	if len(names) == 0 {
		return "no profiles"
	}
	return strings.Join(names, ", ")
}

// settings returns the properties of a profile over those of the one it extends.
func (f *profileFile) settings(name string) (sso.Settings, error) {
	var chain []*profile // the extended ones after those that extend them
	for next := name; next != ""; {
		p, err := f.find(next)
		if err != nil {
			if len(chain) > 0 {
				last := chain[len(chain)-1]
				err = configError(fmt.Sprintf("%s:%d: profile %q extends %q, which does not exist", f.path, last.line, last.name, next), "it has: "+f.names())
			}
			return sso.Settings{}, err
		}
		if i := slices.Index(chain, p); i >= 0 {
			var path []string
			for _, p := range chain[i:] {
				path = append(path, p.name)
			}
			return sso.Settings{}, configError(fmt.Sprintf("%s:%d: profile %q extends itself: %s", f.path, p.line, p.name, strings.Join(append(path, p.name), " > ")), "remove one "+extendsKey)
		}
		chain = append(chain, p)
		next = p.extends
	}
	var all sso.Settings
	for _, p := range slices.Backward(chain) {
		own, err := f.own(p)
		if err != nil {
			return sso.Settings{}, err
		}
		all = sso.Merge(all, own)
	}
	return all, nil
}

// own returns the properties of one profile. What sso has to say of a name gets the
// line where it stands.
func (f *profileFile) own(p *profile) (sso.Settings, error) {
	var all sso.Settings
	lines := make(map[string]int) // of the property that a name belongs to
	for _, field := range p.fields {
		where := fmt.Sprintf("%s:%d", f.path, field.line)
		one, err := setting(field.name, field.value, "write Name: Value")
		if err != nil {
			var bad *sso.ConfigError
			if errors.As(err, &bad) {
				bad.Origin = where
				if bad.Property != "" { // else the origin is all there is to name it
					bad.Origin = "profile " + p.name + ", " + where
				}
			}
			return all, &sso.StepError{Step: "config", Err: err}
		}
		for _, name := range one.Names() {
			property, source := secretSource(name)
			if line, twice := lines[property]; twice {
				return all, configError(fmt.Sprintf("%s: %s is given twice, first in line %d", where, property, line), "remove one of them")
			}
			lines[property] = field.line
			if value, _, _ := one.Lookup(name); source == literalSecret && value != "" {
				return all, configError(fmt.Sprintf("%s: %s stands in the file in clear", where, name),
					"use "+name+"File or "+name+"Command, or put it into the OS keyring: ssoexchange profile add NAME --keyring")
			}
		}
		all = sso.Merge(all, one.From("profile "+p.name+", "+where))
	}
	return all, nil
}

// What secretSource returns for a property that is no secret, and for a secret that
// is given by itself.
const (
	notSecret     = ""
	literalSecret = "literal"
)

// secretSource splits the canonical name of a setting: PasswordFile is Password from
// a File.
func secretSource(name string) (property, source string) {
	for _, p := range sso.Properties() {
		switch rest, found := strings.CutPrefix(name, p.Name); {
		case found && rest == "" && p.Secret:
			return name, literalSecret
		case found && p.Secret && (rest == "File" || rest == "Command" || rest == "Keyring"):
			return p.Name, rest
		}
	}
	return name, notSecret
}

func completeProfile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	f, err := readProfiles(configFile())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, p := range f.profiles {
		names = append(names, p.name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
