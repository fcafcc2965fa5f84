// Package configfile reads, checks and edits the configuration file: named connections, and what
// "refresh" does with them.
package configfile

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

	"go.yaml.in/yaml/v3"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Path returns the path of the configuration file, which need not exist.
func Path() string {
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

// Profile is one named connection: property names and values, in the file's order.
type Profile struct {
	Name    string
	line    int
	Extends string // "": nothing
	Fields  []Field
}

// Field is one line of a profile.
type Field struct {
	Name, Value string
	line        int
}

// File is a configuration file:
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
type File struct {
	Path     string
	missing  bool // there is no such file, which is as good as an empty one
	Default  string
	Profiles []Profile

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

// Read reads the configuration file and checks its form; the properties are
// checked when a profile is used. A missing file has no profiles.
func Read(path string) (*File, error) {
	f, err := ReadText(path)
	if err != nil {
		return nil, err
	}
	return f, f.parse()
}

// ReadText reads the configuration file without looking at what it says.
func ReadText(path string) (*File, error) {
	f := &File{Path: path}
	file, err := openfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.missing = true
		return f, nil
	}
	if err != nil {
		return nil, clierror.Config(err.Error(), "")
	}
	defer file.Close()
	if f.text, err = io.ReadAll(io.LimitReader(file, files.MaxSize+1)); err != nil {
		return nil, clierror.Config(err.Error(), "")
	}
	if len(f.text) > files.MaxSize {
		return nil, clierror.Config(path+" is larger than 1 MiB", "")
	}
	return f, nil
}

// Text is the file as it is on disk.
func (f *File) Text() []byte { return f.text }

// parse fills f from its text. It works on nodes, which know their lines; nothing is
// expanded, so that no alias can blow up.
func (f *File) parse() error {
	dec := yaml.NewDecoder(bytes.NewReader(f.text))
	err := dec.Decode(&f.root)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return clierror.Config(f.Path+": "+strings.TrimPrefix(err.Error(), "yaml: "), "")
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
			f.Default = v.Value
			return nil
		case profilesKey:
			return f.parseProfiles(v)
		case refreshKey:
			f.refresh = v // checked by the commands that use it
			return nil
		}
		return f.errorAt(k, fmt.Sprintf("unknown key %q", k.Value),
			"the file holds "+defaultKey+", "+profilesKey+" and "+refreshKey)
	})
}

func (f *File) parseProfiles(body *yaml.Node) error {
	if body.Kind == yaml.ScalarNode && body.Tag == "!!null" {
		return nil
	}
	return f.eachKey(body, profilesKey, func(k, v *yaml.Node) error {
		p := Profile{Name: k.Value, line: k.Line}
		err := f.eachKey(v, fmt.Sprintf("profile %q", p.Name), func(k, v *yaml.Node) error {
			switch {
			case v.Kind != yaml.ScalarNode:
				return f.errorAt(k, fmt.Sprintf("property %q needs a single value", k.Value), "")
			case k.Value == extendsKey:
				p.Extends = v.Value
				return nil
			}
			p.Fields = append(p.Fields, Field{k.Value, v.Value, k.Line})
			return nil
		})
		f.Profiles = append(f.Profiles, p)
		return err
	})
}

// eachKey calls do for every key of a mapping. Aliases, merge keys, and names that
// are not plain text are refused: "extends" does what they are for.
func (f *File) eachKey(m *yaml.Node, what string, do func(k, v *yaml.Node) error) error {
	if m.Kind != yaml.MappingNode {
		return f.errorAt(m, what+" is not a list of names and values", "write one Name: Value on each line below it")
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" || v.Kind == yaml.AliasNode {
			return f.errorAt(k, "aliases and merge keys are not for this file",
				"a profile takes over another's properties with "+extendsKey+": NAME")
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

func (f *File) errorAt(n *yaml.Node, text, hint string) error {
	return clierror.Config(fmt.Sprintf("%s:%d: %s", f.Path, n.Line, text), hint)
}

// Find returns the profile of that name.
func (f *File) Find(name string) (*Profile, error) {
	i := slices.IndexFunc(f.Profiles, func(p Profile) bool { return p.Name == name })
	if i < 0 && f.missing {
		return nil, clierror.Config(fmt.Sprintf("no profile %q: the configuration file %s does not exist", name, f.Path),
			"make it with: ssoexchange profile add; another file is named by SSOEXCHANGE_CONFIG")
	}
	if i < 0 {
		return nil, clierror.Config(fmt.Sprintf("no profile %q in %s", name, f.Path), "it has: "+f.Names())
	}
	return &f.Profiles[i], nil
}

// DefaultName is the profile for commands that name none: the one that the file says, or the only
// one there is; "" if there is no such.
func (f *File) DefaultName() string {
	if f.Default == "" && len(f.Profiles) == 1 {
		return f.Profiles[0].Name
	}
	return f.Default
}

// Names are the names of the profiles, for a hint.
func (f *File) Names() string {
	var names []string
	for _, p := range f.Profiles {
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return "no profiles"
	}
	return strings.Join(names, ", ")
}

// Settings returns the properties of a profile over those of the one it extends.
func (f *File) Settings(name string) (sso.Settings, error) {
	var chain []*Profile // the extended ones after those that extend them
	for next := name; next != ""; {
		p, err := f.Find(next)
		if err != nil {
			if len(chain) > 0 {
				last := chain[len(chain)-1]
				text := fmt.Sprintf("%s:%d: profile %q extends %q, which does not exist", f.Path, last.line, last.Name, next)
				err = clierror.Config(text, "it has: "+f.Names())
			}
			return sso.Settings{}, err
		}
		if i := slices.Index(chain, p); i >= 0 {
			var path []string
			for _, p := range chain[i:] {
				path = append(path, p.Name)
			}
			circle := strings.Join(append(path, p.Name), " > ")
			text := fmt.Sprintf("%s:%d: profile %q extends itself: %s", f.Path, p.line, p.Name, circle)
			return sso.Settings{}, clierror.Config(text, "remove one "+extendsKey)
		}
		chain = append(chain, p)
		next = p.Extends
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
func (f *File) own(p *Profile) (sso.Settings, error) {
	var all sso.Settings
	lines := make(map[string]int) // of the property that a name belongs to
	for _, field := range p.Fields {
		where := fmt.Sprintf("%s:%d", f.Path, field.line)
		one, err := Setting(field.Name, field.Value, "write Name: Value")
		if err != nil {
			var bad *sso.ConfigError
			if errors.As(err, &bad) {
				bad.Origin = where
				if bad.Property != "" { // else the origin is all there is to name it
					bad.Origin = "profile " + p.Name + ", " + where
				}
			}
			return all, &sso.StepError{Step: "config", Err: err}
		}
		for _, name := range one.Names() {
			property, source := SecretSource(name)
			if line, twice := lines[property]; twice {
				return all, clierror.Config(fmt.Sprintf("%s: %s is given twice, first in line %d", where, property, line),
					"remove one of them")
			}
			lines[property] = field.line
			if value, _, _ := one.Lookup(name); source == LiteralSecret && value != "" {
				return all, clierror.Config(fmt.Sprintf("%s: %s stands in the file in clear", where, name),
					"use "+name+"File or "+name+"Command, or put it into the OS keyring: ssoexchange profile add NAME --keyring")
			}
		}
		all = sso.Merge(all, one.From("profile "+p.Name+", "+where))
	}
	return all, nil
}

// What secretSource returns for a property that is no secret, and for a secret that
// is given by itself.
const (
	notSecret     = ""
	LiteralSecret = "literal"
)

// SecretSource splits the canonical name of a setting: PasswordFile is Password from
// a File.
func SecretSource(name string) (property, source string) {
	for _, p := range sso.Properties() {
		switch rest, found := strings.CutPrefix(name, p.Name); {
		case found && rest == "" && p.Secret:
			return name, LiteralSecret
		case found && p.Secret && (rest == "File" || rest == "Command" || rest == "Keyring"):
			return p.Name, rest
		}
	}
	return name, notSecret
}
