package configfile

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzProfileEdit adds a profile to any file that can be read and takes it away
// again. Either is refused, or it changes nothing else.
func FuzzProfileEdit(f *testing.F) {
	seeds := []string{
		"", "# only a comment", "profiles:\n", "profiles: {}\n", "profiles: ~ # none\ndefault_profile: a\n",
		"profiles:\n  a:\n    User: ana\n", "default_profile: a\nprofiles:\n    a:   # x\n        User: 'a''b'\n\n    # b\n    b: {extends: a}\n# end",
		"profiles:\r\n  a:\r\n    User: ana\r\n", "---\nprofiles:\n  a:\n    User: >\n      ana\n      ben\n...\n",
		"{profiles: {a: {User: ana}}, default_profile: a}", "profiles:\n a:\n  User: |\n   # no comment\n\n\ndefault_profile: a",
	}
	for _, s := range seeds {
		f.Add(s, "a: b # c")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		before := &File{Path: "config.yaml", text: []byte(text)}
		if len(text) > 4096 || before.parse() != nil {
			return
		}
		if _, err := before.Find("zz"); err == nil || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return
		}
		added := Profile{Name: "zz", Fields: []Field{{Name: "User", Value: value}}}
		during := &File{Path: "config.yaml", text: before.with(added)}
		if during.parse() != nil || !slices.EqualFunc(during.Profiles, append(slices.Clone(before.Profiles), added), sameProfile) {
			return // write refuses it
		}
		p, err := during.Find("zz")
		if err != nil {
			t.Fatal(err)
		}
		after := &File{Path: "config.yaml", text: during.without(p)}
		if err := after.parse(); err != nil || !slices.EqualFunc(after.Profiles, before.Profiles, sameProfile) {
			return // write refuses it
		}
		if bytes.Contains(after.text, []byte("zz:")) && !bytes.Contains(before.text, []byte("zz:")) {
			t.Errorf("something is left behind:\n%q\n%q", before.text, after.text)
		}
	})
}
