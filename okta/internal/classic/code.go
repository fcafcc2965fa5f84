package classic

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/saml"
)

// code answers a factor whose answer is typed. Where Okta sends the code, a message
// goes out unless one is on its way already or a code is at hand. A code is posted
// at most once in its life. What ends without one ends with ErrPassCodeNeeded, and p
// is kept for the next sign-in.
func (w *SignIn) code(ctx context.Context, p *flow.Pending) (*transaction, error) {
	d := &Responder{w: w, p: p}
	t, err := flow.NewChallengeLoop[transaction](w.Flow, p, d).Run(ctx)
	if err == nil {
		w.Client.Note(func(m *flow.Memory) { m.Pending = nil })
		return t, w.Approved(ctx, d.remembers())
	}
	return nil, err
}

// Responder is the AuthN API's side of a challenge: answers go to links.
type Responder struct {
	w *SignIn
	p *flow.Pending
}

// Submit posts an answer. It is marked as used before it leaves, so that not even a
// crash makes it leave twice.
func (d *Responder) Submit(ctx context.Context, answer string) (*transaction, error) {
	u, err := d.w.CheckLink(autherr.StepMFA, d.p.Verify)
	if err != nil {
		return nil, err
	}
	if err := d.w.Client.Store(ctx); err != nil {
		return nil, err
	}
	field := "passCode"
	if d.p.Factor.Kind() == mfa.Question {
		field = "answer"
	}
	return d.w.post(ctx, step{name: autherr.StepMFA, url: u, remember: d.remembers(),
		body:    map[string]any{"stateToken": d.p.StateToken, field: answer},
		secrets: []string{answer, d.p.StateToken}})
}

func (d *Responder) remembers() bool {
	return d.w.remember(&transaction{AllowRemember: d.p.Remember})
}

// Refused returns the refusal if err has a code that leaves room for another answer, else nil.
func (d *Responder) Refused(err error) *flow.Error {
	var oe *flow.Error
	if !errors.As(err, &oe) {
		return nil
	}
	switch oe.Code {
	case "E0000068", "E0000082", "E0000083", "E0000087", "E0000113":
		return oe
	}
	return nil
}

// Send has Okta send a message: the first one, or another one in its place. The
// transaction is remembered before anybody is asked, so that a crash does not cost
// a second message. A state other than the challenge is returned, nil otherwise.
func (d *Responder) Send(ctx context.Context) (*transaction, error) {
	to := d.p.Verify
	if d.p.Sent {
		if l, ok := d.resendLink(); ok {
			to = l
		}
	}
	u, err := d.w.CheckLink(autherr.StepMFA, to)
	if err != nil {
		return nil, err
	}
	n, err := d.w.Prepare(ctx, d.p.Factor)
	if err != nil {
		return nil, err
	}
	d.w.Messages++
	t, err := d.w.post(ctx, step{name: autherr.StepMFA, url: u, remember: d.remembers(),
		body: map[string]any{"stateToken": d.p.StateToken}, secrets: []string{d.p.StateToken}})
	if err != nil {
		d.w.MessageNotSent(err)
		return nil, err
	}
	d.p.Asked, d.p.Mark = n.At, n.Mark
	d.p.Sent, d.p.SentAt, d.p.Refused, d.p.Lost = true, time.Now(), false, false
	follow(d.p, t)
	if err := d.w.Keep(ctx, d.p); err != nil {
		return nil, err
	}
	if !isChallenge(t.Status) {
		return t, nil
	}
	return nil, nil
}

// resendLink returns the link that sends another message of this factor's kind.
func (d *Responder) resendLink() (flow.Link, bool) {
	for _, l := range d.p.Resend {
		if strings.EqualFold(l.Name, d.p.Factor.Type) {
			return l, true
		}
	}
	if len(d.p.Resend) > 0 {
		return d.p.Resend[0], true
	}
	return flow.Link{}, false
}

// newPending describes the transaction t, in which f was chosen.
func newPending(t *transaction, f flow.Factor, stepUp bool) *flow.Pending {
	p := &flow.Pending{Factor: f, StepUp: stepUp}
	p.Verify, _ = f.Verify()
	follow(p, t)
	return p
}

// follow takes over what an answer says about the rest of the transaction.
func follow(p *flow.Pending, t *transaction) {
	if t.StateToken != "" {
		p.StateToken = t.StateToken
	}
	p.Expires = flow.OrAssumed(t.ExpiresAt)
	if l, ok := t.link("next"); ok && l.Name == "verify" {
		p.Verify = l
	}
	if ls := t.Links["resend"]; len(ls) > 0 {
		p.Resend = ls
	}
	p.Remember = p.Remember || t.AllowRemember
}

// Resume goes on with a transaction that waits for a code.
func (w *SignIn) Resume(ctx context.Context, p *flow.Pending) (*transaction, error) {
	if p.StepUp {
		w.StepUps++
	}
	t, err := w.code(ctx, p)
	if err != nil {
		w.Finish(ctx, err, w.CancelAuthn(p.StateToken))
		return nil, err
	}
	return w.advance(ctx, t)
}

// CancelAuthn cancels a transaction of the AuthN API.
func (w *SignIn) CancelAuthn(stateToken string) func(context.Context) {
	return func(ctx context.Context) {
		if stateToken == "" {
			return // LOCKED_OUT has none
		}
		_, _ = w.call(ctx, step{name: autherr.StepMFA, url: w.Endpoint("/api/v1/authn/cancel"), poll: true,
			body: map[string]any{"stateToken": stateToken}, secrets: []string{stateToken}})
	}
}

// Run signs in through the AuthN API.
func (w *SignIn) Run(ctx context.Context) (*saml.Response, error) {
	t, err := w.primary(ctx)
	if err != nil {
		return nil, err
	}
	if t, err = w.advance(ctx, t); err != nil {
		return nil, err
	}
	return w.ExchangeSession(ctx, t)
}
