package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

const (
	// PollPace is the pace of Okta's own sign-in page. Faster polls use up the
	// user's rate limit before a slow person has found the telephone.
	PollPace = 4 * time.Second

	// MaxLostPolls is how many polls in a row may get no answer.
	MaxLostPolls = 5
)

var errNobody = errors.New("nobody answered in time")

// PollOutcome is what came back from Okta since a push was sent.
type PollOutcome struct {
	answered bool // a poll was, be it by "too many"
	lost     bool // a request was not
}

// Note takes note of the outcome of a request. The answer to the push itself, which is
// no poll, says nothing of what came after it.
func (h *PollOutcome) Note(poll bool, err error) {
	var e *Error
	switch {
	case err != nil && WaitOf(err) == 0 && !(errors.As(err, &e) && e.Code == "E0000070"):
		h.lost = true
	case poll:
		h.answered = true
	}
}

// errUnheard is why a push ended that may well have been answered.
var errUnheard = errors.New("no poll got an answer")

// PushEnded tells the caller's end from our own, and a person who does not answer from
// a server that does not.
func (w *Flow) PushEnded(outer context.Context, h PollOutcome) error {
	if outer.Err() != nil {
		return autherr.AtStep(autherr.StepMFA, WaitEnded(outer, "waiting for the push to be answered"))
	}
	if h.lost && !h.answered {
		return autherr.AtStep(autherr.StepMFA, &autherr.Error{Kind: autherr.ErrUnreachable, Cause: errUnheard,
			Text: fmt.Sprintf("okta: nobody knows whether the push was answered within %v", w.MFATimeout()),
			Hint: "check the way to Okta, then sign in again; there may be a second push"})
	}
	return autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrMFARejected,
		fmt.Sprintf("okta: the push was not answered within %v", w.MFATimeout()),
		"sign in again when somebody can answer; MFATimeout says how long to wait"))
}

// WaitOf returns how long a rate limit lasts, 0 if err is none.
func WaitOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) && errors.Is(e, autherr.ErrRateLimited) {
		return e.Wait
	}
	return 0
}

// Passing reports whether a poll may be answered next time: the network or a
// gateway failed, or Okta waits itself.
func Passing(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Code == "E0000070" || e.Status >= 500
	}
	return errors.Is(err, autherr.ErrUnreachable)
}

// WaitForPerson bounds a wait for a person by MFATimeout, during which the sign-in's
// own clock stands still.
func (w *Flow) WaitForPerson(ctx context.Context) (context.Context, func()) {
	resume := deadline.Pause(ctx)
	ctx, cancel := context.WithTimeoutCause(ctx, w.MFATimeout(), errNobody)
	return ctx, func() { cancel(); resume() }
}

// MFATimeout is how long a person is waited for.
func (w *Flow) MFATimeout() time.Duration {
	if w.Client.MFATimeout > 0 {
		return w.Client.MFATimeout
	}
	return DefaultMFATimeout
}

// SafeMode is what is waited for while Okta lets nobody sign in.
const SafeMode = "Okta to leave safe mode"

// DefaultMFATimeout is how long a push or a person's code is waited for.
const DefaultMFATimeout = 5 * time.Minute
