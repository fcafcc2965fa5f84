package sso_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/sso"
)

const canary = "kV8s-Tq2z"

func TestSecretsDoNotPrint(t *testing.T) {
	c, err := sso.ParseConfig(oktaBase + "MFASecret=" + canary + ";MFACommand=gateway " + canary + ";NewPasswordCommand=echo " + canary)
	if err != nil {
		t.Fatal(err)
	}
	c.Password = sso.NewSecret(canary)
	s := sso.NewSecret(canary)
	type holder struct {
		Open   sso.Secret
		closed sso.Secret
		config *sso.Config
		ptr    *sso.Secret
	}
	// In somebody's unexported field even a Formatter is not called: what is in a
	// Secret must be out of reach then, too.
	bare := *c
	bare.MFACommand = ""
	h := holder{s, s, &bare, &s}
	var out strings.Builder
	for _, v := range []any{s, &s, c, *c, h, &h, []sso.Secret{s}, map[string]*sso.Config{"c": c}, sso.SecretFromCommand(canary), c.Password} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3v"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if data, err := json.Marshal(v); err != nil {
			t.Errorf("json.Marshal(%T): %v", v, err)
		} else {
			out.Write(data)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	data, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), canary[:3]} {
		if strings.Contains(out.String(), form) {
			t.Errorf("found %q in:\n%s", form, out.String())
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing says [redacted]")
	}
	if got := fmt.Sprint(c); got != "sso.Config(Okta user=ana sp=https://jira.example.com idp=https://acme.okta.com)" {
		t.Errorf("Config prints as %s", got)
	}
}

func TestSecretZero(t *testing.T) {
	for _, s := range []sso.Secret{{}, sso.NewSecret("")} {
		if v, err := s.Reveal(t.Context()); v != "" || err != nil || !s.IsZero() {
			t.Errorf("got %q, %v", v, err)
		}
	}
}

// An error about a secret shows neither the secret nor where it was looked for.
func checkSecretError(t *testing.T, err error, want string) {
	t.Helper()
	bad := problem(t, err)
	if text := err.Error() + bad.HintText(); !strings.Contains(text, want) || strings.Contains(text, canary) {
		t.Errorf("got %q, want %q", text, want)
	}
}

func TestSecretFromFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tt := range map[string]struct{ path, want string }{
		"with newline":    {file("a", "s3 cr;et \n", 0o600), "s3 cr;et "},
		"with CR LF":      {file("b", "s3cret\r\nmore\n", 0o400), "s3cret"},
		"without newline": {file("c", "s3cret", 0o600), "s3cret"},
		"64 KiB":          {file("d", strings.Repeat("x", 64<<10), 0o600), strings.Repeat("x", 64<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reveal(t, sso.SecretFromFile(tt.path)); got != tt.want {
				t.Errorf("got %.20q", got)
			}
		})
	}
	bad := map[string]struct{ path, want string }{
		"missing":   {filepath.Join(dir, "none"), "does not exist"},
		"directory": {dir, "regular file"},
		"too large": {file("e", strings.Repeat("x", 64<<10+1), 0o600), "64 KiB"},
		"empty":     {file("f", "\nsecond", 0o600), "first line is empty"},
	}
	if runtime.GOOS != "windows" {
		bad["group may read"] = struct{ path, want string }{file("g", canary, 0o640), "chmod 600"}
		bad["world may read"] = struct{ path, want string }{file("h", canary, 0o604), "mode 0604"}
	}
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			_, err := sso.SecretFromFile(tt.path).Reveal(t.Context())
			checkSecretError(t, err, tt.want)
		})
	}
}

// The file is read when the secret is used, not when the string is parsed.
func TestSecretsAreReadLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pw")
	conn := strings.Replace(oktaBase, "Password=pw-7Hq2", "PasswordFile="+path, 1)
	c, err := sso.ParseConfig(conn + "MFASecretKeyring=seed;APITokenCommand=exit 7")
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"one\n", "two\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := reveal(t, c.Password); got != strings.TrimSpace(content) {
			t.Errorf("got %q", got)
		}
	}
	_, err = c.MFASecret.Reveal(t.Context())
	checkSecretError(t, err, "no keyring")
	if bad := problem(t, err); bad.Property != "MFASecretKeyring" {
		t.Errorf("Property = %q", bad.Property)
	}
}

func TestSecretFromKeyring(t *testing.T) {
	ring := func(_ context.Context, account string) (string, error) {
		switch account {
		case "ana":
			return "s3cret", nil
		case "empty":
			return "", nil
		}
		return "", errors.New("locked: " + canary)
	}
	settings, err := sso.ParseSettings(strings.Replace(oktaBase, "Password=pw-7Hq2", "Password Keyring=ana", 1))
	if err != nil {
		t.Fatal(err)
	}
	c, err := sso.NewConfig(settings, ring)
	if err != nil {
		t.Fatal(err)
	}
	if got := reveal(t, c.Password); got != "s3cret" {
		t.Errorf("got %q", got)
	}
	for account, want := range map[string]string{"other": "did not give the secret", "empty": "empty"} {
		_, err := sso.SecretFromKeyring(account, ring).Reveal(t.Context())
		checkSecretError(t, err, want)
	}
}

func TestSecretFromCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	for name, tt := range map[string]struct{ command, want string }{
		"no shell":          {"printf s3cret", "s3cret"},
		"no shell, two":     {"echo  a   b", "a b"},
		"no shell, option":  {"env LC_ALL=C printf x", "x"},
		"first line":        {"printf 'one\\r\\ntwo\\n'", "one"},
		"shell pipe":        {"printf abc | tr a-c x-z", "xyz"},
		"shell variable":    {`V=q; echo "$V;$V"`, "q;q"},
		"assignment":        {"A=b printenv A", "b"},
		"standard error":    {"echo noise >&2; echo s3cret", "s3cret"},
		"stdin is empty":    {"cat; echo s3cret", "s3cret"},
		"quoted whitespace": {"printf '%s' ' a '", " a "},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reveal(t, sso.SecretFromCommand(tt.command)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for name, tt := range map[string]struct{ command, want string }{
		"exit status":     {"echo " + canary + " >&2; echo " + canary + "; exit 3", "exit status 3 (10 bytes on standard error)"},
		"not found":       {"no-such-program-" + canary, "program was not found"},
		"not executable":  {"/dev/null/" + canary, "could not be run"},
		"nothing printed": {"true", "first line is empty"},
		"flood":           {"yes " + canary, "more than 64 KiB"},
		"flood of errors": {"yes " + canary + " >&2", "more than 64 KiB"},
		"blank":           {"  ", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sso.SecretFromCommand(tt.command).Reveal(t.Context())
			checkSecretError(t, err, tt.want)
		})
	}
}

func TestSecretFromCommandEndsWithItsContext(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command is one of a Unix shell")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	// The inner sleep survives its shell and holds the pipe; it must not hold the call.
	_, err := sso.SecretFromCommand("sleep 20 & sleep 20").Reveal(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, autherr.ErrConfig) {
		t.Errorf("err = %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	for _, s := range []sso.Secret{sso.SecretFromCommand("touch x"), sso.SecretFromFile("x")} {
		if _, err := s.Reveal(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
	}
}

// TestFileErrorsNameThePath: whoever reads the error in a log need not guess which file
// it is about. What may be a password in the place of a path is not shown.
func TestFileErrorsNameThePath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("secrets", 0o700); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(open, []byte(canary), 0o644); err != nil {
		t.Fatal(err)
	}
	with := func(property, value string) string {
		return strings.Replace(oktaBase, "Password=pw-7Hq2", property+"="+value, 1)
	}
	for _, tt := range []struct{ name, conn, want string }{
		{"absolute", with("PasswordFile", "/no/such/file"), "PasswordFile: the file /no/such/file does not exist"},
		{"in the home directory", with("PasswordFile", "~/okta"), "the file ~/okta does not exist"},
		{"relative, in a folder", with("PasswordFile", "secrets/okta"), "the file secrets/okta does not exist"},
		{"relative, here", with("PasswordFile", "./okta"), "the file ./okta does not exist"},
		{"a name that only a file has", with("PasswordFile", "okta-password.txt"), "the file okta-password.txt does not exist"},
		{"another secret", oktaBase + "MFASecretFile=/no/such/seed", "the file /no/such/seed does not exist"},
		{"others may read it", with("PasswordFile", open), "(mode 0644): " + open},
		{"a directory", with("PasswordFile", dir), "regular file: " + dir},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(tt.want, "mode") {
				t.Skip("no modes here")
			}
			c, err := sso.ParseConfig(tt.conn)
			if err == nil {
				_, err = c.Password.Reveal(t.Context())
			}
			if err == nil {
				_, err = c.MFASecret.Reveal(t.Context())
			}
			want := strings.TrimPrefix(tt.want, "PasswordFile: ")
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
	for _, value := range []string{canary, canary + "/x", "x/" + canary, canary + ".txt"} {
		_, err := sso.SecretFromFile(value).Reveal(t.Context())
		if err == nil || strings.Contains(err.Error()+sso.Hint(err), canary) || !strings.Contains(sso.Hint(err), dir) {
			t.Errorf("a password for a path: %v (%s)", err, sso.Hint(err))
		}
	}
}

// TestSecretFromCommandEnvironment: the command sees the process's environment without
// what is read from it here.
func TestSecretFromCommandEnvironment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	for _, name := range []string{"SSOEXCHANGE_CONNECTION", "SSOEXCHANGE_PASSWORD", "SSOEXCHANGE_STATE_KEY", "SSOEXCHANGE_STORE", "ssoexchange_apitoken"} {
		t.Setenv(name, "hunter2")
	}
	t.Setenv("SSOEXCHANGE_PROFILE", "work")
	t.Setenv("VAULT_TOKEN", "theirs")
	for _, command := range []string{"env", "env 2>/dev/null"} {
		if got := reveal(t, sso.SecretFromCommand(command+" | grep -c hunter2 || true")); got != "0" {
			t.Errorf("%s: %s variables of ours", command, got)
		}
	}
	if got := reveal(t, sso.SecretFromCommand("printenv VAULT_TOKEN")) + reveal(t, sso.SecretFromCommand("printenv SSOEXCHANGE_PROFILE")); got != "theirswork" {
		t.Errorf("got %q", got)
	}
}
