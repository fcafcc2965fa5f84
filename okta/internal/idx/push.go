package idx

import (
	"context"
	"errors"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// answerPush waits until a push is approved, refused or not answered in MFATimeout.
// The Watcher is told when it was sent, with every poll, and when it is over. Polls
// that are lost on the way or are too many are repeated; the push is not.
func (t *transaction) answerPush(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	if t.picked == nil {
		f, _ := current(a)
		t.w.Messages++ // the server chose, and has sent it
		t.picked = &candidate{factor: f}
	}
	f := t.picked.factor
	ch := f.Challenge()
	ch.Attempt = 1
	watch, watched := t.w.Client.Answerer.(mfa.Watcher)
	if watched {
		defer func() { watch.Watch(ch, true) }()
	}
	outer := ctx
	ctx, done := t.w.WaitForPerson(ctx)
	defer done()

	wait := paceOf(a.Polling())
	var heard flow.PollOutcome
	for lost := 0; ; {
		if n := a.Current.Number(); n != nil {
			ch.Number = n // also when it changes
		}
		ch.Expires = a.ExpiresAt
		if watched {
			watch.Watch(ch, false)
		}
		if flow.Sleep(ctx, wait) != nil {
			return nil, t.w.PushEnded(outer, heard)
		}
		next, err := t.pollPush(ctx, a)
		heard.Note(true, err)
		wait = paceOf(a.Polling())
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, t.w.PushEnded(outer, heard)
		case err != nil && flow.WaitOf(err) > 0:
			wait = max(wait, flow.WaitOf(err)) // too many polls: slow down, the push goes on
		case err != nil && passingPoll(err) && lost < flow.MaxLostPolls:
			lost++
		case err != nil:
			return nil, err
		case !stillWaits(next, f):
			return t.pushAnswered(next, f)
		default:
			lost, a = 0, next
			wait = paceOf(a.Polling())
		}
	}
}

// pollPush asks once. What Okta complains about is an error.
func (t *transaction) pollPush(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	next, err := t.send(ctx, filled{step: autherr.StepMFA, form: a.Polling(), poll: true})
	if err != nil {
		return nil, err
	}
	t.tell(next)
	if e, _ := t.refusal(next); e != nil {
		return nil, autherr.AtStep(autherr.StepMFA, e)
	}
	return next, nil
}

// stillWaits reports whether the push f is not answered yet.
func stillWaits(a *ion.Answer, f flow.Factor) bool {
	return a.Form(ion.ChallengePoll) != nil && a.Polling() != nil && (a.Current == nil || at(a, f))
}

// pushAnswered goes on after a push, unless all that is left is to send another one.
func (t *transaction) pushAnswered(a *ion.Answer, f flow.Factor) (*ion.Answer, error) {
	if a.Form(ion.Resend) != nil && !a.Succeeded() {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrMFARejected,
			"okta: the push was not answered in time", "sign in again when somebody can answer"))
	}
	t.done[spent(f)], t.picked = true, nil
	return a, nil
}

// passingPoll reports whether a poll may be answered next time: the network failed, or
// somebody else answered in Okta's place.
func passingPoll(err error) bool {
	var e *flow.Error
	if errors.As(err, &e) {
		return e.Code == "" || e.Status >= 500 || e.Code == "E0000070"
	}
	return errors.Is(err, autherr.ErrUnreachable)
}
