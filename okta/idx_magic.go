package okta

import (
	"context"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// Okta's mail may have a link beside its code. Whoever opens it has answered the
// challenge; the transaction learns of that by asking again at the server's pace. So
// that neither way is preferred, the client asks while a person is asked for the code,
// and what comes first counts. Where there is nobody to ask, the sign-in ends as for
// any other code, and the next one looks whether the link was opened in between.

// linkDesk is a desk whose challenge may be met by a link.
type linkDesk[T any] interface {
	linked() bool
	// await asks whether the link was opened until it was, or the challenge is over, or
	// answered is closed, or ctx ends; it returns nil and nil for the latter two, and
	// when asking leads nowhere: a code may still do.
	await(ctx context.Context, answered <-chan struct{}) (*T, error)
}

// pollGrace is how long a poll that is under way may take once there is a code.
const pollGrace = 3 * time.Second

// askBeside asks a for the code while the link is waited for, and takes the question
// back when that was opened, or when the challenge is over. It returns when both have
// ended, so an Answerer must heed its context.
func askBeside[T any](ctx context.Context, a mfa.Answerer, ch mfa.Challenge, d linkDesk[T]) (answer string, met *T, err, over error) {
	question, takeBack := context.WithCancel(ctx)
	defer takeBack()
	polls, stopPolls := context.WithCancel(ctx)
	defer stopPolls()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		answer, err = a.Answer(question, ch)
		time.AfterFunc(pollGrace, stopPolls)
	}()
	met, over = d.await(polls, answered)
	if met != nil || over != nil {
		takeBack()
	}
	<-answered
	return answer, met, err, over
}

// linkForm is the form that asks whether the link was opened, nil if there is none.
func (d *idxResponder) linkForm() *ion.Form {
	if d.a == nil || d.p.Factor.kind() != mfa.Email || d.a.Current == nil {
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

func (d *idxResponder) linked() bool { return d.linkForm() != nil }

// await: see linkDesk. Polls that are lost on the way are repeated a few times, those
// that are too many after the pause that Okta asks for.
func (d *idxResponder) await(ctx context.Context, answered <-chan struct{}) (*ion.Answer, error) {
	extra := time.Duration(0)
	for lost := 0; lost <= maxLostPolls && d.linked(); {
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
		case waitOf(err) > 0:
			extra = waitOf(err)
		case passingPoll(err):
			lost++
		default:
			return nil, err
		}
	}
	return nil, nil
}

// pollLink asks once. It returns nil if the transaction is still at the challenge.
func (d *idxResponder) pollLink(ctx context.Context) (*ion.Answer, error) {
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
func (d *idxResponder) revisit(ctx context.Context, hasAnswer bool) (*ion.Answer, error) {
	if d.a != nil || !d.p.Link || hasAnswer {
		return nil, nil
	}
	if a, err := d.look(ctx); a != nil || err != nil || !d.linked() {
		return a, err
	}
	// No faster than within one sign-in, however often it is begun.
	if due := time.Until(d.p.Polled.Add(paceOf(d.linkForm()))); !d.p.Polled.IsZero() && due > 0 {
		inner, done := d.t.w.patienceFor(ctx)
		stop := deadline.Waiting(ctx, "the time at which Okta may be asked whether the mail's link was opened")
		slept := sleep(inner, min(due, time.Minute))
		stop()
		done()
		if slept != nil && ctx.Err() != nil {
			return nil, autherr.AtStep(autherr.StepMFA, ended(ctx, "waiting to ask whether the mail's link was opened"))
		}
	}
	next, err := d.pollLink(ctx)
	if err != nil && ctx.Err() == nil && (passingPoll(err) || waitOf(err) > 0) {
		return nil, nil // a code may still do
	}
	return next, err
}
