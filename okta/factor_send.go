package okta

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

// resend sends another message because a person asked for it, after the pause that
// Okta wants between two.
func (e *challengeLoop[T]) resend(ctx context.Context) (*T, error) {
	if e.resends++; e.resends > maxResends {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrPassCodeNeeded,
			"okta: too many messages were asked for", "sign in again with the code of the last one"))
	}
	if wait := e.pause(); wait > 0 {
		inner, done := e.w.patienceFor(ctx)
		defer done()
		defer deadline.Waiting(ctx, "the time at which Okta sends another message")()
		if sleep(inner, wait) != nil && ctx.Err() != nil {
			return nil, autherr.AtStep(autherr.StepMFA, ended(ctx, "waiting before another message"))
		}
	}
	return e.desk.send(ctx)
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

// promptMarker is what is noted before a message is asked for, so that it can be told from
// those that were there before.
type promptMarker struct {
	at   time.Time
	mark string // of an mfa.Preparer; "" if there is none for such a message
}

// prepare lets the Answerer look before a message of f is asked for. If it cannot, no
// message is sent that nobody would read.
func (w *flow) prepare(ctx context.Context, f factor) (promptMarker, error) {
	n := promptMarker{at: time.Now()}
	ch := f.challenge()
	if !w.fetchesCode(ch) {
		return n, nil
	}
	mark, err := w.c.Answerer.(mfa.Preparer).Prepare(ctx, ch)
	switch {
	case ctx.Err() != nil:
		return n, autherr.AtStep(autherr.StepMFA, ended(ctx, "preparing for a code"))
	case err != nil && !errors.Is(err, mfa.ErrNotMine):
		return n, autherr.AtStep(autherr.StepMFA, fmt.Errorf("okta: preparing for a code: %w", err))
	}
	return promptMarker{at: time.Now(), mark: mark}, nil
}

// unsent takes back that a message was asked for, if err says that its transaction is
// over, which an earlier sign-in has begun: nobody was bothered, and no password was
// posted yet, so that this sign-in may start over; see outdated.
func (w *flow) unsent(err error) {
	if w.passwords == 0 && died(err) {
		w.messages--
	}
}

// authnDesk is the AuthN API's side of an exam: answers go to links.
type authnDesk struct {
	w *flow
	p *pending
}

// submit posts an answer. It is marked as used before it leaves, so that not even a
// crash makes it leave twice.
func (d *authnDesk) submit(ctx context.Context, answer string) (*transaction, error) {
	u, err := d.w.checkLink(autherr.StepMFA, d.p.Verify)
	if err != nil {
		return nil, err
	}
	if err := d.w.c.checkpoint(ctx); err != nil {
		return nil, err
	}
	field := "passCode"
	if d.p.Factor.kind() == mfa.Question {
		field = "answer"
	}
	return d.w.post(ctx, step{name: autherr.StepMFA, url: u, remember: d.remembers(),
		body:    map[string]any{"stateToken": d.p.StateToken, field: answer},
		secrets: []string{answer, d.p.StateToken}})
}

func (d *authnDesk) remembers() bool { return d.w.remember(&transaction{AllowRemember: d.p.Remember}) }

// refused: the codes that leave room for another answer.
func (d *authnDesk) refused(err error) *Error {
	var oe *Error
	if !errors.As(err, &oe) {
		return nil
	}
	switch oe.Code {
	case "E0000068", "E0000082", "E0000083", "E0000087", "E0000113":
		return oe
	}
	return nil
}

// send has Okta send a message: the first one, or another one in its place. The
// transaction is remembered before anybody is asked, so that a crash does not cost
// a second message. A state other than the challenge is returned, nil otherwise.
func (d *authnDesk) send(ctx context.Context) (*transaction, error) {
	to := d.p.Verify
	if d.p.Sent {
		if l, ok := d.resendLink(); ok {
			to = l
		}
	}
	u, err := d.w.checkLink(autherr.StepMFA, to)
	if err != nil {
		return nil, err
	}
	n, err := d.w.prepare(ctx, d.p.Factor)
	if err != nil {
		return nil, err
	}
	d.w.messages++
	t, err := d.w.post(ctx, step{name: autherr.StepMFA, url: u, remember: d.remembers(),
		body: map[string]any{"stateToken": d.p.StateToken}, secrets: []string{d.p.StateToken}})
	if err != nil {
		d.w.unsent(err)
		return nil, err
	}
	d.p.Asked, d.p.Mark = n.at, n.mark
	d.p.Sent, d.p.SentAt, d.p.Refused, d.p.Lost = true, time.Now(), false, false
	d.p.follow(t)
	if err := d.w.keep(ctx, d.p); err != nil {
		return nil, err
	}
	if !isChallenge(t.Status) {
		return t, nil
	}
	return nil, nil
}

// resendLink returns the link that sends another message of this factor's kind.
func (d *authnDesk) resendLink() (link, bool) {
	for _, l := range d.p.Resend {
		if strings.EqualFold(l.Name, d.p.Factor.Type) {
			return l, true
		}
	}
	if len(d.p.Resend) > 0 {
		return d.p.Resend[0], true
	}
	return link{}, false
}
