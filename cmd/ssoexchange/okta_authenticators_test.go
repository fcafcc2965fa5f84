package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/lab"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// TestOktaAuthenticators runs the program against every authenticator of both engines:
// the right answer, a wrong one, a refusal, nobody there, a transaction that has ended,
// and a rate limit. Time is the bubble's, so nothing is waited for.
func TestOktaAuthenticators(t *testing.T) {
	bench(t)
	authenticators := 0
	for _, engine := range []string{"Classic", "IDX"} {
		for _, s := range fixtures.Scenarios() {
			if !s.On(engine) || len(s.Add) == 0 || s.Add[0].Type == fixtures.FactorWebAuthn {
				continue
			}
			authenticators++
			for _, c := range authenticatorCases {
				if do := c.byKind[kindOf(s.Add[0])]; do != nil {
					t.Run(engine+"/"+lab.Name(s.Login)+"/"+c.name, func(t *testing.T) {
						testscale.Row(t)
						synctest.Test(t, func(t *testing.T) { do(newOktaRig(t, engine, s)) })
					})
				}
			}
		}
	}
	if authenticators < 24 {
		t.Errorf("only %d authenticators", authenticators)
	}
}

// bench prepares what must not be made inside a bubble: the environment, and the
// goroutine that the runtime has for signals.
func bench(t *testing.T) {
	t.Helper()
	keyring.MockInit()
	for _, name := range []string{"SSOEXCHANGE_CONNECTION", "SSOEXCHANGE_PROFILE", "SSOEXCHANGE_STORE", "HTTPS_PROXY", "https_proxy", "SSOEXCHANGE_STATE_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("SSOEXCHANGE_CONFIG", filepath.Join(t.TempDir(), "config.yaml"))
	t.Setenv("SSOEXCHANGE_NO_INPUT", "1")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	t.Cleanup(func() { signal.Stop(signals) })
}

// The kinds of authenticators, by what the user does with them.
const (
	pressed  = "pressed"  // a push
	sent     = "sent"     // a code is sent
	timed    = "timed"    // a code changes with time
	readOff  = "read off" // a code is read off
	answered = "answered" // always the same
)

func kindOf(f fixtures.Factor) string {
	switch f.Type {
	case fixtures.FactorPush:
		return pressed
	case fixtures.FactorSMS, fixtures.FactorCall, fixtures.FactorEmail:
		return sent
	case fixtures.FactorTOTP:
		return timed
	case fixtures.FactorQuestion:
		return answered
	}
	return readOff
}

var authenticatorCases = []struct {
	name   string
	byKind map[string]func(*oktaRig)
}{
	{"right", map[string]func(*oktaRig){pressed: pushApproved, sent: codeSent, timed: codeTyped, readOff: codeTyped, answered: codeTyped}},
	{"wrong", map[string]func(*oktaRig){sent: wrongCodeSent, timed: wrongCode, readOff: wrongCode, answered: wrongCode}},
	{"rejected", map[string]func(*oktaRig){pressed: pushDenied}},
	{"timeout", map[string]func(*oktaRig){pressed: pushIgnored, sent: codeTooOld, timed: codeTooOldTyped, readOff: nobodyThere, answered: nobodyThere}},
	{"nobody", map[string]func(*oktaRig){pressed: pushUnanswered, timed: nobodyThere}},
	{"expired", map[string]func(*oktaRig){pressed: pushLost, sent: transactionLost, timed: transactionLostTyped, readOff: transactionLostTyped, answered: transactionLostTyped}},
	{"expired long ago", map[string]func(*oktaRig){sent: transactionEnded, timed: transactionEnded, readOff: transactionEnded, answered: transactionEnded}},
	{"limited", map[string]func(*oktaRig){pressed: limitedPush, sent: limitedCode, timed: limitedCode, readOff: limitedCode, answered: limitedCode}},
}

// oktaRig is one user of one organisation, and the program.
type oktaRig struct {
	*testing.T
	*fixtures.World
	org      *fixtures.Okta
	engine   string
	scenario fixtures.Scenario
	conn     string
	dir      string
}

func newOktaRig(t *testing.T, engine string, s fixtures.Scenario) *oktaRig {
	t.Helper()
	r := &oktaRig{T: t, World: fixtures.NewWorld(fixtures.WorldOptions{IDXHost: "oie.example.com"}), engine: engine, scenario: s, dir: t.TempDir()}
	t.Cleanup(func() { r.Net.Close() })
	ca, err := r.Net.CAFile(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	props := []string{"User=" + s.Login, "SSLServerCert=" + ca}
	if s.MFAType != "" {
		props = append(props, "MFAType="+s.MFAType)
	}
	if lab.Name(s.Login) == "devices" {
		props = append(props, "MFADevice=Home phone")
	}
	if r.org, r.conn = r.Okta, r.OktaConnection(props...); engine == "IDX" {
		r.org, r.conn = r.IDX, r.IDXConnection(props...)
	}
	return r
}

// outcome is how a command ended.
type outcome struct {
	status         int
	code, step     string
	wait           int
	message, hint  string
	stdout, stderr string
}

// cookies runs "cookies" with more properties, such as "MFAPassCode=123456".
func (r *oktaRig) cookies(props ...string) outcome {
	r.Helper()
	args := []string{"cookies"}
	for _, p := range props {
		args = append(args, "--set", p)
	}
	return r.run(args...)
}

// run runs the program, with nobody to ask and a state directory of its own.
func (r *oktaRig) run(args ...string) outcome {
	r.Helper()
	args = append(args, "--json", "--no-input", "--state-dir", filepath.Join(r.dir, "state"), "-c", r.conn)
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, dial: r.Net.Dial}
	status := a.run(args)
	o := told(status, out.String(), errs.String())
	for _, secret := range r.Secrets() {
		if len(secret) >= 6 && strings.Contains(o.stderr, secret) {
			r.Errorf("a secret of %d bytes is printed", len(secret))
		}
	}
	return o
}

// told reads what a command with --json has printed.
func told(status int, stdout, stderr string) outcome {
	o := outcome{status: status, stdout: stdout, stderr: stderr}
	var told struct {
		Error struct {
			Code, Step, Message, Hint string
			RetryAfter                int `json:"retry_after"`
		}
	}
	for line := range strings.Lines(stderr) {
		_ = json.Unmarshal([]byte(line), &told)
	}
	o.code, o.step, o.wait, o.message, o.hint = told.Error.Code, told.Error.Step, told.Error.RetryAfter, told.Error.Message, told.Error.Hint
	return o
}

// want checks how a command ended: its status, and words of its message.
func (r *oktaRig) want(o outcome, status int, words string) {
	r.Helper()
	if o.status != status || !strings.Contains(o.message, words) {
		r.Fatalf("status %d (%s: %s), want %d with %q\n%s", o.status, o.code, o.message, status, words, o.stderr)
	}
	if (status == 0) != strings.Contains(o.stdout, "JSESSIONID") {
		r.Errorf("status %d, printed %q", status, o.stdout)
	}
	if status != 0 && (o.step != "mfa" || o.hint == "") {
		r.Errorf("step %q, hint %q", o.step, o.hint)
	}
}

// code is what the user could type now.
func (r *oktaRig) code() string {
	r.Helper()
	f := r.scenario.Add[0]
	var provider []string
	if f.Provider != "" {
		provider = []string{f.Provider}
	}
	return r.org.Code(r.scenario.Login, f.Type, provider...)
}

// messages is how many messages and pushes the user got.
func (r *oktaRig) messages() int { return len(r.org.Phone(r.scenario.Login).Messages()) }

// wrong is a code that no authenticator has shown.
func (r *oktaRig) wrong() string {
	if r.scenario.Add[0].Type == fixtures.FactorHardware {
		return strings.Repeat("c", 44)
	}
	return "00000000"
}

// tried makes sure how often the password was tried and something was sent.
func (r *oktaRig) tried(passwords, messages int) {
	r.Helper()
	if n := r.org.Attempts(r.scenario.Login); n != passwords {
		r.Errorf("%d passwords, want %d", n, passwords)
	}
	if n := r.messages(); n != messages {
		r.Errorf("%d messages, want %d", n, messages)
	}
}

// onPush has every push answered as soon as it arrives.
func (r *oktaRig) onPush(do func(*fixtures.Phone) bool) {
	phone := r.org.Phone(r.scenario.Login)
	r.org.OnMessage(func(fixtures.Message) { do(phone) })
}

// lose ends all transactions, as a restart of Okta does.
func (r *oktaRig) lose() { r.org.SetEngine(r.engine) }

func pushApproved(r *oktaRig) {
	r.onPush((*fixtures.Phone).Approve)
	r.want(r.cookies(), 0, "")
	r.tried(1, 1)
	for _, m := range r.org.Phone(r.scenario.Login).Messages() {
		if lab.Name(r.scenario.Login) == "devices" && m.To != "Home phone" {
			r.Errorf("%s rang", m.To)
		}
	}
}

func pushDenied(r *oktaRig) {
	r.onPush((*fixtures.Phone).Deny)
	r.want(r.cookies(), 5, "")
	r.tried(1, 1)
}

func pushIgnored(r *oktaRig) {
	r.onPush((*fixtures.Phone).Ignore)
	r.want(r.cookies(), 5, "not answered in time")
	r.tried(1, 1)
}

func pushUnanswered(r *oktaRig) {
	began := time.Now()
	r.want(r.cookies("MFATimeout=20"), 5, "not answered within 20s")
	if took := time.Since(began); took < 20*time.Second || took > 30*time.Second {
		r.Errorf("took %v", took)
	}
	if r.onPush((*fixtures.Phone).Approve); r.org.Phone(r.scenario.Login).Approve() {
		r.Error("the push that was given up could still be approved")
	}
}

func pushLost(r *oktaRig) {
	r.org.OnMessage(func(fixtures.Message) { r.lose() })
	r.want(r.cookies(), 7, "")
	r.tried(1, 1) // and the telephone does not ring twice for one command
}

func limitedPush(r *oktaRig) {
	r.limitSecondFactor()
	r.limited(r.cookies())
	r.onPush((*fixtures.Phone).Approve)
	r.want(r.cookies(), 0, "")
}

func codeSent(r *oktaRig) {
	r.want(r.cookies(), 4, "a code was sent")
	r.want(r.cookies(), 4, "a code was sent") // and no second one
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(1, 1)
}

func codeTyped(r *oktaRig) {
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(1, 0)
}

// wrongCodeSent: a new message is sent as soon as Okta lets one be sent.
func wrongCodeSent(r *oktaRig) {
	r.want(r.cookies(), 4, "a code was sent")
	early := r.cookies("MFAPassCode=" + r.wrong())
	r.want(early, 4, "another message cannot be sent yet")
	if early.wait < 1 || early.wait > 30 {
		r.Errorf("retry_after %d", early.wait)
	}
	time.Sleep(31 * time.Second)
	r.want(r.cookies("MFAPassCode=1111111"), 4, "a new one was sent")
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(1, 2)
}

func wrongCode(r *oktaRig) {
	r.want(r.cookies("MFAPassCode="+r.wrong()), 5, "")
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(2, 0)
}

// codeTooOld: codes that are sent are good for five minutes.
func codeTooOld(r *oktaRig) {
	r.want(r.cookies(), 4, "a code was sent")
	time.Sleep(6 * time.Minute)
	r.want(r.cookies("MFAPassCode="+r.code()), 4, "sent")
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	if n := r.messages(); n != 2 {
		r.Errorf("%d messages", n)
	}
}

func codeTooOldTyped(r *oktaRig) {
	old := r.code()
	time.Sleep(4 * time.Minute)
	r.want(r.cookies("MFAPassCode="+old), 5, "time window")
}

func nobodyThere(r *oktaRig) {
	r.want(r.cookies(), 4, "a code is needed")
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(1, 0)
}

// transactionLost: the code belongs to a sign-in that is no more. One is begun anew,
// which needs another message.
func transactionLost(r *oktaRig) {
	r.want(r.cookies(), 4, "a code was sent")
	time.Sleep(time.Minute)
	r.lose()
	r.want(r.cookies("MFAPassCode="+r.code()), 4, "sent")
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(2, 2)
}

// transactionLostTyped: the client cannot know, and a code is not posted a second time.
// The sign-in is begun anew and waits for the next code.
func transactionLostTyped(r *oktaRig) {
	r.want(r.cookies(), 4, "a code is needed")
	r.lose()
	r.want(r.cookies("MFAPassCode="+r.code()), 4, "a code is needed")
	time.Sleep(time.Minute)
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(2, 0)
}

// transactionEnded: the client knows that the time is over, so the sign-in that is begun
// anew has the code at hand. One that was sent for the old sign-in is no good for the new.
func transactionEnded(r *oktaRig) {
	o := r.cookies()
	r.want(o, 4, "code")
	time.Sleep(3 * time.Hour)
	if kindOf(r.scenario.Add[0]) == sent {
		r.want(r.cookies("MFAPassCode="+r.code()), 4, "sent")
	}
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
	r.tried(2, r.messages())
}

// limitSecondFactor lets the organisation be at its limit once the second factor is
// begun.
func (r *oktaRig) limitSecondFactor() {
	r.Net.Intercept(func(_ string, q *http.Request) http.Handler {
		if strings.Contains(q.URL.Path, "/factors/") || strings.HasPrefix(q.URL.Path, "/idp/idx/challenge") && r.identified() {
			r.org.RateLimit(0)
		}
		return nil
	})
}

// identified reports whether the password was tried.
func (r *oktaRig) identified() bool { return r.org.Attempts(r.scenario.Login) > 0 }

// limited checks an outcome, and lets the limit be over.
func (r *oktaRig) limited(o outcome) {
	r.Helper()
	r.want(o, 8, "E0000047")
	if o.wait < 1 || o.wait > 60 {
		r.Errorf("retry_after %d", o.wait)
	}
	r.tried(1, 0)
	r.Net.Intercept(nil)
	r.org.RateLimit(600)
	time.Sleep(time.Duration(o.wait) * time.Second)
}

func limitedCode(r *oktaRig) {
	r.limitSecondFactor()
	if kindOf(r.scenario.Add[0]) == sent {
		r.limited(r.cookies())
		r.want(r.cookies(), 4, "a code was sent")
	} else {
		r.limited(r.cookies("MFAPassCode=" + r.code()))
		time.Sleep(time.Minute) // the code was marked as used before it left
	}
	r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
}
