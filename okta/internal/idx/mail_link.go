package idx

import (
	"context"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// Okta's mail may have a link beside its code. Whoever opens it has answered the
// challenge; the transaction learns of that by asking again at the server's pace. So
// that neither way is preferred, the client asks while a person is asked for the code,
// and what comes first counts. Where there is nobody to ask, the sign-in ends as for
// any other code, and the next one looks whether the link was opened in between.

// linkForm is the form that asks whether the link was opened, nil if there is none.
func (d *responder) linkForm() *ion.Form {
	if d.a == nil || d.p.Factor.Kind() != mfa.Email || d.a.Current == nil {
		return nil
	}
	if link := d.a.Current.MagicLink; link != nil && !*link {
		return nil
	}
	if f := d.a.Current.Poll; f != nil && f.Href != "" {
		return f
	}
	if f := d.a.Form(ion.ChallengePoll); f != nil && f.Href != "" {
		return f
	}
	return nil
}

func (d *responder) Linked() bool { return d.linkForm() != nil }

// Await: see [flow.MailLink]. Polls that are lost on the way are repeated a few times, those
// that are too many after the pause that Okta asks for.
func (d *responder) Await(ctx context.Context, answered <-chan struct{}) (*ion.Answer, error) {
	extra := time.Duration(0)
	for lost := 0; lost <= flow.MaxLostPolls && d.Linked(); {
		timer := time.NewTimer(max(paceOf(d.linkForm()), extra))
		select {
		case <-timer.C:
		case <-answered:
			timer.Stop()
			return nil, nil
		case <-ctx.Done():
			timer.Stop()
			return nil, nil
		}
		extra = 0
		next, err := d.pollLink(ctx)
		switch {
		case next != nil:
			return next, nil
		case ctx.Err() != nil:
			return nil, nil
		case err == nil:
			lost = 0
		case flow.WaitOf(err) > 0:
			extra = flow.WaitOf(err)
		case passingPoll(err):
			lost++
		default:
			return nil, err
		}
	}
	return nil, nil
}

// pollLink asks once. It returns nil if the transaction is still at the challenge.
func (d *responder) pollLink(ctx context.Context) (*ion.Answer, error) {
	d.p.Polled = time.Now()
	next, err := d.t.send(ctx, filled{step: autherr.StepMFA, form: d.linkForm(), poll: true})
	if err != nil {
		return nil, err
	}
	d.t.tell(next)
	if e, _ := d.t.refusal(next); e != nil {
		return nil, autherr.AtStep(autherr.StepMFA, e)
	}
	if !d.isAt(next) {
		return next, nil
	}
	if next.Status < 300 {
		d.a = next
		d.follow()
	}
	return nil, nil
}

// revisit looks after a mail of an earlier sign-in, whose link may have been opened
// since; with a code at hand that is not asked. It returns nil and nil if the challenge
// stands. Nothing that it does sends a message.
func (d *responder) revisit(ctx context.Context, hasAnswer bool) (*ion.Answer, error) {
	if d.a != nil || !d.p.Link || hasAnswer {
		return nil, nil
	}
	if a, err := d.look(ctx); a != nil || err != nil || !d.Linked() {
		return a, err
	}
	// No faster than within one sign-in, however often it is begun.
	if due := time.Until(d.p.Polled.Add(paceOf(d.linkForm()))); !d.p.Polled.IsZero() && due > 0 {
		inner, done := d.t.w.WaitForPerson(ctx)
		stop := deadline.Waiting(ctx, "the time at which Okta may be asked whether the mail's link was opened")
		slept := flow.Sleep(inner, min(due, time.Minute))
		stop()
		done()
		if slept != nil && ctx.Err() != nil {
			return nil, autherr.AtStep(autherr.StepMFA, flow.WaitEnded(ctx, "waiting to ask whether the mail's link was opened"))
		}
	}
	next, err := d.pollLink(ctx)
	if err != nil && ctx.Err() == nil && (passingPoll(err) || flow.WaitOf(err) > 0) {
		return nil, nil // a code may still do
	}
	return next, err
}
