package idx

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// maxPasswords bounds how often one sign-in posts the password: once to the
// organisation, once more where the app's own policy asks for a fresh proof.
const maxPasswords = 2

// identify tells who signs in, with the password if the form takes one. The same form
// may come again after device probing was declined; in every other case what comes
// again was refused.
func (t *transaction) identify(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	form := a.Form(ion.Identify)
	if t.identified && t.declined <= t.declinedBefore {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer,
			"okta: the user name was taken and is asked for again", hintBrowser))
	}
	if err := captcha(a, form); err != nil {
		return nil, err
	}
	if err := t.foresee(ctx); err != nil {
		return nil, err
	}
	t.identified, t.declinedBefore = true, t.declined
	own := ion.Values{}
	if form.Field("identifier") != nil {
		own["identifier"] = t.w.Client.User
	}
	if form.Field("rememberMe") != nil {
		own["rememberMe"] = t.w.Client.RememberDevice
	}
	if form.Field("credentials", "passcode") == nil {
		return t.send(ctx, filled{step: autherr.StepLogin, form: form, values: own})
	}
	return t.postPassword(ctx, form, own)
}

// answerPassword answers the form that asks for the password alone.
func (t *transaction) answerPassword(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	form := a.Form(ion.ChallengeAuthenticator)
	if err := captcha(a, form); err != nil {
		return nil, err
	}
	return t.postPassword(ctx, form, ion.Values{})
}

// postPassword fills the password in, which is read at this moment. It is posted once
// in a transaction: a refusal ends the sign-in, so that it never counts twice.
func (t *transaction) postPassword(ctx context.Context, form *ion.Form, own ion.Values) (*ion.Answer, error) {
	if t.passwordSent || t.w.Passwords >= maxPasswords {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer,
			"okta: the password was accepted and is asked for again", hintBrowser))
	}
	if err := t.foresee(ctx); err != nil {
		return nil, err
	}
	password, err := t.w.Password(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	own["credentials"] = ion.Values{"passcode": password}
	t.picked, t.passwordSent = nil, true
	t.w.Passwords++
	next, err := t.send(ctx, filled{step: autherr.StepLogin, form: form, values: own, secrets: []string{password},
		password: true})
	if err != nil {
		return nil, err
	}
	e, _ := t.refusal(next)
	if e == nil && t.asksAgain(next) {
		e = flow.WithKind(&flow.Error{Status: next.Status, Summary: "the password is asked for again"},
			autherr.ErrCredentials, flow.HintPassword)
	}
	if e != nil {
		return nil, autherr.AtStep(autherr.StepLogin, e)
	}
	if next.Form(ion.Reenroll) == nil { // one that has expired may be refused yet
		t.w.Client.PasswordAccepted(ctx)
	}
	return next, nil
}

// asksAgain: the password was refused without a word, by status and form alone.
func (t *transaction) asksAgain(a *ion.Answer) bool {
	if a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
		return false
	}
	if a.Form(ion.Identify).Field("credentials", "passcode") != nil {
		return true
	}
	return a.Form(ion.ChallengeAuthenticator) != nil && a.Current != nil && a.Current.Key == ion.AuthPassword
}

// captcha is the error of a form that wants a captcha, nil if it wants none. It comes
// before the password is read.
func captcha(a *ion.Answer, form *ion.Form) error {
	c := a.NeedsCaptcha(form)
	if c == nil {
		return nil
	}
	kind := c.Type
	if kind == "" {
		kind = "of a kind that is not named"
	}
	return autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnsupported,
		fmt.Sprintf("okta: the form %s wants a captcha (%s)", form.Name, flow.Printable(kind, nil)),
		"only a browser can pass it; it may go away after a while, and an administrator can switch captchas off for sign-in"))
}

// canRenewPassword: the password has expired and there is a new one.
func (t *transaction) canRenewPassword(a *ion.Answer) bool {
	form := a.Form(ion.Reenroll)
	return form.Field("credentials", "passcode") != nil && t.w.Client.NewPassword != nil && !t.w.Renewed
}

// renewPassword sets the new password in place of the expired one. It is tried once.
func (t *transaction) renewPassword(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	password, err := t.w.NewPassword(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	t.picked = nil
	next, err := t.send(ctx, filled{step: autherr.StepLogin, form: a.Form(ion.Reenroll), secrets: []string{password},
		values: ion.Values{"credentials": ion.Values{"passcode": password}}})
	if err != nil {
		return nil, err
	}
	if e, _ := t.refusal(next); e != nil {
		if e.Is(autherr.ErrBadAnswer) || e.Is(autherr.ErrExchangeRefused) {
			e = flow.RefusedSecret(e, "NewPassword", flow.HintPasswordRules)
		}
		return nil, autherr.AtStep(autherr.StepLogin, e)
	}
	return next, t.w.RenewedPassword(ctx)
}
