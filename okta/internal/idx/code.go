package idx

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// answerCode answers the authenticator that the transaction is at and whose answer is
// typed. Where Okta's mail has a link beside its code, either will do; see idx_magic.go.
func (t *transaction) answerCode(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	f, _ := current(a)
	if t.picked != nil {
		question := f.Profile.QuestionText
		f = t.picked.factor
		f.Profile.QuestionText = question
	}
	p := &flow.Pending{Engine: flow.EngineIDX, Factor: f}
	if f.Kind().Sent() {
		p.Sent, p.SentAt = true, t.sentAt
		if t.picked == nil {
			t.w.Messages++
			p.SentAt = time.Now()
		}
		if t.noted != nil {
			p.Asked, p.Mark = t.noted.At, t.noted.Mark
		} else if n := len(t.recent); n > 0 {
			p.Asked = t.recent[n-1] // the request that was answered with this challenge
		}
	}
	if t.picked == nil {
		t.picked = &candidate{factor: f}
	}
	d := &responder{t: t, p: p, a: a}
	d.follow()
	return t.runChallenge(ctx, d)
}

// runChallenge runs the challenge. An authenticator that turns out to be suspended is passed over
// for another one, unless it is the one that the user wants.
func (t *transaction) runChallenge(ctx context.Context, d *responder) (*ion.Answer, error) {
	f, e := d.p.Factor, flow.NewChallengeLoop[ion.Answer](t.w, d.p, d)
	// A code that is at hand this early is that of an earlier message. It may still
	// be right; if it is not, the message that was just sent is as good as before.
	e.Early = d.a != nil && d.p.Sent && e.HasAnswer()
	next, err := d.revisit(ctx, e.HasAnswer())
	if next == nil && err == nil {
		next, err = e.Run(ctx)
	}
	var oe *flow.Error
	switch {
	case err == nil && d.moved:
		t.picked = nil
		return next, nil
	case err == nil:
		t.w.Client.Note(func(m *flow.Memory) { m.Pending = nil })
		t.done[spent(f)], t.picked = true, nil
		return next, nil
	case errors.As(err, &oe) && (ion.Message{Key: oe.Code}).Is(ion.MsgSuspendedFactor) &&
		t.freeChoice() && d.refusal != nil && t.selectable(d.refusal):
		t.done[spent(f)], t.picked, t.excused = true, nil, d.refusal
		if len(t.factors(d.refusal)) > 0 {
			t.w.Client.Note(func(m *flow.Memory) { m.Pending = nil })
			return d.refusal, nil
		}
	}
	return nil, err
}

// responder is the Identity Engine's side of a challenge: answers go into forms.
type responder struct {
	t *transaction
	p *flow.Pending
	a *ion.Answer // shows the challenge; nil until a transaction that waited is looked at

	moved   bool        // the transaction turned out to be elsewhere
	refusal *ion.Answer // the last one
	again   bool        // it offers the same form for another answer
}

// look finds out where a transaction stands that waited for a code. It returns the
// answer if that is not at the challenge any more, nil otherwise.
func (d *responder) look(ctx context.Context) (*ion.Answer, error) {
	if d.a != nil {
		return nil, nil
	}
	a, err := d.t.introspect(ctx, "stateHandle", d.p.StateToken)
	if err != nil {
		return nil, err
	}
	if err := d.t.fatal(a); err != nil {
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	if d.isAt(a) {
		d.a = a
		d.follow()
		return nil, nil
	}
	d.moved = true
	return a, nil
}

func (d *responder) isAt(a *ion.Answer) bool {
	return a.Form(ion.ChallengeAuthenticator) != nil && at(a, d.p.Factor)
}

// follow takes over how the transaction is found again.
func (d *responder) follow() {
	t, p := d.t, d.p
	p.Origin = t.origin.Scheme + "://" + t.origin.Host
	p.StateToken = t.handle
	if d.a != nil && d.a.Status < 300 {
		p.Expires = flow.OrAssumed(d.a.ExpiresAt)
	}
	p.Link = p.Link || d.Linked()
	if t.cancel != nil {
		p.Cancel = flow.Link{Name: "cancel", Href: t.cancel.Href}
	}
}

// answerField is the field that takes the answer, "" if it is none that can be typed.
func answerField(form *ion.Form) string {
	for _, name := range []string{"totp", "passcode", "answer"} {
		if f := form.Field("credentials", name); f != nil && f.Mutable {
			return name
		}
	}
	return ""
}

// Submit posts an answer. It is marked as used before it leaves, so that not even a
// crash makes it leave twice.
func (d *responder) Submit(ctx context.Context, answer string) (*ion.Answer, error) {
	if a, err := d.look(ctx); a != nil || err != nil {
		return a, err
	}
	form := d.a.Form(ion.ChallengeAuthenticator)
	field := answerField(form)
	if field == "" {
		return nil, d.t.stuck(d.a)
	}
	if err := captcha(d.a, form); err != nil {
		return nil, err
	}
	if err := d.t.w.Client.Store(ctx); err != nil {
		return nil, err
	}
	next, err := d.t.send(ctx, filled{step: autherr.StepMFA, form: form, secrets: []string{answer},
		values: ion.Values{"credentials": ion.Values{field: answer}}})
	if err != nil {
		return nil, err
	}
	e, known := d.t.refusal(next)
	if e == nil && next.Status > 299 && d.isAt(next) {
		e = flow.WithKind(&flow.Error{Status: next.Status}, autherr.ErrMFARejected, flow.Meanings["E0000068"].Hint)
	}
	if e == nil {
		return next, nil
	}
	if e.Code == "E0000004" { // wrong credentials: the code is what was posted
		e = flow.WithKind(e, autherr.ErrMFARejected, flow.Meanings["E0000068"].Hint)
	}
	d.refusal, d.again = next, !known && d.isAt(next)
	if d.isAt(next) {
		d.a = next // else the form before stays good
	}
	return nil, autherr.AtStep(autherr.StepMFA, e)
}

// refused: a message that means a wrong code, or one that is not known with the same
// form again. No sign-in starts over after that: it could only be refused once more.
func (d *responder) Refused(err error) *flow.Error {
	var e *flow.Error
	if !errors.As(err, &e) || d.refusal == nil {
		return nil
	}
	said := ion.Message{Key: e.Code}
	if !slices.ContainsFunc(wrongCode, said.Is) && !d.again && e.Code != "" {
		return nil
	}
	d.t.w.Restarted = true
	return e
}

// Send has another message sent. The first one was sent by choosing the authenticator.
func (d *responder) Send(ctx context.Context) (*ion.Answer, error) {
	if a, err := d.look(ctx); a != nil || err != nil {
		return a, err
	}
	f := filled{step: autherr.StepMFA}
	switch c := d.a.Current; {
	case c.Resend != nil && c.Resend.Href != "":
		f.form = c.Resend
	case c.Send != nil && c.Send.Href != "":
		f.form = c.Send
	case d.a.Form(ion.Resend) != nil:
		f.form = d.a.Form(ion.Resend)
	default:
		for _, o := range d.t.offers(d.a) {
			if f.form == nil && same(o.factor, d.p.Factor) {
				f.form, f.values = o.form, o.choice.Values(o.method)
			}
		}
	}
	if f.form == nil {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrMFARejected,
			"okta: the code was refused and another message cannot be sent in this sign-in", "sign in again to have one sent"))
	}
	n, err := d.t.w.Prepare(ctx, d.p.Factor)
	if err != nil {
		return nil, err
	}
	d.t.w.Messages++
	next, err := d.t.send(ctx, f)
	if err != nil {
		return nil, err
	}
	if e, _ := d.t.refusal(next); e != nil {
		d.t.w.MessageNotSent(e)
		return nil, autherr.AtStep(autherr.StepMFA, e)
	}
	d.p.Sent, d.p.SentAt, d.p.Refused, d.p.Lost = true, time.Now(), false, false
	d.p.Asked, d.p.Mark = n.At, n.Mark
	if !d.isAt(next) {
		d.moved = true
		return next, nil
	}
	d.a = next
	d.follow()
	return nil, d.t.w.Keep(ctx, d.p)
}
