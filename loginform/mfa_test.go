package loginform_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/mfa"
)

const (
	twoFactors = `<form method="post" action="/2fchoice"><input type="hidden" name="token" value="t"><button ` +
		`type="submit" name="sf" value="totp"></button><button type="submit" name="sf" value="mail"></button></form>`
	mailForm = `<form method="post" action="/mail2fcheck"><input type="hidden" name="token" value="t2"><input ` +
		`type="checkbox" name="stayconnected" value="1"><input name="code" autocomplete="one-time-code"><button ` +
		`type="submit">Go</button></form>`
	totpForm = `<form method="post" action="/totp2fcheck"><input type="hidden" name="token" value="t3"><input ` +
		`name="code"><button type="submit">Go</button></form>`
)

func twoFactorPages() map[string][]answer {
	return map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(html(twoFactors)), idp +
		"/totp2fcheck": one(handOver(acs)), idp + "/mail2fcheck": one(handOver(acs)),
		idp + "/2fchoice": one(html(totpForm))}
}

var secondFactors = []pageCase{
	{name: "the code's form", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(otpForm + anotherWay)), idp + "/otp": one(handOver(acs))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code("123 456") }, sent: map[string]string{idp +
			"/otp": "selectedCredentialId=d1&otp=123456&login=Sign+In"}, password: once},
	{name: "a choice by what can be answered", pages: twoFactorPages(),
		setup: func(c *loginform.Client) { c.Answerer = seed() },
		sent:  map[string]string{idp + "/2fchoice": "token=t&sf=totp"}, password: once},
	{name: "a choice by the factor that is wanted", pages: func() map[string][]answer {
		p := twoFactorPages()
		p[idp+"/2fchoice"] = one(html(mailForm))
		return p
	}(), setup: func(c *loginform.Client) { c.Factor, c.Answerer = mfa.Email, mfa.Code(code) },
		sent: map[string]string{idp + "/2fchoice": "token=t&sf=mail", idp +
			"/mail2fcheck": "token=t2&code=123456"}, password: once},
	{name: "password and code in one form", pages: map[string][]answer{
		idp + "/sso": one(html(`<form method="post" action="/login"><input name="user"><input type="password" ` +
			`name="password"><input name="otp"></form>`)), idp + "/login": one(handOver(acs))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, sent: map[string]string{idp +
			"/login": "user=jdoe&password=" + escaped + "&otp=123456"}, password: once},
	{name: "a code's field of type password, after the password", pages: map[string][]answer{
		idp + "/sso": one(html(plainForm)), idp + "/login": one(html(`<form method="post" action="/otp"><input ` +
			`type="password" name="OathCode"></form>`)), idp + "/otp": one(handOver(acs))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, sent: map[string]string{idp +
			"/otp": "OathCode=123456"}, password: once},
	{name: "a password's field that is called passcode", pages: map[string][]answer{
		idp + "/sso": one(html(`<form method="post" action="/login"><input name="user"><input type="password" ` +
			`name="passcode"></form>`)),
		idp + "/login": one(html(`<form method="post" action="/login"><input name="user" value="jdoe"><input ` +
			`type="password" name="passcode"></form>`))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, kind: autherr.ErrCredentials, password: once},
	{name: "the code's field named by hand", pages: map[string][]answer{
		idp + "/sso": one(html(plainForm)), idp + "/login": one(html(`<form method="post" action="/otp"><input ` +
			`name="x"></form>`)), idp + "/otp": one(handOver(acs))},
		setup: func(c *loginform.Client) { c.CodeField, c.Answerer = "x", mfa.Code(code) }, password: once},
	{name: "a form that would carry the code away", pages: map[string][]answer{
		idp + "/sso": one(html(plainForm)), idp + "/login": one(html(`<form method="post" ` +
			`action="https://evil.example.net/"><input name="otp"></form>`))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, kind: autherr.ErrConfig,
		text: "evil.example.net", password: once},
	{name: "push, by posting the form again", pages: map[string][]answer{
		idp + "/sso": one(html(adfs)), idp + "/adfs/ls/": one(html(pushForm("")), html(pushForm("42")),
			html(pushForm("42")), handOver(acs))},
		setup: func(c *loginform.Client) { c.Product = "ADFS" }, password: once},
	{name: "push that is refused", pages: map[string][]answer{
		idp + "/sso": one(html(adfs)), idp + "/adfs/ls/": one(html(pushForm("")),
			html(`<label id="errorText">You denied it</label>`+pushForm("")))},
		setup: func(c *loginform.Client) { c.Product = "ADFS" }, kind: autherr.ErrMFARejected, text: "refused",
		password: once},
	{name: "push that nobody answers", pages: map[string][]answer{idp + "/sso": one(html(adfs)), idp +
		"/adfs/ls/": one(html(pushForm("")))},
		setup: func(c *loginform.Client) { c.Product, c.MFATimeout = "ADFS", time.Minute },
		kind:  autherr.ErrMFARejected, text: "nobody answered", password: once},
}

func pushForm(number string) string {
	return `<p id="validEntropyNumber">` + number + `</p><form method="post" action="/adfs/ls/"><input ` +
		`type="hidden" name="AuthMethod" value="AzureMfaAuthentication"><input type="hidden" name="Context" ` +
		`value="c"></form>`
}

func seed() mfa.Answerer {
	return mfa.Authenticator(func(context.Context) (string, error) { return "JBSWY3DPEHPK3PXP", nil })
}

func TestSecondFactors(t *testing.T) {
	for _, c := range secondFactors {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, c.run) })
	}
}

// A push's number reaches whoever watches, and the end of it.
func TestPushIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(secondFactors[8].pages)
		c := client(s)
		w := &watcher{}
		c.Product, c.Answerer = "ADFS", w
		if _, err := c.SignIn(t.Context(), start(idp+"/sso")); err != nil {
			t.Fatal(err)
		}
		if w.number != 42 || !w.done {
			t.Errorf("told of number %d, done %t", w.number, w.done)
		}
	})
}

type watcher struct {
	number int
	done   bool
}

func (w *watcher) Answer(context.Context, mfa.Challenge) (string, error) { return "", mfa.ErrNotMine }

func (w *watcher) Watch(c mfa.Challenge, done bool) {
	if c.Number != nil {
		w.number = *c.Number
	}
	w.done = done
}

// A code that comes in a second run finishes the sign-in without the password: the page is
// kept, and the session that the code makes answers a new request of the service provider.
func TestCodeInASecondRun(t *testing.T) {
	s := newSite(map[string][]answer{
		idp + "/sso":   one(html(plainForm), handOver(acs)),
		idp + "/login": one(html(otpForm)),
		idp + "/otp":   one(handOver(acs)),
	})
	first := client(s)
	_, err := first.SignIn(t.Context(), start(idp+"/sso"))
	if !errors.Is(err, autherr.ErrPassCodeNeeded) {
		t.Fatal(err)
	}
	memory, err := first.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(memory), password) {
		t.Error("the password is remembered")
	}
	second := client(s)
	second.Answerer = mfa.Code(code)
	if err := second.Restore(memory); err != nil {
		t.Fatal(err)
	}
	r, err := second.SignIn(t.Context(), start(idp+"/sso"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Action.String() != acs || !second.PasswordTried() {
		t.Errorf("response for %v, password tried %t", r.Action, second.PasswordTried())
	}
	wantPasswords(t, s, idpHost)
	if got := len(s.posted(idp + "/otp")); got != 1 {
		t.Errorf("the code was posted %d times", got)
	}
}

// A code that was sent is not sent again, by whatever run.
func TestCodeIsSentOnce(t *testing.T) {
	s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(html(otpForm)), idp +
		"/otp": one(html("<h1>Wrong code</h1>"))})
	c := client(s)
	c.Answerer = mfa.Code(code)
	if _, err := c.SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrMFARejected) {
		t.Fatal(err)
	}
	again := client(s)
	again.Answerer = mfa.Code(code)
	memory, _ := c.Snapshot()
	if err := again.Restore(memory); err != nil {
		t.Fatal(err)
	}
	if _, err := again.SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrPassCodeNeeded) {
		t.Errorf("error %v", err)
	}
	if got := len(s.posted(idp + "/otp")); got != 1 {
		t.Errorf("the code was posted %d times", got)
	}
}

// A mailbox is looked into before the password can have had a message sent.
func TestMailboxIsPreparedBeforeThePassword(t *testing.T) {
	s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(html(mailForm)), idp +
		"/mail2fcheck": one(handOver(acs))})
	c := client(s)
	box := &mailbox{s: s, t: t}
	c.Answerer = box
	if _, err := c.SignIn(t.Context(), start(idp+"/sso")); err != nil {
		t.Fatal(err)
	}
	if box.asked.Kind != mfa.Email || box.asked.Mark != "mark" {
		t.Errorf("asked for %+v", box.asked)
	}
}

type mailbox struct {
	s     *site
	t     *testing.T
	asked mfa.Challenge
}

func (m *mailbox) Awaits(c mfa.Challenge) bool { return c.Kind == mfa.Email }

func (m *mailbox) Prepare(context.Context, mfa.Challenge) (string, error) {
	if len(m.s.passwords()) > 0 {
		m.t.Error("prepared after the password")
	}
	return "mark", nil
}

func (m *mailbox) Answer(_ context.Context, c mfa.Challenge) (string, error) {
	m.asked = c
	return code, nil
}
