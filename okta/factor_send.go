package okta

import (
	"context"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// send has Okta send a message: the first one, or another one in its place. The
// transaction is remembered before anybody is asked, so that a crash does not cost
// a second message. A state other than the challenge is returned, nil otherwise.
func (e *exam) send(ctx context.Context) (*transaction, error) {
	to := e.p.Verify
	if e.p.Sent {
		if l, ok := e.resendLink(); ok {
			to = l
		}
	}
	u, err := e.w.obey(autherr.StepMFA, to)
	if err != nil {
		return nil, err
	}
	e.w.messages++
	t, err := e.w.post(ctx, step{name: autherr.StepMFA, url: u, remember: e.remembers(),
		body: map[string]any{"stateToken": e.p.StateToken}, secrets: []string{e.p.StateToken}})
	if err != nil {
		return nil, err
	}
	e.p.Sent, e.p.SentAt, e.p.Refused = true, time.Now(), false
	e.p.follow(t)
	if err := e.w.keep(ctx, e.p); err != nil {
		return nil, err
	}
	if !isChallenge(t.Status) {
		return t, nil
	}
	return nil, nil
}

// resend sends another message because a person asked for it, after the pause that
// Okta wants between two.
func (e *exam) resend(ctx context.Context) (*transaction, error) {
	if e.resends++; e.resends > maxResends {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrPassCodeNeeded,
			"okta: too many messages were asked for", "sign in again with the code of the last one"))
	}
	if wait := e.pause(); wait > 0 {
		inner, done := e.w.patienceFor(ctx)
		defer done()
		if sleep(inner, wait) != nil && ctx.Err() != nil {
			return nil, autherr.AtStep(autherr.StepMFA, ended(ctx, "waiting before another message"))
		}
	}
	return e.send(ctx)
}

// pause returns how long Okta still wants no other message to be sent.
func (e *exam) pause() time.Duration {
	between := 30 * time.Second
	if e.ch.Kind == mfa.Email {
		between = 5 * time.Second
	}
	if e.p.SentAt.IsZero() {
		return 0
	}
	return max(0, time.Until(e.p.SentAt.Add(between)))
}

// resendLink returns the link that sends another message of this factor's kind.
func (e *exam) resendLink() (link, bool) {
	for _, l := range e.p.Resend {
		if strings.EqualFold(l.Name, e.p.Factor.Type) {
			return l, true
		}
	}
	if len(e.p.Resend) > 0 {
		return e.p.Resend[0], true
	}
	return link{}, false
}
