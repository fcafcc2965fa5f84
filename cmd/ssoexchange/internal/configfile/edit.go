package configfile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// profileName is what a profile may be called: nothing that a shell or YAML reads in
// its own way.
var profileName = lazyregexp.New(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)

// CheckName refuses what cannot be the name of a profile.
func CheckName(name string) error {
	if !profileName().MatchString(name) || slices.Contains(yamlWords, strings.ToLower(name)) {
		return clierror.Config("this cannot be the name of a profile",
			"use letters, digits, dots, dashes and underscores, and begin with a letter")
	}
	return nil
}

// yamlWords are names that YAML 1.1 takes for something else than text.
var yamlWords = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

// KeyringAccounts are the items of the OS keyring that the profile takes secrets from.
func (p Profile) KeyringAccounts() []string {
	var list []string
	for _, field := range p.Fields {
		if _, source := SecretSource(field.Name); source == "Keyring" {
			list = append(list, field.Value)
		}
	}
	return list
}

// Add adds a profile, after all others.
func (f *File) Add(p Profile) error {
	return f.write(f.with(p), func(got *File) bool {
		return slices.EqualFunc(got.Profiles, append(slices.Clone(f.Profiles), p), sameProfile) &&
			got.Default == f.Default
	})
}

// Remove removes a profile of f, and its name as the default. One that another extends stays.
func (f *File) Remove(p *Profile) error {
	var rest []Profile
	for _, other := range f.Profiles {
		if other.Name == p.Name {
			continue
		}
		if other.Extends == p.Name {
			return clierror.Config(fmt.Sprintf("%s:%d: profile %q extends it", f.Path, other.line, other.Name),
				"remove that one first, or its "+extendsKey)
		}
		rest = append(rest, other)
	}
	def := f.Default
	if def == p.Name {
		def = ""
	}
	return f.write(f.without(p), func(got *File) bool {
		return slices.EqualFunc(got.Profiles, rest, sameProfile) && got.Default == def
	})
}

// sameProfile compares what two profiles say, wherever they say it.
func sameProfile(a, b Profile) bool {
	return a.Name == b.Name && a.Extends == b.Extends && slices.EqualFunc(a.Fields, b.Fields, func(x, y Field) bool {
		return x.Name == y.Name && x.Value == y.Value
	})
}

// write replaces the file by text, if that says what it is meant to say: an edit
// that went wrong in a file of unusual form must not cost anybody a profile.
func (f *File) write(text []byte, good func(*File) bool) error {
	got := &File{Path: f.Path, text: text}
	if err := got.parse(); err != nil || !good(got) {
		return clierror.Config(f.Path+" is written in a way that cannot be edited here", "edit it by hand; it is unchanged")
	}
	return f.Replace(text)
}

// Replace replaces the file by text, unless it has changed since it was read.
func (f *File) Replace(text []byte) error {
	path := f.Path
	if to, err := files.FindTarget(path); err != nil || !to.Regular {
		return clierror.Config(f.Path+" is not a file that can be written",
			"set SSOEXCHANGE_CONFIG to a file, or edit what it is made from")
	}
	if now, err := files.ReadRegular(path); err == nil && !bytes.Equal(now, f.text) {
		return clierror.Config(f.Path+" has changed in the meantime", "run the command again")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return clierror.Config(err.Error(), "")
	}
	return files.WriteSecret(path, text)
}
