package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// resend sends another message because a person asked for it, after the pause that
// Okta wants between two.
func (e *challengeLoop[T]) resend(ctx context.Context) (*T, error) {
	if e.resends++; e.resends > maxResends {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrPassCodeNeeded,
			"okta: too many messages were asked for", "sign in again with the code of the last one"))
	}
	if wait := e.pause(); wait > 0 {
		inner, done := e.w.WaitForPerson(ctx)
		defer done()
		defer deadline.Waiting(ctx, "the time at which Okta sends another message")()
		if Sleep(inner, wait) != nil && ctx.Err() != nil {
			return nil, autherr.AtStep(autherr.StepMFA, WaitEnded(ctx, "waiting before another message"))
		}
	}
	return e.engine.Send(ctx)
}

// pause returns how long Okta still wants no other message to be sent.
func (e *challengeLoop[T]) pause() time.Duration {
	between := 30 * time.Second
	if e.ch.Kind == mfa.Email {
		between = 5 * time.Second
	}
	if e.p.SentAt.IsZero() {
		return 0
	}
	return min(max(0, time.Until(e.p.SentAt.Add(between))), between) // SentAt may be of another clock
}

// PromptMarker is what is noted before a message is asked for, so that it can be told from
// those that were there before.
type PromptMarker struct {
	At   time.Time
	Mark string // of an mfa.Preparer; "" if there is none for such a message
}

// Prepare lets the Answerer look before a message of f is asked for. If it cannot, no
// message is sent that nobody would read.
func (w *Flow) Prepare(ctx context.Context, f Factor) (PromptMarker, error) {
	n := PromptMarker{At: time.Now()}
	ch := f.Challenge()
	if !w.fetchesCode(ch) {
		return n, nil
	}
	mark, err := w.Client.Answerer.(mfa.Preparer).Prepare(ctx, ch)
	switch {
	case ctx.Err() != nil:
		return n, autherr.AtStep(autherr.StepMFA, WaitEnded(ctx, "preparing for a code"))
	case err != nil && !errors.Is(err, mfa.ErrNotMine):
		return n, autherr.AtStep(autherr.StepMFA, fmt.Errorf("okta: preparing for a code: %w", err))
	}
	return PromptMarker{At: time.Now(), Mark: mark}, nil
}

// MessageNotSent takes back that a message was asked for, if err says that its transaction is
// over, which an earlier sign-in has begun: nobody was bothered, and no password was
// posted yet, so that this sign-in may start over; see StaleState.
func (w *Flow) MessageNotSent(err error) {
	if w.Passwords == 0 && died(err) {
		w.Messages--
	}
}
