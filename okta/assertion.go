package okta

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

// maxStepUps is how often an app may ask for more after a sign-in: once for the
// password's age and once for a factor.
const maxStepUps = 2

var errBlockedSession = errors.New("blocked with a remembered session")

// exchangeSession turns a transaction that has succeeded into the app's SAML response. A
// session token works once and for five minutes, so nothing here is tried twice.
func (w *flow) exchangeSession(ctx context.Context, t *transaction) (*saml.Response, error) {
	u, err := w.redemption(ctx, t)
	if err != nil {
		return nil, err
	}
	w.redeemed = true
	p, err := w.get(ctx, autherr.StepAssertion, u)
	if err != nil {
		return nil, err
	}
	w.c.note(func(m *memory) { m.pending = nil })
	if p.kind == pageLogin {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrBadAnswer,
			"okta: the sign-in succeeded, but the app's link asks for another one",
			"the session token was not taken: try again, and check that SSOLoginURL is on the organisation's own host"))
	}
	return w.proceed(ctx, p)
}

// redemption returns the address that exchanges the success for a session.
func (w *flow) redemption(ctx context.Context, t *transaction) (*url.URL, error) {
	next, ok := t.link("next")
	if !ok {
		next, ok = t.link("original")
	}
	if ok && (t.SessionToken == "" || w.stepUps > 0) {
		return w.checkLink(autherr.StepAssertion, next)
	}
	if t.SessionToken == "" {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrBadAnswer,
			"okta: success without a session token and without a link to go on", "sign in once in a browser and see what Okta asks for"))
	}
	target, err := w.address(ctx)
	if err != nil {
		return nil, err
	}
	// With a session cookie Okta ignores the token. The device stays.
	w.c.memory().dropSession()
	u := *target
	u.RawQuery = appendQuery(u.RawQuery, "sessionToken="+url.QueryEscape(t.SessionToken))
	return &u, nil
}

// stepUp satisfies a rule of the app that the session does not meet: the
// transaction begins with the token of the page and ends in a link of its own.
func (w *flow) stepUp(ctx context.Context, p *page) (*saml.Response, error) {
	if p.token == "" {
		return nil, autherr.AtStep(w.stepNow(), autherr.New(autherr.ErrUnsupported,
			fmt.Sprintf("okta: the app asks for more, but its page (status %d, %q) holds no transaction", p.status, p.words),
			"sign in to the app once in a browser and see what it asks for"))
	}
	if w.stepUps++; w.stepUps > maxStepUps {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrExchangeRefused,
			"okta: the app keeps asking for another proof of identity", "ask an administrator to compare the app's sign-on rule with the organisation's"))
	}
	api := &url.URL{Scheme: p.origin().Scheme, Host: p.origin().Host, Path: "/api/v1/authn"}
	t, err := w.post(ctx, step{name: autherr.StepLogin, url: api, body: map[string]any{"stateToken": p.token}, secrets: []string{p.token}})
	if err != nil {
		return nil, err
	}
	if t, err = w.advance(ctx, t); err != nil {
		return nil, err
	}
	return w.exchangeSession(ctx, t)
}

// refuse is the error for an answer to the app's link that leads nowhere.
func (w *flow) refuse(p *page) error {
	if p.kind == pageBroken && p.err != nil {
		return autherr.AtStep(autherr.StepAssertion, p.err) // saml's own words
	}
	e := &autherr.Error{Kind: autherr.ErrBadAnswer, Cause: p.err}
	said := ""
	if p.words != "" {
		said = fmt.Sprintf(": %q", p.words)
	}
	switch p.kind {
	case pageOtherIdP:
		e.Kind, e.Text = autherr.ErrUnsupported, "okta: the user is sent on to another identity provider"
		if p.host != "" {
			e.Text += " at " + p.host
		}
		e.Hint = "only users whose password Okta itself checks can sign in without a browser"
	case pageForeign:
		e.Text = fmt.Sprintf("okta: the app's link leads away to %s (status %d)", p.host, p.status)
		e.Hint = "if that host belongs to the organisation, name it with Domain"
	case pageDenied:
		e.Kind, e.Text = autherr.ErrExchangeRefused, fmt.Sprintf("okta: the app refuses the user (status %d)%s", p.status, said)
		e.Hint = "ask an administrator whether the app is assigned to the user and what its sign-on policy says"
	case pageBlocked:
		e.Kind, e.Text = autherr.ErrExchangeRefused, fmt.Sprintf("okta: access is blocked (status 403)%s", said)
		e.Hint = "check the organisation's network zones, or what stands between here and Okta"
		if w.hadCookie && !w.redeemed {
			e.Cause = errBlockedSession // also seen when session and device do not belong together
		}
	case pageNotFound:
		e.Kind, e.Text = autherr.ErrConfig, "okta: there is no app at this address (status 404)"
		e.Hint = "copy the embed link from the app's General tab into SSOLoginURL"
	case pageLimited:
		e.Kind, e.Text, e.Hint = autherr.ErrRateLimited, "okta: too many requests (status 429)", hintLimit
		e.Wait = readError(p.answer).Wait
	case pageBroken:
		e.Text = fmt.Sprintf("okta: the app's link failed (status %d)", p.status)
		if p.status >= 500 {
			e.Kind, e.Hint = autherr.ErrUnreachable, hintLater
		}
	default:
		e.Text = fmt.Sprintf("okta: the app's link answered with a page that is not known (status %d)%s", p.status, said)
		e.Hint = "check that SSOLoginURL is the app's embed link; open it in a browser to see what it shows"
	}
	return autherr.AtStep(w.stepNow(), e)
}
