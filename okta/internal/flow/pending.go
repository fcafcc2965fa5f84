package flow

import (
	"context"
	"errors"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// wrongClock is how far in the future a time is that another host's clock, or this
// one's, cannot have written rightly.
const wrongClock = 5 * time.Minute

// Pending is a transaction that waits for a code, with all that is needed to go on
// in another process. It lives until Okta gives up on it or a code ends it.
type Pending struct {
	Engine string `json:"engine,omitempty"` // "" is Classic
	Origin string `json:"origin,omitempty"` // scheme://host where it was begun; Identity Engine
	Cancel Link   `json:"cancel,omitzero"`  // gives it up; Identity Engine

	StateToken string    `json:"stateToken"`
	Expires    time.Time `json:"expires"` // by this computer's clock, see EndOf
	Factor     Factor    `json:"factor"`
	Verify     Link      `json:"verify"`           // where the code goes
	Resend     []Link    `json:"resend,omitempty"` // where another message is asked for
	Remember   bool      `json:"remember"`         // the policy allows to remember the device
	StepUp     bool      `json:"stepUp,omitempty"` // begun by an app's own rule

	Sent    bool      `json:"sent"`             // a message is on its way
	SentAt  time.Time `json:"sentAt,omitzero"`  // the last one
	Asked   time.Time `json:"asked,omitzero"`   // just before it was asked for
	Mark    string    `json:"mark,omitempty"`   // what an mfa.Preparer noted before that
	Refused bool      `json:"refused,omitzero"` // a code was refused since, or Lost: a new message is due
	Lost    bool      `json:"lost,omitzero"`    // a code was posted since, and the answer did not come

	Password bool `json:"password,omitempty"` // it was begun with the password, which was accepted

	Link   bool      `json:"link,omitzero"`   // the mail has a link beside its code; Identity Engine
	Polled time.Time `json:"polled,omitzero"` // when it was last asked whether the link was opened
}

// Alive reports whether the transaction can still be finished.
func (p *Pending) Alive(now time.Time) bool { return p.Expires.After(now) }

// PresentAt makes what was noted by a clock that was ahead count as noted now: a
// transaction does not live until that time comes, and no message is waited for till then.
func (p *Pending) PresentAt(now time.Time) {
	if p == nil || !p.SentAt.After(now.Add(wrongClock)) && !p.Asked.After(now.Add(wrongClock)) &&
		p.Expires.Sub(now) <= MaxLife {
		return
	}
	for _, t := range []*time.Time{&p.SentAt, &p.Asked, &p.Polled} {
		if t.After(now) {
			*t = now
		}
	}
	if latest := now.Add(assumedLife); p.Expires.After(latest) {
		p.Expires = latest
	}
}

// Keep remembers p, so that a crash or an end without a code does not lose it.
func (w *Flow) Keep(ctx context.Context, p *Pending) error {
	q := *p
	q.Password = q.Password || w.Passwords > 0
	w.Client.Note(func(m *Memory) { m.Pending = &q })
	return w.Client.Store(ctx)
}

// Finish decides, when a transaction has ended in err, what becomes of it: kept
// for the code that is still to come, told to Okta as given up, or just forgotten
// because Okta has ended it.
func (w *Flow) Finish(ctx context.Context, err error, cancel func(context.Context)) {
	var e *Error
	switch {
	case w.keeps(ctx, err):
	case ctx.Err() != nil, errors.Is(err, errUnheard):
		w.Cancel(ctx, cancel)
	case errors.Is(err, autherr.ErrPassCodeNeeded), errors.Is(err, autherr.ErrRateLimited):
	case errors.Is(err, autherr.ErrUnreachable) && (!errors.As(err, &e) || e.Status >= 500):
		// Something on the way failed. A message that was sent is still good.
	case errors.As(err, &e) && e.kind != autherr.ErrMFARejected, errors.Is(err, autherr.ErrBadAnswer):
		w.Client.Note(func(m *Memory) { m.Pending = nil })
	default:
		w.Cancel(ctx, cancel)
	}
}

// Cancel cancels a transaction, so that no push or code can complete it. That has
// five seconds of its own even when ctx has ended; what comes of it does not matter.
func (w *Flow) Cancel(ctx context.Context, cancel func(context.Context)) {
	w.Client.Note(func(m *Memory) { m.Pending = nil })
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	cancel(ctx)
}

// codeLeft is how long a code can still be handed in: while the transaction lives, and
// where a message was sent, while its code does.
func (p *Pending) codeLeft(end time.Time) time.Duration {
	left := time.Until(end)
	if p.Sent && !p.SentAt.IsZero() {
		left = min(left, time.Until(p.SentAt.Add(codeLife)))
	}
	return left
}

// needCode is the end of a sign-in for want of a code.
func needCode(ch mfa.Challenge, p *Pending, wait time.Duration, cause error) *autherr.Error {
	e := &autherr.Error{Kind: autherr.ErrPassCodeNeeded, Wait: wait, Cause: cause}
	switch {
	case wait > 0 && p.Lost:
		e.Text = "okta: what became of the last code is not known, and another message cannot be sent yet: " + ch.String()
		e.Hint = "sign in again after the wait to have one sent; a code is not posted twice"
	case wait > 0:
		e.Text = "okta: the code was refused and another message cannot be sent yet: " + ch.String()
		e.Hint = "sign in again after the wait to have one sent, or with the code of the last message (MFAPassCode)"
	case cause != nil:
		e.Text = "okta: the code was refused, a new one was sent: " + ch.String()
	case p.Sent:
		e.Text = "okta: a code was sent: " + ch.String()
	default:
		e.Text = "okta: a code is needed: " + ch.String()
	}
	if e.Hint == "" {
		e.Hint = "sign in again with the code (MFAPassCode); the same sign-in goes on"
		if p.Link {
			e.Hint = "sign in again with the code (MFAPassCode), or after opening the mail's link; the same sign-in goes on"
		}
		if p.Sent {
			e.Hint += " and no second message is sent"
		}
		if left := p.codeLeft(ch.Expires); left > 0 {
			e.Hint += autherr.TimeLeft + inWords(left)
		}
	}
	return e
}
