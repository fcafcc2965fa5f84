package sso

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
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
// network hiccup is the usual reason. But four in a day are the most that may
// happen, since directories begin to lock accounts at five refusals.
var unknownPauses = []time.Duration{0, 10 * time.Minute, time.Hour, 24 * time.Hour}

// pause returns how long a secret is still to be kept back.
func (a attempt) pause(now time.Time) time.Duration {
	n := len(a.At)
	if n == 0 {
		return 0
	}
	pause := unknownPauses[min(n, len(unknownPauses))-1]
	return max(0, a.At[n-1].Add(pause).Sub(now))
}

// sending marks a secret that is about to be sent, or returns an error if it was
// sent too often without an answer.
func (r *record) sending(property string, mac []byte, now time.Time) error {
	a := r.Sent[property]
	if !hmac.Equal(a.MAC, mac) {
		a = attempt{MAC: mac}
	}
	if wait := a.pause(now); wait > 0 {
		return &autherr.Error{Kind: ErrRateLimited, Wait: wait,
			Text: fmt.Sprintf("sso: this %s was sent %d times, last on %s, and no verdict came back: it may have been refused, and is kept back for now",
				property, len(a.At), a.At[len(a.At)-1].UTC().Format(time.RFC3339)),
			Hint: "wait; or, if you know that it is right, try it at once with: ssoexchange login --retry-refused"}
	}
	a.At = append(a.At[max(0, len(a.At)-len(unknownPauses)):], now)
	if r.Sent == nil {
		r.Sent = make(map[string]attempt)
	}
	r.Sent[property] = a
	return nil
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
	var lost *hop.Error
	if errors.As(err, &lost) {
		return lost.Sent || lost.Kind == ErrBadAnswer
	}
	return errors.Is(err, ErrBadAnswer) || Code(err) == "internal"
}
