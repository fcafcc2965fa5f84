package sso_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestSourceThatFailsForAWhile: the source of a secret does not work for some time. The
// refresher says so, sends nothing, and goes on by itself when the source works again.
func TestSourceThatFailsForAWhile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a POSIX shell")
	}
	remove := func(t *testing.T, path string) { check(t, os.Remove(path)) }
	empty := func(t *testing.T, path string) { check(t, os.WriteFile(path, nil, 0o600)) }
	for name, tt := range map[string]struct {
		scheme  string
		prop    string // FILE stands for the file
		secret  string // what is in the file when all is well; "": the password
		broken  func(t *testing.T, path string)
		says    string
		stopped bool // it is for a person, and goes on when that person has acted
	}{
		"file is missing":          {"Okta", "PasswordFile=FILE", "", remove, "does not exist", false},
		"file is empty":            {"Okta", "PasswordFile=FILE", "", empty, "empty", false},
		"file begins with a line":  {"Okta", "PasswordFile=FILE", "", func(t *testing.T, p string) { check(t, os.WriteFile(p, []byte("\n\n"), 0o600)) }, "empty", false},
		"file is a directory":      {"Okta", "PasswordFile=FILE", "", func(t *testing.T, p string) { check(t, os.Remove(p)); check(t, os.Mkdir(p, 0o700)) }, "regular", true},
		"file is open to all":      {"Okta", "PasswordFile=FILE", "", func(t *testing.T, p string) { check(t, os.Chmod(p, 0o644)) }, "mode 0644", true},
		"link leads nowhere":       {"Okta", "PasswordFile=FILE", "", func(t *testing.T, p string) { check(t, os.Remove(p)); check(t, os.Symlink(p+".not", p)) }, "does not exist", false},
		"too many links":           {"Okta", "PasswordFile=FILE", "", func(t *testing.T, p string) { check(t, os.Remove(p)); check(t, os.Symlink(p, p)) }, "cannot be read", false},
		"command fails":            {"Okta", "PasswordCommand=cat FILE", "", remove, "exit status 1", false},
		"command in a shell":       {"Okta", "PasswordCommand=cat < FILE", "", remove, "the command failed", false},
		"command is killed":        {"Okta", "PasswordCommand=test -e FILE && cat FILE || kill -9 $$", "", remove, "killed", false},
		"command prints nothing":   {"Okta", "PasswordCommand=cat FILE", "", empty, "empty", false},
		"program is not there":     {"Okta", "PasswordCommand=FILE", "", remove, "could not be run", false},
		"keyring is locked":        {"Okta", "PasswordKeyring=FILE", "", remove, "keyring did not give", false},
		"keyring's entry is empty": {"Okta", "PasswordKeyring=FILE", "", empty, "empty", false},
		"Crowd's password":         {"Crowd", "PasswordCommand=cat FILE", "", remove, "exit status 1", false},
		"application's password":   {"Crowd", "SSOAppPasswordCommand=cat FILE", "APP", remove, "exit status 1", false},
		"API token":                {"Okta", "APITokenFile=FILE", "TOKEN", remove, "does not exist", false},
		"seed of one-time codes":   {"TOTP", "MFASecretFile=FILE", "SEED", remove, "does not exist", false},
		"new password":             {"Okta", "NewPasswordCommand=cat FILE", "Fresh-and-long-enough-1", remove, "exit status 1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, opts, ca := world(t)
				defer w.Close()
				path := filepath.Join(t.TempDir(), "secret")
				opts.Keyring = func(context.Context, string) (string, error) {
					data, err := os.ReadFile(path)
					return string(data), err
				}
				scheme, props := tt.scheme, []string{strings.ReplaceAll(tt.prop, "FILE", path), ca}
				if scheme == "TOTP" {
					scheme, props = "Okta", append(props, "User=totp@example.com", "MFAType=OktaVerifyTOTP")
				}
				if strings.HasPrefix(tt.prop, "Password") {
					props = append(props, "Password=")
				}
				if strings.HasPrefix(tt.prop, "SSOApp") {
					props = append(props, "SSOAppPassword=")
				}
				right := map[string]string{"": w.Password, "APP": w.AppPassword, "TOKEN": "", "SEED": w.Okta.TOTPSecret("totp@example.com")}[tt.secret]
				if tt.secret == "TOKEN" {
					right = w.Okta.AddAPIToken()
				}
				if right == "" {
					right = tt.secret
				}
				well := func() {
					check(t, os.RemoveAll(path))
					text := right + "\n"
					if name == "program is not there" {
						text = "#!/bin/sh\necho '" + right + "'\n"
					}
					check(t, os.WriteFile(path, []byte(text), 0o600))
					if name == "program is not there" {
						check(t, os.Chmod(path, 0o700))
					}
					if strings.HasPrefix(name, "keyring") {
						check(t, os.WriteFile(path, []byte(right), 0o600))
					}
				}
				well()
				tt.broken(t, path)
				conn := withoutEmpty(jiraOf(w, scheme, props...))
				var log told
				r := sso.NewRefresher(sso.RefreshOptions{Observe: log.observe})
				check(t, r.Add("bot", open(t, conn, opts)))
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- r.Run(ctx) }()
				time.Sleep(40 * time.Minute)
				s := r.Status()[0]
				if want := map[bool]string{true: sso.RefreshStopped, false: sso.RefreshWaiting}[tt.stopped]; s.State != want || s.Code != "config" || !strings.Contains(s.Reason, tt.says) {
					t.Errorf("while it fails: %s, %s: %s; want %s and %q", s.State, s.Code, s.Reason, want, tt.says)
				}
				if n := passwordPosts(w); n != 0 && !strings.Contains(name, "seed") {
					t.Errorf("%d passwords were sent meanwhile", n)
				}
				if n := len(log.events); n > 10 {
					t.Errorf("%d turns in 40 minutes: no backoff", n)
				}
				well()
				time.Sleep(65 * time.Minute)
				if s := r.Status()[0]; s.State != sso.RefreshLive {
					t.Errorf("after it works again: %s, %s: %s", s.State, s.Code, s.Reason)
				}
				stop()
				<-done
			})
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// withoutEmpty leaves out the properties without a value, which is how a test takes one back.
func withoutEmpty(conn string) string {
	var kept []string
	for _, p := range strings.Split(conn, ";") {
		if !strings.HasSuffix(p, "=") {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ";")
}

// TestStopOutlivesASourceThatFails: an identity that is stopped for another reason stays
// so while a source fails, and is not signed in because the source works again.
func TestStopOutlivesASourceThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		works := true
		cfg, err := sso.ParseConfig(w.OktaConnection("User=sms@example.com", "MFAType=SMS", ca))
		check(t, err)
		file := filepath.Join(t.TempDir(), "password")
		check(t, os.WriteFile(file, []byte(w.Password+"\n"), 0o600))
		from := sso.SecretFromFile(file)
		cfg.Password = sso.SecretFunc(func(ctx context.Context) (string, error) {
			if !works {
				return sso.SecretFromFile(file + ".not").Reveal(ctx)
			}
			return from.Reveal(ctx)
		})
		c, err := sso.OpenConfig(t.Context(), cfg, opts)
		check(t, err)
		defer c.Close()
		r := sso.NewRefresher(sso.RefreshOptions{})
		check(t, r.Add("bot", c))
		turn := func() sso.RefreshStatus {
			check(t, r.Once(t.Context()))
			time.Sleep(time.Hour)
			return r.Status()[0]
		}
		if s := turn(); s.State != sso.RefreshStopped || s.Code != "passcode_needed" {
			t.Fatalf("%+v", s)
		}
		works = false
		if s := turn(); s.State == sso.RefreshLive || s.Code != "config" {
			t.Errorf("while the source fails: %+v", s)
		}
		works = true
		if s := turn(); s.State != sso.RefreshStopped || s.Code != "passcode_needed" {
			t.Errorf("after that: %+v", s)
		}
		if n := len(w.Okta.Phone("sms@example.com").Messages()); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
	})
}

// TestCodeCommandThatFails: a command that does not say the code once does not stop the
// identity; one that never does is not asked for ever, since each try may send a message.
func TestCodeCommandThatFails(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a POSIX shell")
	}
	for name, always := range map[string]bool{"once": false, "always": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, opts, ca := world(t)
				defer w.Close()
				file := filepath.Join(t.TempDir(), "code")
				conn := w.OktaConnection("User=sms@example.com", "MFAType=SMS", "MFACommand=cat "+file, ca)
				r := sso.NewRefresher(sso.RefreshOptions{})
				check(t, r.Add("bot", open(t, conn, opts)))
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- r.Run(ctx) }()
				time.Sleep(10 * time.Second)
				messages := func() []fixtures.Message { return w.Okta.Phone("sms@example.com").Messages() }
				if s := r.Status()[0]; s.State != sso.RefreshWaiting || len(messages()) != 1 {
					t.Errorf("after one failure: %+v, %d messages", s, len(messages()))
				}
				want := sso.RefreshStopped
				if !always {
					check(t, os.WriteFile(file, []byte(messages()[0].Code+"\n"), 0o600))
					want = sso.RefreshLive
				}
				time.Sleep(3 * time.Hour)
				if s := r.Status()[0]; s.State != want || len(messages()) > 3 {
					t.Errorf("after three hours: %+v, %d messages; want %s and 3 at the most", s, len(messages()), want)
				}
				stop()
				<-done
			})
		})
	}
}

// TestSourceThatFailsOnce: by the time that the refresher notes the failure, the source
// works again.
func TestSourceThatFailsOnce(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a POSIX shell")
	}
	for name, once := range map[string]string{
		"exit status":    "mkdir FILE && exit 3 || echo SECRET",
		"prints nothing": "mkdir FILE && exit 0 || echo SECRET",
		"killed":         "mkdir FILE && kill -9 $$ || echo SECRET",
		"not found":      "mkdir FILE && exit 127 || echo SECRET",
		"empty line":     "mkdir FILE && echo || echo SECRET",
		"noise first":    "mkdir FILE && echo trouble >&2 && exit 1 || echo SECRET",
	} {
		for _, property := range []string{"Password", "SSOAppPassword"} {
			t.Run(property+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w, opts, ca := world(t)
					defer w.Close()
					secret := map[string]string{"Password": w.Password, "SSOAppPassword": w.AppPassword}[property]
					command := strings.NewReplacer("FILE", filepath.Join(t.TempDir(), "been"), "SECRET", secret).Replace(once)
					conn := withoutEmpty(w.CrowdConnection(property+"=", property+"Command="+command, ca))
					r := sso.NewRefresher(sso.RefreshOptions{})
					check(t, r.Add("bot", open(t, conn, opts)))
					check(t, r.Once(t.Context()))
					if s := r.Status()[0]; s.State != sso.RefreshWaiting || s.Code != "config" || passwordPosts(w) != 0 {
						t.Errorf("after the failure: %+v, %d passwords sent", s, passwordPosts(w))
					}
					time.Sleep(2 * time.Minute)
					check(t, r.Once(t.Context()))
					if s := r.Status()[0]; s.State != sso.RefreshLive || passwordPosts(w) != 1 {
						t.Errorf("then: %+v, %d passwords sent", s, passwordPosts(w))
					}
				})
			})
		}
	}
}
