package classic

import (
	"context"
	"fmt"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/saml"
)

// maxStepUps is how often an app may ask for more after a sign-in: once for the
// password's age and once for a factor.
const maxStepUps = 2

// ExchangeSession turns a transaction that has succeeded into the app's SAML response. A
// session token works once and for five minutes, so nothing here is tried twice.
func (w *SignIn) ExchangeSession(ctx context.Context, t *transaction) (*saml.Response, error) {
	u, err := w.redemption(ctx, t)
	if err != nil {
		return nil, err
	}
	w.Redeemed = true
	p, err := w.Get(ctx, autherr.StepAssertion, u)
	if err != nil {
		return nil, err
	}
	w.Client.Note(func(m *flow.Memory) { m.Pending = nil })
	if p.Kind == flow.PageLogin {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrBadAnswer,
			"okta: the sign-in succeeded, but the app's link asks for another one",
			"the session token was not taken: try again, and check that SSOLoginURL is on the organisation's own host"))
	}
	return w.Continue(ctx, p)
}

// redemption returns the address that exchanges the success for a session.
func (w *SignIn) redemption(ctx context.Context, t *transaction) (*url.URL, error) {
	next, ok := t.link("next")
	if !ok {
		next, ok = t.link("original")
	}
	if ok && (t.SessionToken == "" || w.StepUps > 0) {
		return w.CheckLink(autherr.StepAssertion, next)
	}
	if t.SessionToken == "" {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrBadAnswer,
			"okta: success without a session token and without a link to go on",
			"sign in once in a browser and see what Okta asks for"))
	}
	target, err := w.Address(ctx)
	if err != nil {
		return nil, err
	}
	// With a session cookie Okta ignores the token. The device stays.
	w.Client.Memory().DropSession()
	u := *target
	u.RawQuery = appendQuery(u.RawQuery, "sessionToken="+url.QueryEscape(t.SessionToken))
	return &u, nil
}

// StepUp satisfies a rule of the app that the session does not meet: the
// transaction begins with the token of the page and ends in a link of its own.
func (w *SignIn) StepUp(ctx context.Context, p *flow.Page) (*saml.Response, error) {
	if p.Token == "" {
		return nil, autherr.AtStep(w.StepNow(), autherr.New(autherr.ErrUnsupported,
			fmt.Sprintf("okta: the app asks for more, but its page (status %d, %q) holds no transaction", p.Status, p.Words),
			"sign in to the app once in a browser and see what it asks for"))
	}
	if w.StepUps++; w.StepUps > maxStepUps {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrExchangeRefused,
			"okta: the app keeps asking for another proof of identity",
			"ask an administrator to compare the app's sign-on rule with the organisation's"))
	}
	api := &url.URL{Scheme: p.Origin().Scheme, Host: p.Origin().Host, Path: "/api/v1/authn"}
	t, err := w.post(ctx, step{name: autherr.StepLogin, url: api, body: map[string]any{"stateToken": p.Token},
		secrets: []string{p.Token}})
	if err != nil {
		return nil, err
	}
	if t, err = w.advance(ctx, t); err != nil {
		return nil, err
	}
	return w.ExchangeSession(ctx, t)
}
