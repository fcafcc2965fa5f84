package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// interrupted is the end of a challengeLoop because the caller has left while the answer was
// waited for. The code that was sent is as good as before, so the transaction is kept
// for it: cancelling it would cost the password and a message once more. Unlike a
// push, it cannot be completed by somebody else's tap.
func (e *challengeLoop[T]) interrupted(ctx context.Context) error {
	storing, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if err := e.w.Keep(storing, e.p); err != nil {
		return err
	}
	var why error = needCode(e.ch, e.p, 0, nil)
	if e.p.Refused {
		why = autherr.AtStep(autherr.StepMFA, &autherr.Error{Kind: autherr.ErrPassCodeNeeded,
			Text: "okta: another code is needed: " + e.ch.String(),
			Hint: "sign in again to have another one sent; the same sign-in goes on"})
	}
	return fmt.Errorf("%w: %w", why, context.Cause(ctx))
}

// waits reports whether a message is on its way for a transaction that is kept.
func (w *Flow) waits() (sent bool) {
	w.Client.Note(func(m *Memory) { sent = m.Pending != nil && m.Pending.Sent })
	return sent
}

// keeps reports whether a transaction that has ended in err waits on for a code,
// because the caller has left: at the prompt, or with a message on its way.
func (w *Flow) keeps(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, autherr.ErrPassCodeNeeded) || w.waits())
}
