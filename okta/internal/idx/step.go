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

// step says what to do with an answer: the first one that fits acts.
type step struct {
	when func(*transaction, *ion.Answer) bool
	do   func(*transaction, context.Context, *ion.Answer) (*ion.Answer, error)
}

// steps are in order of precedence. What is not there is never sent: recovery,
// registration, launching an app on this machine, probing its ports.
var steps = []step{
	{(*transaction).probing, (*transaction).decline},
	{(*transaction).onlyCancel, (*transaction).cancelStep},
	{(*transaction).waiting, (*transaction).waitSafeMode},
	{(*transaction).enrolls, (*transaction).enroll},
	{(*transaction).skippable, (*transaction).skip},
	{has(ion.KeepMeSignedIn), (*transaction).keepSignedIn},
	{(*transaction).asksPassword, (*transaction).answerPassword},
	{(*transaction).asksPasskey, (*transaction).answerPasskey},
	{(*transaction).asksCode, (*transaction).answerCode},
	{(*transaction).awaitsPush, (*transaction).answerPush},
	{(*transaction).selectable, (*transaction).pick},
	{has(ion.Identify), (*transaction).identify},
	{has(ion.SelectIdentify), (*transaction).backToIdentify},
	{(*transaction).canRenewPassword, (*transaction).renewPassword},
	{(*transaction).fastPassRuns, (*transaction).decline},
}

func has(name string) func(*transaction, *ion.Answer) bool {
	return func(_ *transaction, a *ion.Answer) bool { return a.Form(name) != nil }
}

// maxDeclines is how often in a row device probing is declined, with another reason
// each time.
const maxDeclines = 2

// probing: FastPass looks for Okta Verify on this machine.
func (t *transaction) probing(a *ion.Answer) bool {
	return a.Form(ion.DeviceChallengePoll) != nil && t.declinable(a)
}

// declinable: there is a way to say that this machine cannot answer.
func (t *transaction) declinable(a *ion.Answer) bool {
	return a.Decline() != nil && t.declinedInRow < maxDeclines
}

// fastPassRuns: Okta Verify on this machine is waited for, and nothing else is offered.
func (t *transaction) fastPassRuns(a *ion.Answer) bool {
	return a.Form(ion.ChallengePoll) != nil && a.Polling() == nil && t.declinable(a)
}

// decline says so. Nothing on this machine is contacted.
func (t *transaction) decline(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	reason := ion.ReasonUnreachable
	t.declined++
	if t.declinedInRow++; t.declinedInRow > 1 {
		reason = ion.ReasonCanceled
	}
	form := a.Decline()
	body, err := form.DeclineBody(reason)
	if err != nil {
		return nil, err
	}
	return t.send(ctx, filled{step: t.stepNow(), form: form, body: body})
}

// onlyCancel: single sign-on by the operating system, which can just be declined.
func (t *transaction) onlyCancel(a *ion.Answer) bool {
	if a.Form(ion.CancelTransaction) == nil || t.declinedInRow >= maxDeclines {
		return false
	}
	for _, name := range a.Names() {
		if name != ion.CancelTransaction && !ion.Ignorable(name) {
			return false
		}
	}
	return true
}

func (t *transaction) cancelStep(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	t.declined, t.declinedInRow = t.declined+1, t.declinedInRow+1
	return t.send(ctx, filled{step: autherr.StepLogin, form: a.Form(ion.CancelTransaction)})
}

// waiting: Okta is in safe mode and asks for deadline.
func (t *transaction) waiting(a *ion.Answer) bool { return a.Form(ion.Poll) != nil }

// waitSafeMode asks again at Okta's pace. The sign-in's own time limit goes on
// counting, and nobody waits longer than for a person. An answer that is lost on the
// way is asked for again, a few times.
func (t *transaction) waitSafeMode(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	until := time.Now().Add(t.w.MFATimeout())
	defer deadline.Waiting(ctx, flow.SafeMode)()
	pace := paceOf(a.Form(ion.Poll))
	for lost := 0; ; {
		if time.Now().Add(pace).After(until) {
			return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnreachable,
				"okta: still in safe mode, the sign-in is not let through", flow.HintLater))
		}
		if flow.Sleep(ctx, pace) != nil {
			return nil, autherr.AtStep(autherr.StepLogin, flow.WaitEnded(ctx, "waiting while Okta is in safe mode"))
		}
		next, err := t.send(ctx, filled{step: autherr.StepLogin, form: a.Form(ion.Poll), poll: true})
		switch {
		case err != nil && ctx.Err() == nil && passingPoll(err) && lost < flow.MaxLostPolls:
			lost++
			continue
		case err != nil && ctx.Err() == nil && flow.WaitOf(err) > 0:
			pace = max(pace, flow.WaitOf(err))
			continue
		case err != nil:
			return nil, err
		}
		lost = 0
		if e, _ := t.refusal(next); e != nil || next.Form(ion.Poll) == nil {
			return next, nil
		}
		t.tell(next)
		a, pace = next, paceOf(next.Form(ion.Poll))
	}
}

// paceOf is how long to wait before a form is sent.
func paceOf(f *ion.Form) time.Duration {
	if f.Refresh == 0 {
		return flow.PollPace
	}
	return min(max(f.Refresh, time.Second), time.Minute)
}

func (t *transaction) skippable(a *ion.Answer) bool { return a.Skippable() != nil }

// skip goes on without what is offered: setting something up, a warning.
func (t *transaction) skip(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	return t.send(ctx, filled{step: autherr.StepLogin, form: a.Skippable()})
}

// keepSignedIn answers whether this device is to be remembered.
func (t *transaction) keepSignedIn(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	form, own := a.Form(ion.KeepMeSignedIn), ion.Values{}
	if form.Field("keepMeSignedIn") != nil {
		own["keepMeSignedIn"] = t.w.Client.RememberDevice
	}
	return t.send(ctx, filled{step: autherr.StepLogin, form: form, values: own})
}

// asksPassword: whatever else is offered beside it.
func (t *transaction) asksPassword(a *ion.Answer) bool {
	return a.Form(ion.ChallengeAuthenticator) != nil && a.Current != nil && a.Current.Key == ion.AuthPassword &&
		!(t.passwordSent && t.selectable(a))
}

// asksCode: an answer is to be typed, and it is the authenticator's turn.
func (t *transaction) asksCode(a *ion.Answer) bool {
	f, ok := current(a)
	return ok && a.Form(ion.ChallengeAuthenticator) != nil && f.Kind() != mfa.Push && t.wantsCurrent(a)
}

// awaitsPush: a push is under way and it is the one that is wanted.
func (t *transaction) awaitsPush(a *ion.Answer) bool {
	f, ok := current(a)
	return ok && a.Form(ion.ChallengePoll) != nil && a.Polling() != nil && f.Kind() == mfa.Push && t.wantsCurrent(a)
}

func (t *transaction) backToIdentify(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	if t.taken["identify"]++; t.taken["identify"] > 1 {
		return nil, t.stuck(a)
	}
	return t.send(ctx, filled{step: autherr.StepLogin, form: a.Form(ion.SelectIdentify)})
}
