package okta

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

const (
	kindPush = mfa.Push

	// pollPace is the pace of Okta's own sign-in page. Faster polls use up the
	// user's rate limit before a slow person has found the telephone.
	pollPace = 4 * time.Second

	// maxLostPolls is how many polls in a row may get no answer.
	maxLostPolls = 5
)

var errNobody = errors.New("nobody answered in time")

// push sends a push and waits until it is approved, refused or not answered in
// MFATimeout. The Watcher is told when it is sent, with every poll, and when it is
// over. Polls that fail on the way or are too many are repeated; the push is not.
func (w *flow) push(ctx context.Context, t *transaction, f factor) (*transaction, error) {
	verify, _ := f.verify()
	u, err := w.checkLink(autherr.StepMFA, verify)
	if err != nil {
		return nil, err
	}
	token, ch := t.StateToken, f.challenge()
	ch.Attempt = 1
	remember := w.remember(t)
	w.messages++

	watch, isWatcher := w.c.Answerer.(mfa.Watcher)
	told := false
	defer func() {
		if told {
			watch.Watch(ch, true)
		}
	}()
	outer := ctx
	ctx, done := w.patienceFor(ctx)
	defer done()

	poll := false
	var heard pollOutcome
	for lost := 0; ; {
		t, err := w.post(ctx, step{name: autherr.StepMFA, url: u, remember: remember, poll: poll,
			body: map[string]any{"stateToken": token}, secrets: []string{token}})
		heard.note(poll, err)
		wait := pollPace
		switch {
		case err == nil:
			lost = 0
		case ctx.Err() != nil:
			return nil, w.pushEnded(outer, heard)
		case poll && waitOf(err) > 0:
			wait = waitOf(err) // too many polls: slow down, the push goes on
		case poll && passing(err) && lost < maxLostPolls:
			lost++
		default:
			return nil, err
		}
		if err == nil {
			if !isChallenge(t.Status) {
				return t, w.approved(ctx, remember)
			}
			if t.FactorResult != "" && t.FactorResult != "WAITING" && t.FactorResult != "CHALLENGE" {
				return nil, pushRefused(t, ch)
			}
			if n, ok := number(t); ok {
				ch.Number = &n // also when it changes
			}
			ch.Expires = t.ExpiresAt
			remember = remember || w.remember(t)
			if next, ok := t.link("next"); ok && next.Name == "poll" {
				if u, err = w.checkLink(autherr.StepMFA, next); err != nil {
					return nil, err
				}
			}
		}
		poll = true
		if isWatcher {
			told = true
			watch.Watch(ch, false)
		}
		if sleep(ctx, wait) != nil {
			return nil, w.pushEnded(outer, heard)
		}
	}
}

// remember reports whether rememberDevice goes with the calls of transaction t, and
// sees to it that there is a device to remember.
func (w *flow) remember(t *transaction) bool {
	if !w.c.RememberDevice || !t.AllowRemember {
		return false
	}
	w.ensureDevice()
	return true
}

// approved has a device stored that may have become a remembered one just now.
func (w *flow) approved(ctx context.Context, remember bool) error {
	if !remember {
		return nil
	}
	return w.c.checkpoint(ctx)
}

// pollOutcome is what came back from Okta since a push was sent.
type pollOutcome struct {
	answered bool // a poll was, be it by "too many"
	lost     bool // a request was not
}

// note takes note of the outcome of a request. The answer to the push itself, which is
// no poll, says nothing of what came after it.
func (h *pollOutcome) note(poll bool, err error) {
	var e *Error
	switch {
	case err != nil && waitOf(err) == 0 && !(errors.As(err, &e) && e.Code == "E0000070"):
		h.lost = true
	case poll:
		h.answered = true
	}
}

// errUnheard is why a push ended that may well have been answered.
var errUnheard = errors.New("no poll got an answer")

// pushEnded tells the caller's end from our own, and a person who does not answer from
// a server that does not.
func (w *flow) pushEnded(outer context.Context, h pollOutcome) error {
	if outer.Err() != nil {
		return autherr.AtStep(autherr.StepMFA, ended(outer, "waiting for the push to be answered"))
	}
	if h.lost && !h.answered {
		return autherr.AtStep(autherr.StepMFA, &autherr.Error{Kind: autherr.ErrUnreachable, Cause: errUnheard,
			Text: fmt.Sprintf("okta: nobody knows whether the push was answered within %v", w.mfaTimeout()),
			Hint: "check the way to Okta, then sign in again; there may be a second push"})
	}
	return autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrMFARejected,
		fmt.Sprintf("okta: the push was not answered within %v", w.mfaTimeout()),
		"sign in again when somebody can answer; MFATimeout says how long to wait"))
}

func pushRefused(t *transaction, ch mfa.Challenge) error {
	e := autherr.New(autherr.ErrMFARejected, "", "")
	switch t.FactorResult {
	case "REJECTED":
		e.Text, e.Hint = "okta: the push was refused on the device", "if nobody pressed No, somebody else may have the password"
	case "TIMEOUT":
		e.Text, e.Hint = "okta: the push was not answered in time", "sign in again when somebody can answer"
	default:
		e.Text = "okta: the push failed (" + t.FactorResult + ")"
	}
	if t.FactorResultMessage == "OKTA_VERIFY_UPGRADE_REQUIRED" {
		e.Text, e.Hint = "okta: the Okta Verify app is too old for the number challenge", "update Okta Verify on "+ch.Device
	}
	return autherr.AtStep(autherr.StepMFA, e)
}

// number returns the number to choose on the telephone. Its presence counts: 0 is
// one of the numbers.
func number(t *transaction) (int, bool) {
	if len(t.Factors) == 0 {
		return 0, false
	}
	n := t.Factors[0].Embedded.Challenge.CorrectAnswer
	if n == nil {
		return 0, false
	}
	i, err := strconv.Atoi(n.String())
	return i, err == nil
}

// waitOf returns how long a rate limit lasts, 0 if err is none.
func waitOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) && errors.Is(e, autherr.ErrRateLimited) {
		return e.Wait
	}
	return 0
}

// passing reports whether a poll may be answered next time: the network or a
// gateway failed, or Okta waits itself.
func passing(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Code == "E0000070" || e.Status >= 500
	}
	return errors.Is(err, autherr.ErrUnreachable)
}
