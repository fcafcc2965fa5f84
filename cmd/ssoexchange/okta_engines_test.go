package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/lab"
	"github.com/ssoexchange/ssoexchange/fixtures"
)

// onBothEngines runs do for a user of each organisation.
func onBothEngines(t *testing.T, user string, do func(*oktaRig)) {
	t.Helper()
	for _, s := range fixtures.Scenarios() {
		if lab.Name(s.Login) == user {
			onEngines(t, s, do)
		}
	}
}

// onEngines runs do with each organisation, in bubbles.
func onEngines(t *testing.T, s fixtures.Scenario, do func(*oktaRig)) {
	t.Helper()
	bench(t)
	for _, engine := range []string{"Classic", "IDX"} {
		t.Run(engine, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { do(newOktaRig(t, engine, s)) })
		})
	}
}

// endSessions ends all sessions; remembered devices stay.
func (r *oktaRig) endSessions() {
	r.org.EndSessions(r.scenario.Login)
	r.Jira.EndSessions(r.scenario.Login)
}

// secondFactors counts the requests that have to do with one.
func (r *oktaRig) secondFactors() int {
	host, _, _ := strings.Cut(r.org.Host(), ":")
	return r.Net.Count(host, "POST", "/api/v1/authn/factors") + r.Net.Count(host, "POST", "/idp/idx/challenge") - r.Net.Count(host, "POST", "/idp/idx/challenge/answer")
}

// With a seed nobody is asked, and the device is remembered afterwards.
func TestOktaWithoutAPerson(t *testing.T) {
	onBothEngines(t, "totp", func(r *oktaRig) {
		seed := "MFASecret=" + r.org.TOTPSecret(r.scenario.Login)
		for range 2 {
			r.want(r.cookies(seed), 0, "")
			if n := r.secondFactors(); n != 1 {
				r.Errorf("%d requests for the second factor", n)
			}
			r.endSessions()
		}
		r.Net.Reset()
		r.org.ForgetDevices(r.scenario.Login)
		r.want(r.cookies(seed, "MFARememberDevice=False"), 0, "")
		r.endSessions()
		r.Net.Reset()
		r.want(r.cookies(seed, "MFARememberDevice=False"), 0, "")
		if n := r.secondFactors(); n != 1 {
			r.Errorf("%d requests for the second factor of a device that is not to be remembered", n)
		}
		r.tried(4, 0)
	})
}

// A code that was used is not sent a second time, whatever shows it.
func TestOktaCodeWasUsed(t *testing.T) {
	for _, user := range []string{"totp", "rsa", "yubikey"} {
		onBothEngines(t, user, func(r *oktaRig) {
			used := r.code()
			r.want(r.cookies("MFAPassCode="+used), 0, "")
			r.endSessions()
			r.org.ForgetDevices(r.scenario.Login)
			r.Net.Reset()
			r.want(r.cookies("MFAPassCode="+used), 5, "used before")
			for _, q := range r.Net.Requests() {
				if strings.Contains(string(q.Body), used) {
					r.Errorf("the code was posted to %s", q.Path)
				}
			}
		})
	}
}

var shownNumber = regexp.MustCompile(`choose (\d+)`)

// The number to choose is shown once, and again when it changes.
func TestOktaNumberIsShown(t *testing.T) {
	onBothEngines(t, "push", func(r *oktaRig) {
		phone := r.org.Phone(r.scenario.Login)
		r.org.OnMessage(func(fixtures.Message) {
			time.AfterFunc(6*time.Second, func() { phone.ShowNumber(17) })
			time.AfterFunc(15*time.Second, func() { phone.Choose(17) })
		})
		var out, errs bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, dial: r.Net.Dial}
		if status := a.run([]string{"cookies", "--no-input", "--state-dir", filepath.Join(r.dir, "state"), "-c", r.conn}); status != 0 {
			r.Fatalf("status %d: %s", status, errs.String())
		}
		var numbers []string
		for _, m := range shownNumber.FindAllStringSubmatch(errs.String(), -1) {
			if len(numbers) == 0 || numbers[len(numbers)-1] != m[1] {
				numbers = append(numbers, m[1])
			}
		}
		if len(numbers) != 2 || numbers[1] != "17" {
			r.Errorf("shown: %q in\n%s", numbers, errs.String())
		}
	})
}

func TestOktaWrongPassword(t *testing.T) {
	onBothEngines(t, "sms", func(r *oktaRig) {
		for range 2 {
			if o := r.cookies("Password=not-the-password"); o.status != 3 || o.code != "credentials" {
				r.Errorf("status %d: %s", o.status, o.message)
			}
			r.tried(1, 0)
		}
		r.want(r.cookies(), 4, "a code was sent") // another password is tried again
	})
}

func TestOktaSecurityKeyOnly(t *testing.T) {
	onBothEngines(t, "webauthn", func(r *oktaRig) {
		o := r.cookies()
		if o.status != 9 || !strings.Contains(o.message, "FIDO webauthn") && !strings.Contains(o.message, "security key") || !strings.Contains(o.hint, "administrator") {
			r.Errorf("status %d: %s, hint %s", o.status, o.message, o.hint)
		}
	})
}

// TestLabScenarios runs every command that lab prints.
func TestLabScenarios(t *testing.T) {
	bench(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &lab.World{World: fixtures.NewWorld(fixtures.WorldOptions{IDXHost: "oie.example.com"})}
		defer w.Net.Close()
		var err error
		if w.CA, err = w.Net.CAFile(dir); err != nil {
			t.Fatal(err)
		}
		for _, org := range w.Orgs() {
			org.OnMessage(func(m fixtures.Message) { org.Phone(m.User).Approve() })
		}
		ends := map[int]int{}
		for i, s := range w.Scenarios() {
			var out, errs bytes.Buffer
			a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, dial: w.Net.Dial}
			status := a.run([]string{"cookies", "--no-input", "--state-dir", filepath.Join(dir, fmt.Sprint(i)), "-c", s.Connection})
			want := 4
			if at := strings.LastIndex(s.Title, "(exit "); at >= 0 {
				fmt.Sscanf(s.Title[at:], "(exit %d", &want)
			} else if s.Title == "Crowd" || regexp.MustCompile("password only|push|telephones|computed").MatchString(s.Title) {
				want = 0
			}
			if status != want {
				t.Errorf("%s: status %d, want %d\n%s", s.Title, status, want, errs.String())
			}
			ends[status]++
		}
		if ends[0] < 10 || ends[4] < 14 || ends[9] != 3 || ends[3] != 2 {
			t.Errorf("outcomes %v", ends)
		}
	})
}

// TestLabCommands: both organisations' telephones, mailboxes and limits are operated by
// the words that are typed.
func TestLabCommands(t *testing.T) {
	bench(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &lab.World{World: fixtures.NewWorld(fixtures.WorldOptions{IDXHost: "oie.example.com"})}
		defer w.Net.Close()
		var err error
		if w.CA, err = w.Net.CAFile(dir); err != nil {
			t.Fatal(err)
		}
		typed := func(line string) string {
			var out bytes.Buffer
			lab.Obey(&out, w, strings.Fields(line))
			return out.String()
		}
		i := 0
		program := func(connection string) chan int {
			done := make(chan int, 1)
			i++
			args := []string{"cookies", "--no-input", "--state-dir", filepath.Join(dir, fmt.Sprint(i)), "-c", connection + "SSLServerCert=" + w.CA}
			go func() {
				a := &app{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, dial: w.Net.Dial}
				done <- a.run(args)
			}()
			return done
		}
		for _, org := range w.Orgs() {
			push := org.Connection("User=push@example.com", "MFAType=OktaVerify")
			for _, tt := range []struct {
				lines  []string
				status int
			}{
				{[]string{"approve"}, 0},
				{[]string{"approve " + org.Name + " push"}, 0},
				{[]string{"deny push@example.com"}, 5},
				{[]string{"ignore " + org.Name}, 5},
				{[]string{"number 7", "choose 7 push"}, 0},
				{[]string{"number 7 " + org.Name, "choose 8"}, 5},
				{[]string{"expire " + org.Name}, 7},
			} {
				done := program(push)
				time.Sleep(2 * time.Second)
				for _, line := range tt.lines {
					if said := typed(line); said != "" && !strings.Contains(said, "has ended") {
						t.Errorf("%s, %s: %s", org.Name, line, said)
					}
				}
				if status := <-done; status != tt.status {
					t.Errorf("%s, %q: status %d, want %d", org.Name, tt.lines, status, tt.status)
				}
			}
			typed("limit 0 " + org.Name)
			if status := <-program(push); status != 8 {
				t.Errorf("%s, limited: status %d", org.Name, status)
			}
			typed("limit 600")
			if status := <-program(org.Connection("User=sms@example.com", "MFAType=SMS")); status != 4 {
				t.Errorf("%s: status %d", org.Name, status)
			}
			if said := typed("messages " + org.Name + " sms"); !strings.Contains(said, "Your verification code is") {
				t.Errorf("%s, messages: %s", org.Name, said)
			}
		}
		time.Sleep(6 * time.Minute) // no push waits any more
		for line, want := range map[string]string{
			"code":               `(?s)^okta  \d{6}\noie   \d{6}\n$`,
			"code oie google":    `^oie   \d{6}\n$`,
			"code rsa":           `(?s)^okta  \d{8}\noie   \d{8}\n$`,
			"code oie yubikey":   `^oie   [cbdefghijklnrtuv]{44}\n$`,
			"code okta question": `^okta  \w+\n$`,
			"code oie email":     "nothing was sent yet",
			"code push":          "nothing that shows a code",
			"approve":            "no push waits on the telephone of push@example.com",
			"choose":             "is a number",
			"number x":           "is a number",
			"limit":              "usage",
			"expire now":         "usage",
			"end nothing":        `unknown server "nothing"`,
			"end oie":            "all sessions at oie have ended",
			"forget oie":         "no device is remembered",
			"unlock oie":         "is not locked",
			"deny nobody":        `unknown user "nobody"`,
			"dance":              `unknown command "dance"`,
		} {
			if said := typed(line); !regexp.MustCompile(want).MatchString(said) {
				t.Errorf("%s: %q", line, said)
			}
		}
	})
}

// An expired password is changed where a new one is given. A connection that still
// names both works on, with the new one.
func TestOktaNewPassword(t *testing.T) {
	onBothEngines(t, "totp", func(r *oktaRig) {
		seed := "MFASecret=" + r.org.TOTPSecret(r.scenario.Login)
		r.org.ChangeUser(r.scenario.Login, func(u *fixtures.User) { u.PasswordExpired = true })
		for n := 1; n <= 2; n++ {
			r.want(r.cookies(seed, "NewPassword=Another-Passw0rd-4711"), 0, "")
			r.tried(n, 0)
			r.endSessions()
		}
		if o := r.cookies(seed); o.status != 3 {
			r.Errorf("with the old password alone: status %d", o.status)
		}
	})
}

// A new password that breaks the rules is not tried again; another one is.
func TestOktaNewPasswordRefused(t *testing.T) {
	onBothEngines(t, "passwordonly", func(r *oktaRig) {
		r.org.ChangeUser(r.scenario.Login, func(u *fixtures.User) { u.PasswordExpired = true })
		for range 2 {
			if o := r.cookies("NewPassword=short"); o.status != 3 || !strings.Contains(o.message, "requirements") {
				r.Errorf("status %d: %s", o.status, o.message)
			}
		}
		posted := 0
		for _, q := range r.Net.Requests() {
			posted += strings.Count(string(q.Body), `"short"`)
		}
		if posted != 1 {
			r.Errorf("the new password was posted %d times", posted)
		}
		r.want(r.cookies("NewPassword=Another-Passw0rd-4711"), 0, "")
	})
}

// Without one, the error says what to do, and that works.
func TestOktaPasswordExpired(t *testing.T) {
	onBothEngines(t, "passwordonly", func(r *oktaRig) {
		r.org.ChangeUser(r.scenario.Login, func(u *fixtures.User) { u.PasswordExpired = true })
		if o := r.cookies(); o.status != 3 || !strings.Contains(o.message, "expired") || !strings.Contains(o.hint, "NewPassword") {
			r.Errorf("status %d: %s, hint %s", o.status, o.message, o.hint)
		}
		o := r.run("login", "--set", "NewPassword=Another-Passw0rd-4711")
		if o.status != 0 {
			r.Errorf("status %d: %s", o.status, o.stderr)
		}
		r.tried(2, 0)
	})
}

// A trusted application's token goes to the organisation's AuthN API only. One that is
// refused is not blamed on the password.
func TestOktaAPIToken(t *testing.T) {
	onBothEngines(t, "passwordonly", func(r *oktaRig) {
		r.want(r.cookies("APIToken="+r.org.AddAPIToken()), 0, "")
		sent := 0
		for _, q := range r.Net.Requests() {
			if q.Header.Get("Authorization") == "" {
				continue
			}
			if sent++; q.Host != r.org.Host() || !strings.HasPrefix(q.Path, "/api/v1/authn") {
				r.Errorf("the token went to %s%s", q.Host, q.Path)
			}
		}
		if (sent > 0) != (r.engine == "Classic") {
			r.Errorf("the token was sent %d times", sent)
		}
		if r.engine == "IDX" {
			return
		}
		r.endSessions()
		if o := r.cookies("APIToken=00-not-a-token-of-this-organisation-000000"); o.status != 3 || !strings.Contains(o.hint, "API token") {
			r.Errorf("status %d: %s, hint %s", o.status, o.message, o.hint)
		}
		r.want(r.cookies(), 0, "")
	})
}
