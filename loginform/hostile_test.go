package loginform_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// refusesPassword reports whether err says that the password was refused.
func refusesPassword(err error) bool {
	var e *loginform.Error
	return errors.As(err, &e) && errors.Is(err, autherr.ErrCredentials) && e.RefusedSecret() == "Password"
}

const (
	wayForm = `<form method="post" action="/way"><button name="way" value="password">Password</button>` +
		`<button name="way" value="mail">Mailed code</button></form>`
	userAlone = `<form method="post" action="/user"><input name="username"><button>Next</button></form>`
)

// What came before the password, or was about a code, does not hide that the password was refused.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name    string
		pages   map[string][]answer
		setup   func(*loginform.Client)
		kind    error
		refused bool
	}{
		{name: "after a choice before the password", pages: map[string][]answer{idp + "/sso": one(html(wayForm)),
			idp + "/way": one(html(plainForm)), idp + "/login": one(html(plainForm))},
			setup: func(c *loginform.Client) { c.Choices = []loginform.Choice{{Name: "way", Value: "password"}} },
			kind:  autherr.ErrCredentials, refused: true},
		{name: "with a captcha from then on", pages: map[string][]answer{idp + "/sso": one(html(plainForm)),
			idp + "/login": one(html(`<div class="g-recaptcha"></div>` + plainForm))},
			kind: autherr.ErrCredentials, refused: true},
		{name: "with the status of a failure", pages: map[string][]answer{idp + "/sso": one(html(plainForm)),
			idp + "/login": one(answer{status: 500, body: plainForm})}, kind: autherr.ErrCredentials, refused: true},
		{name: "by a form that is not the configured one", pages: map[string][]answer{
			idp + "/sso":   one(html(strings.Replace(plainForm, "<form", `<form id="a"`, 1))),
			idp + "/login": one(html(strings.Replace(plainForm, "<form", `<form id="b"`, 1)))},
			setup: func(c *loginform.Client) { c.Form = "a" }, kind: autherr.ErrCredentials, refused: true},
		{name: "at a second identity provider, after a choice at the first", pages: map[string][]answer{
			idp + "/sso":   one(html(plainForm)),
			idp + "/login": one(html(wayForm)),
			idp + "/way":   one(answer{to: "https://two.example.com/in"}),

			"https://two.example.com/in": one(html(plainForm)), "https://two.example.com/login": one(html(plainForm))},
			setup: func(c *loginform.Client) {
				c.SecretHosts = []string{"two.example.com"}
				c.Choices = []loginform.Choice{{Name: "way", Value: "mail"}}
			}, kind: autherr.ErrCredentials, refused: true},
		{name: "of the code, by the page of the user name", pages: map[string][]answer{idp + "/sso": one(html(userAlone)),
			idp + "/user":  one(html(`<form method="post" action="/login"><input type="password" name="password"></form>`)),
			idp + "/login": one(html(otpForm)), idp + "/otp": one(html(userAlone))},
			setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, kind: autherr.ErrMFARejected},
		{name: "of a code that came before the password", pages: map[string][]answer{idp + "/sso": one(html(otpForm)),
			idp + "/otp": one(html(plainForm))},
			setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, kind: autherr.ErrMFARejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(c.pages)
			cl := client(s)
			if c.setup != nil {
				c.setup(cl)
			}
			_, err := cl.SignIn(context.Background(), start(idp+"/sso"))
			if !errors.Is(err, c.kind) || refusesPassword(err) != c.refused {
				t.Errorf("%v (refuses the password: %t), want a %v (%t)", err, refusesPassword(err), c.kind, c.refused)
			}
		})
	}
}

// A code in the password's form goes out once, too.
func TestCodeBesidePasswordIsSentOnce(t *testing.T) {
	form := `<form method="post" action="/login"><input name="user"><input type="password" name="password">` +
		`<input name="otp"></form>`
	s := newSite(map[string][]answer{idp + "/sso": one(html(form)), idp + "/login": one(html(form))})
	cl := client(s)
	checkpoints := 0
	cl.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) { return code, nil })
	cl.Checkpoint = func(context.Context) error { checkpoints++; return nil }
	for range 2 {
		if _, err := cl.SignIn(t.Context(), start(idp+"/sso")); err == nil {
			t.Fatal("no error")
		}
	}
	if n := len(s.posted(idp + "/login")); n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
	if checkpoints != 1 {
		t.Errorf("%d checkpoints", checkpoints)
	}
}

// An assertion for an identity provider between goes there once, and by POST.
func TestResponseForAnother(t *testing.T) {
	const mid = "https://mid.example.com/acs"
	for name, pages := range map[string]map[string][]answer{
		"again and again": {idp + "/sso": one(html(wayForm)), idp + "/way": one(handOver(mid)), mid: one(handOver(mid))},
		"by GET": {idp + "/sso": one(html(wayForm)), idp + "/way": one(answer{body: strings.Replace(handOver(mid).body,
			`"post"`, `"get"`, 1)}), mid: one(handOver(acs))},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(pages)
				cl := client(s)
				cl.Hosts, cl.Choices = []string{"mid.example.com"}, []loginform.Choice{{Name: "way", Value: "mail"}}
				cl.MFATimeout = time.Minute
				_, err := cl.SignIn(t.Context(), start(idp+"/sso"))
				if !errors.Is(err, autherr.ErrBadAnswer) {
					t.Errorf("error %v", err)
				}
				if n := len(s.posted(mid)); n > 1 {
					t.Errorf("the assertion was posted %d times", n)
				}
				for _, r := range s.seen {
					if r.query.Has("SAMLResponse") {
						t.Error("the assertion is in an address")
					}
				}
			})
		})
	}
}

// A page that repeats the password where things to choose are does not get it printed.
func TestPasswordIsNotListed(t *testing.T) {
	form := `<form method="post" action="/a"><input type="hidden" name="Kennwort" value="` +
		strings.ReplaceAll(password, "&", "&amp;") + `"><button>A</button></form>`
	s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(html(form + form))})
	_, err := client(s).SignIn(t.Context(), start(idp+"/sso"))
	if err == nil || strings.Contains(err.Error(), password) {
		t.Errorf("error %v", err)
	}
}

// Consent to the release of a mail address is no second factor.
func TestConsentIsNoFactor(t *testing.T) {
	s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(html(
		`<form method="post" action="/consent"><button name="ok" value="1">Release my e-mail address</button>` +
			`<button name="ok" value="0">Reject</button></form>`)), idp + "/consent": one(handOver(acs))})
	cl := client(s)
	cl.Factor = mfa.Email
	if _, err := cl.SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrPassCodeNeeded) {
		t.Errorf("error %v", err)
	}
	if len(s.posted(idp+"/consent")) > 0 {
		t.Error("consent was given")
	}
}

// The password stays out of a field for a code, in a sign-in that has not sent it yet.
func TestPasswordIsNoCode(t *testing.T) {
	otp := `<form method="post" action="/otp"><input type="password" name="otp"></form>`
	for name, first := range map[string]string{"at once": otp, "after the user name": userAlone} {
		t.Run(name, func(t *testing.T) {
			s := newSite(map[string][]answer{idp + "/sso": one(html(first)), idp + "/user": one(html(otp)),
				idp + "/otp": one(handOver(acs))})
			cl := client(s)
			cl.Answerer = mfa.Code(code)
			if _, err := cl.SignIn(t.Context(), start(idp+"/sso")); err != nil {
				t.Error(err)
			}
			wantPasswords(t, s)
		})
	}
}

// A page that waits for a code is not gone on with at a host that may no longer be visited.
func TestPendingAtAHostThatIsGone(t *testing.T) {
	const two = "https://two.example.com/otp"
	s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(answer{to: two}),
		"GET " + two: one(html(otpForm)), "POST https://two.example.com/otp": one(handOver(acs))})
	cl := client(s)
	cl.Hosts = []string{"two.example.com"}
	if _, err := cl.SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrPassCodeNeeded) {
		t.Fatal(err)
	}
	kept, err := cl.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := client(s)
	again.Answerer = mfa.Code(code)
	if err := again.Restore(kept); err != nil {
		t.Fatal(err)
	}
	if _, err := again.SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrConfig) {
		t.Errorf("error %v", err)
	}
	if len(s.posted(two)) > 0 {
		t.Error("the code went to a host that may not be visited")
	}
}

// A form whose own action is a script is no reason to fall over.
func TestScriptAsAction(t *testing.T) {
	scripted := strings.Replace(plainForm, `"/login"`, `"javascript:void(0)"`, 1)
	byButton := `<form method="post" action="javascript:void(0)"><input name="otp"><button formaction="/otp"></form>`
	for name, pages := range map[string]map[string][]answer{
		"several": {idp + "/sso": one(html(scripted + scripted))},
		"code":    {idp + "/sso": one(html(plainForm)), idp + "/login": one(html(byButton)), idp + "/otp": one(html(""))},
	} {
		t.Run(name, func(t *testing.T) {
			cl := client(newSite(pages))
			cl.Answerer = mfa.Code(code)
			if _, err := cl.SignIn(t.Context(), start(idp+"/sso")); err == nil {
				t.Error("no error")
			}
		})
	}
}

// A page that hands the password on in a hidden field does not get it into an address, or to a
// host that may not see it.
func TestPasswordIsNotHandedOn(t *testing.T) {
	carried := `<input type="hidden" name="p" value="` + strings.ReplaceAll(password, "&", "&amp;") + `"></form>`
	for name, form := range map[string]string{
		"to a host that may be visited only": `<form method="post" action="https://two.example.com/next">`,
		"in an address":                      `<form method="get" action="/next">`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(map[string][]answer{idp + "/sso": one(html(plainForm)), idp + "/login": one(html(form + carried)),
				idp + "/next": one(handOver(acs)), "https://two.example.com/next": one(handOver(acs))})
			cl := client(s)
			cl.Hosts = []string{"two.example.com"}
			if _, err := cl.SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrBadAnswer) {
				t.Errorf("error %v", err)
			}
			wantPasswords(t, s, once...)
		})
	}
}

// Looking at the form makes nobody's telephone ring.
func TestLookAsksForNoMessage(t *testing.T) {
	s := newSite(map[string][]answer{idp + "/sso": one(html(wayForm)), idp + "/way": one(html(otpForm))})
	cl := client(s)
	cl.Factor = mfa.Email
	if _, err := cl.Look(t.Context(), start(idp+"/sso")); err != nil {
		t.Error(err)
	}
	if len(s.posted(idp+"/way")) > 0 {
		t.Error("a message with a code was asked for")
	}
}

// What an error says of a page is one line of bounded length.
func TestErrorIsOneShortLine(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, page := range map[string]string{
		"fields": `<form method="post" action="/login"><input name="user"><input type="password" name="p"><input ` +
			`name="a&#10;b&#27;[2J"><input name="` + long + `"></form>`,
		"forms": choiceForm("/a&#10;&#27;", "1\n2") + choiceForm("/"+long, "2") + `<form id="&#10;` + long +
			`" method="post"><input name="user"><input type="password" name="p"></form>`,
		"choices": `<form method="post"><button name="a" value="&#10;&#27;[2J">A</button><button name="` + long +
			`">B</button></form>`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client(newSite(map[string][]answer{idp + "/sso": one(html(page))})).SignIn(t.Context(),
				start(idp+"/sso"))
			var e *loginform.Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			if text := err.Error(); len(text) > 2000 || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%d bytes: %.300q", len(text), text)
			}
		})
	}
}

// A text field beside a password whose user name is known is no place for that name.
func TestKnownUserNameIsNotTypedIntoAnotherField(t *testing.T) {
	const rest = `<input type="password" name="password"><input name="x1" required></form>`
	for name, pages := range map[string]map[string][]answer{
		"asked for before": {idp + "/sso": one(html(userAlone)),
			idp + "/user": one(html(`<form method="post" action="/login">` + rest))},
		"in a hidden field": {idp + "/sso": one(html(`<form method="post" action="/login"><input type="hidden" ` +
			`name="username" value="jdoe">` + rest))},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(pages)
			if _, err := client(s).SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrUnsupported) {
				t.Errorf("error %v", err)
			}
			wantPasswords(t, s)
		})
	}
}

// The form in which an account is made is no login form, also with a single password.
func TestRegistrationIsNoLogin(t *testing.T) {
	const register = `<form method="post" action="/sign-up"><input name="email"><input type="password" name="password">` +
		`</form>`
	s := newSite(map[string][]answer{idp + "/sso": one(html(register)), idp + "/sign-up": one(handOver(acs))})
	if _, err := client(s).SignIn(t.Context(), start(idp+"/sso")); !errors.Is(err, autherr.ErrBadAnswer) {
		t.Errorf("error %v", err)
	}
	wantPasswords(t, s)

	s = newSite(map[string][]answer{idp + "/sso": one(html(register + plainForm)), idp + "/login": one(handOver(acs))})
	if _, err := client(s).SignIn(t.Context(), start(idp+"/sso")); err != nil {
		t.Error(err)
	}
	if len(s.posted(idp+"/login")) != 1 {
		t.Error("the login form was not used")
	}
}
