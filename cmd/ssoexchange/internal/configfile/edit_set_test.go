package configfile

import (
	"os"
	"path/filepath"
	"testing"
)

const commented = `# mine
default_profile: work # the usual one
profiles:
  base:
    AuthScheme: Okta   # classic
    SSO Login Url: https://example.okta.com/home/jira/0oa1/42

    # who
    User: ana@example.com # me
    PasswordFile: /run/secrets/okta

  # the test system
  work: {extends: base}
  small:
    AuthScheme: Okta
# end
`

// writtenFile is a configuration file with that text.
func writtenFile(t *testing.T, text string) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSetKeepsWhatItDoesNotChange(t *testing.T) {
	ext := "base"
	for _, tt := range []struct {
		name, profile string
		change        Change
		want          string
	}{
		{"one value", "base", Change{Set: []Field{{Name: "User", Value: "ben"}}},
			"# mine\ndefault_profile: work # the usual one\nprofiles:\n  base:\n    AuthScheme: Okta   # classic\n    SSO Login Url: https://example.okta.com/home/jira/0oa1/42\n\n    # who\n    User: ben # me\n    PasswordFile: /run/secrets/okta\n\n  # the test system\n  work: {extends: base}\n  small:\n    AuthScheme: Okta\n# end\n"},
		{"another source of a secret, a name in another spelling, a new one", "base",
			Change{Set: []Field{{Name: "PasswordKeyring", Value: "base/Password"}, {Name: "SSOLoginURL", Value: "https://x"}, {Name: "MFAType", Value: "SMS"}}},
			"# mine\ndefault_profile: work # the usual one\nprofiles:\n  base:\n    AuthScheme: Okta   # classic\n    SSOLoginURL: https://x\n\n    # who\n    User: ana@example.com # me\n    PasswordKeyring: base/Password\n    MFAType: SMS\n\n  # the test system\n  work: {extends: base}\n  small:\n    AuthScheme: Okta\n# end\n"},
		{"taken away", "base", Change{Unset: []string{"Password", "SSOLoginURL"}},
			"# mine\ndefault_profile: work # the usual one\nprofiles:\n  base:\n    AuthScheme: Okta   # classic\n\n    # who\n    User: ana@example.com # me\n\n  # the test system\n  work: {extends: base}\n  small:\n    AuthScheme: Okta\n# end\n"},
		{"the last profile", "small", Change{Set: []Field{{Name: "User", Value: "yes"}}, Extends: &ext},
			"# mine\ndefault_profile: work # the usual one\nprofiles:\n  base:\n    AuthScheme: Okta   # classic\n    SSO Login Url: https://example.okta.com/home/jira/0oa1/42\n\n    # who\n    User: ana@example.com # me\n    PasswordFile: /run/secrets/okta\n\n  # the test system\n  work: {extends: base}\n  small:\n    AuthScheme: Okta\n    extends: base\n    User: \"yes\"\n# end\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := writtenFile(t, commented)
			p, err := f.Find(tt.profile)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Set(p, tt.change); err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(f.Path)
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// What is written on one line cannot be edited a line at a time, and stays as it is.
func TestSetRefusesWhatItCannotEdit(t *testing.T) {
	f := writtenFile(t, commented)
	p, err := f.Find("work")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Set(p, Change{Set: []Field{{Name: "User", Value: "ben"}}}); err == nil {
		t.Error("a profile on one line was edited")
	}
	if got, _ := os.ReadFile(f.Path); string(got) != commented {
		t.Errorf("the file has changed:\n%s", got)
	}
}

func TestSetDefault(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"profiles:\n  a:\n    User: x\n", "default_profile: a\nprofiles:\n  a:\n    User: x\n"},
		{"# mine\n\nprofiles:\n  a:\n    User: x\n", "# mine\n\ndefault_profile: a\nprofiles:\n  a:\n    User: x\n"},
		{"default_profile: b # c\nprofiles:\n  a:\n    User: x\n", "default_profile: a # c\nprofiles:\n  a:\n    User: x\n"},
	} {
		f := writtenFile(t, tt.text)
		if err := f.SetDefault("a"); err != nil {
			t.Errorf("%q: %v", tt.text, err)
		}
		if got, _ := os.ReadFile(f.Path); string(got) != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
