package sso

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// A process may die, or a connection break, after a secret was sent and before its
// verdict was known. The verdict may have been a refusal, and servers count those.
// So the intention is stored before the secret leaves: a mark, which the verdict
// removes. A mark that is found later stands for a try whose outcome nobody knows,
// and each lengthens the pause before the same secret may be sent again.
type attempt struct {
	MAC []byte      `json:"mac"` // of the secret, as in refusal
	At  []time.Time `json:"at"`  // the sends without a verdict, oldest first
}

// unknownPauses says how long the same secret is kept back after its first, second
// and further sends without a verdict. One lost answer is not worth a pause: a
// network hiccup is the usual reason. More are, since each may have been a refusal,
// and directories begin to lock accounts at five; but the secret may as well be right
// and the server be well again, so no pause is longer than an hour. Before each send
// after the first the server must have answered something harmless: see guard.
var unknownPauses = []time.Duration{0, 10 * time.Minute, time.Hour}

// pause returns how long a secret is still to be kept back.
func (a attempt) pause(now time.Time) time.Duration {
	n := len(a.At)
	if n == 0 {
		return 0
	}
	pause := unknownPauses[min(n, len(unknownPauses))-1]
	return min(pause, max(0, a.At[n-1].Add(pause).Sub(now)))
}

// heldBackError is the end of a sign-in that has sent no secret since its last verdict.
type heldBackError struct{ error }

func (e *heldBackError) Unwrap() error { return e.error }

// before returns the sends of the secret of mac that have no verdict.
func (r *refusals) before(property string, mac []byte) attempt {
	if a := r.Sent[property]; hmac.Equal(a.MAC, mac) {
		return a
	}
	for _, a := range r.SentBefore[property] {
		if hmac.Equal(a.MAC, mac) {
			return a
		}
	}
	return attempt{MAC: mac}
}

// heldBack returns an error if a secret was sent too often without an answer.
func (a attempt) heldBack(property string, now time.Time) error {
	wait := a.pause(now)
	if wait <= 0 {
		return nil
	}
	return &heldBackError{&autherr.Error{Kind: ErrRateLimited, Wait: wait,
		Text: fmt.Sprintf("sso: this %s was sent %d times, last on %s, and no verdict came back: it may have been refused, and is kept back for now",
			property, len(a.At), a.At[len(a.At)-1].UTC().Format(time.RFC3339)),
		Hint: "wait; or, if you know that it is right, try it at once with: ssoexchange login --retry-refused"}}
}

// sending marks a secret that is about to be sent, as it was sent in a before.
func (r *refusals) sending(property string, a attempt, now time.Time) {
	a.At = append(slices.Clone(a.At[max(0, len(a.At)-len(unknownPauses)):]), now)
	r.mark(property, a)
}

// mark notes a beside what is noted of other secrets of the same property: of two
// passwords that take turns neither loses its pause.
func (r *refusals) mark(property string, a attempt) {
	r.settle(property, a.MAC)
	if other, ok := r.Sent[property]; ok {
		if r.SentBefore == nil {
			r.SentBefore = make(map[string][]attempt)
		}
		others := append(r.SentBefore[property], other)
		r.SentBefore[property] = others[max(0, len(others)-maxRefusedBefore):]
	}
	if r.Sent == nil {
		r.Sent = make(map[string]attempt)
	}
	r.Sent[property] = a
}

// settle removes the mark of a secret that was sent. It reports whether there was one.
func (r *refusals) settle(property string, mac []byte) bool {
	if a, ok := r.Sent[property]; ok && hmac.Equal(a.MAC, mac) {
		delete(r.Sent, property)
		return true
	}
	others := r.SentBefore[property]
	left := slices.DeleteFunc(slices.Clone(others), func(a attempt) bool { return hmac.Equal(a.MAC, mac) })
	if len(left) == len(others) {
		return false
	}
	if r.SentBefore[property] = left; len(left) == 0 {
		delete(r.SentBefore, property)
	}
	return true
}

// noVerdictOnSecrets reports whether err leaves open what the server thought of the
// secrets that were sent: the request was written, and no answer came that can be
// understood. Failures of other steps do not: later ones are reached with a right
// password, and a provider that asks the SP for its start meanwhile waits for the
// verdict on a password that is on its way.
func noVerdictOnSecrets(err error) bool {
	switch Step(err) {
	case autherr.StepStart, autherr.StepMFA, autherr.StepAssertion, autherr.StepExchange, autherr.StepVerify:
		return false
	}
	var lost *httpclient.Error
	if errors.As(err, &lost) {
		return lost.Sent || lost.Kind == ErrBadAnswer
	}
	return errors.Is(err, ErrBadAnswer) || Code(err) == "internal"
}
