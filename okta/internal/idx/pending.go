package idx

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
	"github.com/ssoexchange/ssoexchange/saml"
)

// Resume goes on with a transaction that waits for a code. It belongs to
// the request with which it was begun: where a service provider wants an answer to a
// new one, the session that comes of it is used to open the app's link again.
func Resume(ctx context.Context, w *flow.Flow, p *flow.Pending) (*saml.Response, error) {
	t := Resumed(w, p)
	t.picked = &candidate{factor: p.Factor}
	a, err := t.runChallenge(ctx, &responder{t: t, p: p})
	if err == nil {
		a, err = t.run(ctx, a)
	}
	if err != nil {
		w.Finish(ctx, err, t.GiveUp)
		return nil, err
	}
	next, err := t.enter(ctx, a)
	if err == nil && w.Start != nil {
		next, err = w.Open(ctx)
	}
	if err != nil {
		return nil, err
	}
	return w.Continue(ctx, next)
}

// Resumed returns a transaction that waits. Nothing is sent yet.
func Resumed(w *flow.Flow, p *flow.Pending) *transaction {
	origin, err := url.Parse(p.Origin)
	if err != nil || !w.Ours(origin) {
		origin = w.Client.LoginURL
	}
	t := newTransaction(w, origin)
	t.handle = p.StateToken
	if handle, err := json.Marshal(p.StateToken); err == nil && p.Cancel.Href != "" {
		t.cancel = &ion.Form{Name: "cancel", Href: p.Cancel.Href, Method: http.MethodPost,
			Fields: []ion.Field{{Name: "stateHandle", HasValue: true, Value: handle}}}
	}
	return t
}

// GiveUp cancels the transaction, if it has come far enough to say how.
func (t *transaction) GiveUp(ctx context.Context) {
	if t.cancel == nil {
		return
	}
	_, _ = t.send(ctx, filled{step: autherr.StepMFA, form: t.cancel, poll: true})
}
