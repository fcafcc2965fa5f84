package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
)

const (
	maxAttempts = 3                // answers to one challenge
	maxResends  = 3                // messages that one sign-in asks for on top of the first
	totpStep    = 30 * time.Second // RFC 6238 section 5.2, and what Okta uses
)

// Ready returns the question that Choose asks, nil without an Answerer: is an answer at
// hand, or will it be without a person.
func (w *Flow) Ready() func(mfa.Challenge) bool {
	if w.Client.Answerer == nil {
		return nil
	}
	return func(c mfa.Challenge) bool { return w.hasAnswer(c) || w.fetchesCode(c) }
}

// hasAnswer reports whether there is an answer now, before any message.
func (w *Flow) hasAnswer(c mfa.Challenge) bool {
	r, ok := w.Client.Answerer.(mfa.Ready)
	return ok && r.Ready(c)
}

// fetchesCode reports whether the Answerer fetches the code of a message by itself.
func (w *Flow) fetchesCode(c mfa.Challenge) bool {
	p, ok := w.Client.Answerer.(mfa.Preparer)
	return ok && c.Kind.Sent() && p.Awaits(c)
}

// errNoAnswer says that nobody has an answer to the challenge.
var errNoAnswer = errors.New("nobody to ask")

// challengeLoop is the exchange of one challenge and its answers, on either engine. T is what
// the engine answers with.
type challengeLoop[T any] struct {
	w       *Flow
	p       *Pending
	ch      mfa.Challenge
	engine  responder[T]
	Early   bool // the first code was at hand before its message could have arrived
	waited  bool // for the next TOTP code
	resends int
	last    *Error // the last refusal
	unfit   error  // why the last answer was none that could be posted
	unfits  int    // how many were
}

// responder is an engine's side of a challengeLoop: where its answers are posted.
type responder[T any] interface {
	// Submit posts an answer. The loop has marked it as used.
	Submit(ctx context.Context, answer string) (*T, error)
	// Send has a message sent, the first or another one, and notes that in the
	// pending. It returns nil if the challenge stands, or else what came instead.
	Send(ctx context.Context) (*T, error)
	// Refused returns the refusal if err means "wrong, try another one", else nil.
	Refused(err error) *Error
}

// NewChallengeLoop returns the loop for the challenge of p, whose answers engine takes.
func NewChallengeLoop[T any](w *Flow, p *Pending, d responder[T]) *challengeLoop[T] {
	e := &challengeLoop[T]{w: w, p: p, ch: p.Factor.Challenge(), engine: d}
	e.ch.Attempt = 1
	return e
}

// Run asks for answers and hands them in until one is taken, at most maxAttempts. What ends
// for want of an answer Is ErrPassCodeNeeded, and the transaction is kept.
func (e *challengeLoop[T]) Run(ctx context.Context) (*T, error) {
	due := !e.p.Sent || e.p.Refused && e.pause() == 0
	if e.ch.Kind.Sent() && due && !e.HasAnswer() {
		if t, err := e.engine.Send(ctx); t != nil || err != nil {
			return t, err
		}
	}
	for e.ch.Attempt <= maxAttempts {
		e.ch.Expires, e.ch.Sent, e.ch.Mark = e.p.Expires, e.p.Asked, e.p.Mark
		answer, met, err := e.ask(ctx)
		switch {
		case met != nil:
			return met, nil
		case errors.Is(err, errNoAnswer):
			return nil, e.giveUp(ctx)
		case errors.Is(err, mfa.ErrResend) && e.ch.Kind.Sent():
			if t, err := e.resend(ctx); t != nil || err != nil {
				return t, err
			}
			continue
		case err != nil:
			return nil, autherr.AtStep(autherr.StepMFA, err)
		}
		answer, again := e.normalize(answer)
		switch {
		case answer == "" && !again:
			return nil, e.giveUp(ctx)
		case answer == "":
			if t, err := e.sendIfDue(ctx); t != nil || err != nil {
				return t, err
			}
			continue
		}
		t, err := e.try(ctx, answer)
		if t != nil || err != nil {
			return t, err
		}
		if t, err := e.sendIfDue(ctx); t != nil || err != nil {
			return t, err
		}
	}
	return nil, e.giveUp(ctx)
}

// sendIfDue has a message sent if none was: the code was that of an earlier one, or none.
func (e *challengeLoop[T]) sendIfDue(ctx context.Context) (*T, error) {
	if !e.ch.Kind.Sent() || e.p.Sent || e.ch.Attempt > maxAttempts {
		return nil, nil
	}
	return e.engine.Send(ctx)
}

// maxUnfit is how many answers in a row may be none that could be posted.
const maxUnfit = 3

// normalize reduces an answer to what the factor expects, wherever it came from. What is no
// code is not posted, since it would cost a try: the result is "", and again says whether
// to ask once more.
func (e *challengeLoop[T]) normalize(answer string) (code string, again bool) {
	code, err := mfa.NormalizeCode(e.ch.Kind, answer)
	if err != nil {
		e.unfit, e.ch.Refused = err, strings.TrimPrefix(err.Error(), "mfa: ")
		e.unfits++
		return "", e.unfits < maxUnfit
	}
	e.unfits, e.unfit = 0, nil
	return code, false
}

// try posts an answer unless it was used before. A refusal that leaves room for
// another answer returns nil and nil.
func (e *challengeLoop[T]) try(ctx context.Context, answer string) (*T, error) {
	if !e.fresh(answer) {
		return nil, e.repeated(ctx)
	}
	t, err := e.engine.Submit(ctx, answer)
	if err == nil {
		return t, nil
	}
	if !e.refused(err) {
		e.spent()
		return t, err
	}
	if e.ch.Kind == mfa.Question {
		e.w.Client.Note(func(m *Memory) { m.mark(e.p.Factor.ID, answer) })
	}
	return nil, nil
}

// fresh reports whether an answer may be posted. A code works once, so it is marked
// as used whatever becomes of it. The answer to a question is the same every time:
// there only a refused one must not come back.
func (e *challengeLoop[T]) fresh(answer string) (fresh bool) {
	e.w.Client.Note(func(m *Memory) {
		if e.ch.Kind == mfa.Question {
			fresh = !m.marked(e.p.Factor.ID, answer)
			return
		}
		fresh = m.mark(e.p.Factor.ID, answer)
	})
	return fresh
}

// HasAnswer reports whether a code is at hand before a message was sent.
func (e *challengeLoop[T]) HasAnswer() bool { return e.w.hasAnswer(e.ch) }

// ask asks the Answerer, for at most MFATimeout. met is what the engine said if the
// challenge was met without an answer meanwhile.
func (e *challengeLoop[T]) ask(ctx context.Context) (answer string, met *T, err error) {
	a := e.w.Client.Answerer
	if a == nil {
		return "", nil, errNoAnswer
	}
	if err := e.w.keepIfSent(ctx, e.p); err != nil {
		return "", nil, err
	}
	keeper, keeps := a.(mfa.StepKeeper)
	if keeps {
		var used int64
		e.w.Client.Note(func(m *Memory) {
			// Of a clock that was ahead: it counts as now. Codes are remembered, too.
			if now := time.Now().Unix() / int64(totpStep/time.Second); m.step > now+10 {
				m.step = now
			}
			used = m.step
		})
		keeper.LastStep(used)
	}
	inner, done := e.w.WaitForPerson(ctx)
	defer done()
	var over error // the challenge cannot be met any more
	if linked, ok := e.engine.(MailLink[T]); ok && linked.Linked() {
		answer, met, err, over = askBeside(inner, a, e.ch, linked)
	} else {
		answer, err = a.Answer(inner, e.ch)
	}
	if keeps {
		e.w.Client.Note(func(m *Memory) { m.step = max(m.step, keeper.UsedStep()) })
	}
	switch {
	case ctx.Err() != nil:
		return "", nil, e.interrupted(ctx)
	case met != nil || over != nil:
		return "", met, over
	case inner.Err() != nil, errors.Is(err, mfa.ErrNotMine), err == nil && strings.TrimSpace(answer) == "":
		return "", nil, errNoAnswer
	case err != nil && !errors.Is(err, mfa.ErrResend):
		return "", nil, fmt.Errorf("okta: asking for a code: %w", err)
	}
	return answer, nil, err
}

// keepIfSent remembers p once a message is on its way.
func (w *Flow) keepIfSent(ctx context.Context, p *Pending) error {
	if !p.Sent {
		return nil
	}
	return w.Keep(ctx, p)
}

// refused takes note of an error that means "wrong, try another one", and reports
// whether it is one.
func (e *challengeLoop[T]) refused(err error) bool {
	oe := e.engine.Refused(err)
	if oe == nil {
		return false
	}
	e.last, e.p.Refused, e.p.Lost = oe, !e.Early || e.ch.Attempt > 1, false
	e.ch.Attempt++
	e.ch.Refused = oe.Summary
	if len(oe.Causes) > 0 {
		e.ch.Refused = oe.Causes[0]
	}
	if e.ch.Refused == "" {
		e.ch.Refused = "the code was refused"
	}
	return true
}

// spent takes note that a code was posted and no verdict came back. It is not posted
// again, so if the transaction waits on, it waits for the code of another message.
func (e *challengeLoop[T]) spent() {
	if !e.p.Sent || e.Early && e.ch.Attempt == 1 {
		return // there is no message, or one that nobody has looked at
	}
	e.p.Refused, e.p.Lost = true, true
	e.w.Client.Note(func(m *Memory) {
		if m.Pending != nil {
			m.Pending.Refused, m.Pending.Lost = true, true
		}
	})
}

// repeated deals with a code that was posted before. Codes of an app change with
// time: there the next one is waited for, once.
func (e *challengeLoop[T]) repeated(ctx context.Context) error {
	if e.last == nil {
		e.last = &Error{Status: 403, Code: "E0000082", Summary: "the code was used before and is not sent again"}
		e.last = WithKind(e.last, autherr.ErrMFARejected, Meanings["E0000082"].Hint)
	}
	if e.ch.Kind == mfa.TOTP && !e.waited {
		e.waited = true
		inner, done := e.w.WaitForPerson(ctx)
		defer done()
		defer deadline.Waiting(ctx, "the next code of "+e.ch.String())()
		next := time.Now().Truncate(totpStep).Add(totpStep)
		if Sleep(inner, time.Until(next)+time.Second) != nil && ctx.Err() != nil {
			return e.interrupted(ctx)
		}
		return nil
	}
	e.p.Refused = true
	e.ch.Attempt++
	e.ch.Refused = "the code was used before"
	return nil
}

// giveUp ends the loop for want of a right answer.
func (e *challengeLoop[T]) giveUp(ctx context.Context) error {
	switch {
	case e.ch.Kind.Sent() && (e.p.Refused || !e.p.Sent):
		return e.sendAnew(ctx)
	case e.ch.Kind.Sent():
	case e.last != nil && e.last.Code == "E0000113":
		// The token server wants another code in the same transaction.
		if err := e.w.Keep(ctx, e.p); err != nil {
			return err
		}
		return autherr.AtStep(autherr.StepMFA, e.last)
	case e.last != nil:
		return autherr.AtStep(autherr.StepMFA, WithKind(e.last, autherr.ErrMFARejected, e.last.hint))
	}
	if err := e.w.Keep(ctx, e.p); err != nil {
		return err
	}
	return e.needCode(0)
}

// cause is the refusal that led to the want of another code, nil if there was none.
func (e *challengeLoop[T]) cause() error {
	if e.last == nil {
		return nil
	}
	return WithKind(e.last, autherr.ErrPassCodeNeeded, "")
}

// sendAnew has a new message sent in place of the code that was refused, or says
// when that can be done.
func (e *challengeLoop[T]) sendAnew(ctx context.Context) error {
	wait := e.pause()
	if wait == 0 {
		t, err := e.engine.Send(ctx)
		if t != nil {
			err = autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrBadAnswer,
				"okta: a message was asked for and the transaction went on without it", ""))
		}
		if wait = WaitOf(err); err != nil && wait == 0 {
			return err
		}
	}
	if wait > 0 {
		if err := e.w.Keep(ctx, e.p); err != nil {
			return err
		}
	}
	return e.needCode(wait)
}

// needCode is the end for want of a code.
func (e *challengeLoop[T]) needCode(wait time.Duration) error {
	err := needCode(e.ch, e.p, wait, e.cause())
	if e.unfit != nil {
		err.Text += "; " + strings.TrimPrefix(e.unfit.Error(), "mfa: ")
	}
	return autherr.AtStep(autherr.StepMFA, err)
}
