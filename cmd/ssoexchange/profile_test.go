package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
)

// keyringHas reports whether the (simulated) keyring has an item.
func keyringHas(t *testing.T, account, secret string) bool {
	t.Helper()
	got, err := keyring.Get(oskeyring.Service, account)
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil && got == secret
}

// TestProfileKeyring: a secret that is given goes to the keyring, the file says
// under which name, and both are gone afterwards.
func TestProfileKeyring(t *testing.T) {
	c := newClinic(t)
	connection := c.file("c.txt", c.CrowdConnection("SSLServerCert="+c.ca), 0o600)
	if status, _, stderr := c.program("profile", "add", "work", "--connection-file", connection, "--keyring"); status != 0 {
		t.Fatalf("add ended with %d: %s", status, stderr)
	}
	if !keyringHas(t, "work/Password", c.Password) || !keyringHas(t, "work/SSOAppPassword", c.AppPassword) {
		t.Error("a secret is not in the keyring")
	}
	data, err := os.ReadFile(configfile.Path())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "PasswordKeyring: work/Password\n") || strings.Contains(string(data), c.Password) || strings.Contains(string(data), c.AppPassword) {
		t.Error("the file has a secret, or not its reference")
	}
	if status, stdout, stderr := c.program("cookies", "-p", "work"); status != 0 || !strings.Contains(stdout, "JSESSIONID=") {
		t.Errorf("cookies ended with %d: %s", status, stderr)
	}
	if status, stdout, _ := c.program("profile", "show", "work"); status != 0 || !strings.Contains(stdout, "PasswordKeyring: work/Password") {
		t.Errorf("show ended with %d: %s", status, stdout)
	}

	// Another profile that uses the same item keeps it alive.
	if status, _, stderr := c.program("profile", "add", "other", "AuthScheme=Okta", "PasswordKeyring=work/Password"); status != 0 {
		t.Fatalf("add ended with %d: %s", status, stderr)
	}
	if status, _, stderr := c.program("profile", "remove", "work", "--keyring"); status != 0 {
		t.Fatalf("remove ended with %d: %s", status, stderr)
	}
	if !keyringHas(t, "work/Password", c.Password) || keyringHas(t, "work/SSOAppPassword", c.AppPassword) {
		t.Error("the keyring has not what it should have")
	}
	if status, _, _ := c.program("profile", "remove", "other", "--keyring"); status != 0 || keyringHas(t, "work/Password", c.Password) {
		t.Error("the last one to use the item has left it behind")
	}
}

// TestProfileSetRotates: a new secret takes the place of the old one in the keyring, by the name
// that the profile has for it; if the file cannot be written, the old one is back.
func TestProfileSetRotates(t *testing.T) {
	c := newClinic(t)
	path := c.file("config.yaml", "profiles:\n  work:\n    AuthScheme: Okta\n    PasswordKeyring: shared/okta # ours\n", 0o600)
	if err := keyring.Set(oskeyring.Service, "shared/okta", "old-secret"); err != nil {
		t.Fatal(err)
	}
	set := func(secret string, args ...string) (int, string) {
		var out, errs bytes.Buffer
		a := &app{stdin: strings.NewReader(secret + "\n"), stdout: &out, stderr: &errs}
		return a.run(append([]string{"profile", "set", "work"}, args...)), out.String() + errs.String()
	}
	if status, said := set("new-secret", "Password"); status != 0 || strings.Contains(said, "new-secret") {
		t.Errorf("set ended with %d: %s", status, said)
	}
	if !keyringHas(t, "shared/okta", "new-secret") {
		t.Error("the keyring has not the new secret")
	}
	if data, _ := os.ReadFile(path); !strings.Contains(string(data), "PasswordKeyring: shared/okta # ours\n") {
		t.Errorf("the file is %s", data)
	}
	if status, said := set("JBSWY3DPEHPK3PXP", "mfasecret"); status != 0 || !keyringHas(t, "work/MFASecret", "JBSWY3DPEHPK3PXP") {
		t.Errorf("set ended with %d: %s", status, said)
	}
	c.file("config.yaml", "profiles: {work: {AuthScheme: Okta, PasswordKeyring: shared/okta}}\n", 0o600)
	if status, said := set("newer-secret", "Password", "MFASecret=x", "--keyring"); status != 2 {
		t.Errorf("a file that cannot be edited: %d: %s", status, said)
	}
	if !keyringHas(t, "shared/okta", "new-secret") || !keyringHas(t, "work/MFASecret", "JBSWY3DPEHPK3PXP") {
		t.Error("the keyring has not what it had before")
	}
}

// TestProfileKeyringUndone: if the file cannot be written, nothing stays in the keyring.
func TestProfileKeyringUndone(t *testing.T) {
	c := newClinic(t)
	c.file("config.yaml", "profiles: {a: {User: ana}}\n", 0o600)
	status, _, stderr := c.program("profile", "add", "work", "AuthScheme=Okta", "Password=hunter2secret", "--keyring")
	if status != 2 || strings.Contains(stderr, "hunter2secret") {
		t.Errorf("add ended with %d: %s", status, stderr)
	}
	if keyringHas(t, "work/Password", "hunter2secret") {
		t.Error("the secret is still in the keyring")
	}
}

// TestProfileFile: the file is private from the first moment, and a link stays one.
func TestProfileFile(t *testing.T) {
	c := newClinic(t)
	real := c.file("dotfiles.yaml", "# mine\n", 0o644)
	if err := os.Symlink(real, configfile.Path()); err != nil {
		t.Skip("no symbolic links here")
	}
	if status, _, stderr := c.program("profile", "add", "work", "AuthScheme=Okta"); status != 0 {
		t.Fatalf("add ended with %d: %s", status, stderr)
	}
	data, err := os.ReadFile(real)
	if err != nil || string(data) != "# mine\nprofiles:\n  work:\n    AuthScheme: Okta\n" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Lstat(configfile.Path()); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, err := filepath.Glob(filepath.Join(c.dir, ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
