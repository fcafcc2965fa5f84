package okta

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
	"github.com/ssoexchange/ssoexchange/saml"
)

// resumeIdentityEngine goes on with a transaction that waits for a code. It belongs to
// the request with which it was begun: where a service provider wants an answer to a
// new one, the session that comes of it is used to open the app's link again.
func (w *flow) resumeIdentityEngine(ctx context.Context, p *pending) (*saml.Response, error) {
	t := w.resumed(p)
	t.picked = &candidate{factor: p.Factor}
	a, err := t.runChallenge(ctx, &idxResponder{t: t, p: p})
	if err == nil {
		a, err = t.run(ctx, a)
	}
	if err != nil {
		w.finish(ctx, err, t.giveUp)
		return nil, err
	}
	next, err := t.enter(ctx, a)
	if err == nil && w.start != nil {
		next, err = w.open(ctx)
	}
	if err != nil {
		return nil, err
	}
	return w.proceed(ctx, next)
}

// resumed is the talk of a transaction that waits. Nothing is sent yet.
func (w *flow) resumed(p *pending) *idxTransaction {
	origin, err := url.Parse(p.Origin)
	if err != nil || !w.ours(origin) {
		origin = w.c.LoginURL
	}
	t := w.newTalk(origin)
	t.handle = p.StateToken
	if handle, err := json.Marshal(p.StateToken); err == nil && p.Cancel.Href != "" {
		t.cancel = &ion.Form{Name: "cancel", Href: p.Cancel.Href, Method: http.MethodPost,
			Fields: []ion.Field{{Name: "stateHandle", HasValue: true, Value: handle}}}
	}
	return t
}

// giveUp cancels the transaction, if it has come far enough to say how.
func (t *idxTransaction) giveUp(ctx context.Context) {
	if t.cancel == nil {
		return
	}
	_, _ = t.send(ctx, filled{step: autherr.StepMFA, form: t.cancel, poll: true})
}
