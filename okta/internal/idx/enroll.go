package idx

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// enrollKey is the authenticator that is to be enrolled.
func (t *transaction) enrollKey() string {
	switch e := t.w.Enrolling; {
	case e == nil || t.w.Enrolled:
		return ""
	case e.Kind == mfa.Passkey:
		return ion.AuthWebAuthn
	}
	return ion.AuthGoogle
}

// enrolls: the form of what is to be enrolled is there, or it can be chosen.
func (t *transaction) enrolls(a *ion.Answer) bool {
	key := t.enrollKey()
	if key == "" {
		return false
	}
	if t.enrollForm(a) != nil {
		return true
	}
	form := a.Form(ion.SelectEnroll)
	if form == nil {
		return false
	}
	for _, c := range form.Choices(a) {
		if c.Key == key {
			return t.taken["enroll"] == 0
		}
	}
	t.w.Offered = offersOf(a)
	return false
}

// enrollForm is the form that takes what activates the authenticator. A promotion has it at
// once.
func (t *transaction) enrollForm(a *ion.Answer) *ion.Form {
	if a.Current == nil || a.Current.Key != t.enrollKey() {
		return nil
	}
	if f := a.Form(ion.EnrollAuthenticator); f != nil {
		return f
	}
	return a.Form(ion.EnrollPromotion)
}

// enroll chooses the authenticator, or activates it.
func (t *transaction) enroll(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	if form := t.enrollForm(a); form != nil {
		return t.activate(ctx, a, form)
	}
	t.taken["enroll"]++
	form := a.Form(ion.SelectEnroll)
	for _, c := range form.Choices(a) {
		if c.Key == t.enrollKey() {
			method := ""
			if c.NeedsMethod && c.Key == ion.AuthWebAuthn {
				method = ion.AuthWebAuthn
			}
			return t.send(ctx, filled{step: autherr.StepMFA, form: form, values: c.Values(method)})
		}
	}
	return nil, t.stuck(a)
}

// activate makes the factor, has it stored, and tells Okta.
func (t *transaction) activate(ctx context.Context, a *ion.Answer, form *ion.Form) (*ion.Answer, error) {
	e := t.w.Enrolling
	to, err := t.w.CheckLink(autherr.StepMFA, flow.Link{Href: form.Href})
	if err == nil {
		err = flow.SameHost(t.origin, to)
	}
	if err == nil {
		err = t.w.ReadPasskeys(ctx)
	}
	if err != nil {
		return nil, err
	}
	var f *flow.NewFactor
	own := ion.Values{}
	var secrets []string
	if e.Kind == mfa.Passkey {
		var fields map[string]string
		f, fields, err = t.w.NewPasskey(t.origin, a.Current.WebAuthn.Activation, a.WebAuthnIDs(), e.Properties)
		if err != nil {
			return nil, err
		}
		for name, value := range fields {
			if form.Field("credentials", name) != nil {
				own[name] = value
			}
		}
	} else {
		var code string
		if f, code, err = t.w.NewSeed(a.Current.Seed, "GOOGLE", dateOf(t.header)); err != nil {
			return nil, err
		}
		own["passcode"], secrets = code, []string{code}
	}
	if err := e.Keep(ctx, f); err != nil {
		return nil, err
	}
	next, err := t.send(ctx, filled{step: autherr.StepMFA, form: form, secrets: secrets,
		values: ion.Values{"credentials": own}})
	if err != nil {
		return nil, flow.RefusedActivation(e.Kind, flow.UnknownOutcome(err))
	}
	if refused, _ := t.refusal(next); refused != nil || next.Status > 299 || t.enrollForm(next) != nil {
		if refused == nil {
			refused = flow.WithKind(&flow.Error{Status: next.Status}, autherr.ErrMFARejected, "")
		}
		if next.Status > 499 || refused.Is(autherr.ErrExchangeRefused) && t.enrollForm(next) == nil {
			// An outage, or access that is denied: that may be what comes after the activation.
			return nil, autherr.AtStep(autherr.StepMFA, fmt.Errorf("%w: %w", flow.ErrOutcomeUnknown, refused))
		}
		return nil, flow.RefusedActivation(e.Kind, refused)
	}
	t.w.Enrolled = true
	return next, e.Done(ctx, f)
}

// dateOf is the server's time, of which codes are computed; ours if it does not tell.
func dateOf(h http.Header) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return time.Now()
}
