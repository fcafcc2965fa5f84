package classic

import (
	"context"
	"strconv"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// push sends a push and waits until it is approved, refused or not answered in
// MFATimeout. The Watcher is told when it is sent, with every poll, and when it is
// over. Polls that fail on the way or are too many are repeated; the push is not.
func (w *SignIn) push(ctx context.Context, t *transaction, f flow.Factor) (*transaction, error) {
	verify, _ := f.Verify()
	u, err := w.CheckLink(autherr.StepMFA, verify)
	if err != nil {
		return nil, err
	}
	token, ch := t.StateToken, f.Challenge()
	ch.Attempt = 1
	remember := w.remember(t)
	w.Messages++

	watch, isWatcher := w.Client.Answerer.(mfa.Watcher)
	told := false
	defer func() {
		if told {
			watch.Watch(ch, true)
		}
	}()
	outer := ctx
	ctx, done := w.WaitForPerson(ctx)
	defer done()

	poll := false
	var heard flow.PollOutcome
	for lost := 0; ; {
		t, err := w.post(ctx, step{name: autherr.StepMFA, url: u, remember: remember, poll: poll,
			body: map[string]any{"stateToken": token}, secrets: []string{token}})
		heard.Note(poll, err)
		wait := flow.PollPace
		switch {
		case err == nil:
			lost = 0
		case ctx.Err() != nil:
			return nil, w.PushEnded(outer, heard)
		case poll && flow.WaitOf(err) > 0:
			wait = flow.WaitOf(err) // too many polls: slow down, the push goes on
		case poll && flow.Passing(err) && lost < flow.MaxLostPolls:
			lost++
		default:
			return nil, err
		}
		if err == nil {
			if !isChallenge(t.Status) {
				return t, w.Approved(ctx, remember)
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
				if u, err = w.CheckLink(autherr.StepMFA, next); err != nil {
					return nil, err
				}
			}
		}
		poll = true
		if isWatcher {
			told = true
			watch.Watch(ch, false)
		}
		if flow.Sleep(ctx, wait) != nil {
			return nil, w.PushEnded(outer, heard)
		}
	}
}

// remember reports whether rememberDevice goes with the calls of transaction t, and
// sees to it that there is a device to remember.
func (w *SignIn) remember(t *transaction) bool {
	if !w.Client.RememberDevice || !t.AllowRemember {
		return false
	}
	w.EnsureDevice()
	return true
}

func pushRefused(t *transaction, ch mfa.Challenge) error {
	e := autherr.New(autherr.ErrMFARejected, "", "")
	switch t.FactorResult {
	case "REJECTED":
		e.Text, e.Hint = "okta: the push was refused on the device",
			"if nobody pressed No, somebody else may have the password"
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
