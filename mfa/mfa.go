// Package mfa answers challenges. It never touches the network: the identity
// provider's package knows how a factor is asked for and how the answer travels,
// an [Answerer] knows where the answer comes from (a given code, a TOTP seed, a
// command, a person).
package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is the kind of factor behind a challenge.
type Kind string

// The kinds of factors, whatever the provider's own name for them is.
const (
	Push     Kind = "push"     // approve on a telephone; nothing is typed
	TOTP     Kind = "totp"     // RFC 6238 code of an authenticator app
	SMS      Kind = "sms"      // code sent as a text message
	Call     Kind = "call"     // code spoken in a telephone call
	Email    Kind = "email"    // code sent by mail
	Question Kind = "question" // security question
	Token    Kind = "token"    // RSA, Symantec, on-premises token: a code is read off it
	Hardware Kind = "hardware" // YubiKey in OTP mode
	Passkey  Kind = "passkey"  // a WebAuthn key of the client's own signs; nobody is asked
)

// Sent reports whether a code of this kind reaches the user in a message that the
// provider sends for this challenge, and could send again.
func (k Kind) Sent() bool { return k == SMS || k == Call || k == Email }

// Challenge is what the identity provider wants to know.
type Challenge struct {
	Kind     Kind
	Provider string    // the provider's name of who issues the factor: "OKTA", "GOOGLE", "RSA"; may be empty
	Factor   string    // a label for people: "Okta Verify push", "SMS"
	Device   string    // masked telephone number, mail address or device name; may be empty
	Question string    // the text of a security question
	Number   *int      // push: the number to choose on the telephone; nil while there is none. 0 is a number
	Refused  string    // why the previous answer was refused, "" for the first
	Attempt  int       // 1 for the first answer to this challenge
	Expires  time.Time // when the provider gives up; zero if not said
	Sent     time.Time // when the message was asked for, by this machine's clock; zero: not known
	Mark     string    // what a [Preparer] noted before that, in whichever process; "": nothing
}

// An Answerer answers challenges with a code, or with the answer to the question.
//
// It returns [ErrNotMine] when it has nothing to say to this challenge, so that
// another one can be asked, and [ErrResend] to have the message sent again. Every
// other error ends the sign-in. It is not called for [Push], see [Watcher], and not for [Passkey].
type Answerer interface {
	Answer(ctx context.Context, c Challenge) (string, error)
}

// A Watcher is an Answerer that wants to know how a push is getting on. Watch is
// called when the push has been sent, whenever the number to choose appears or
// changes, at each poll, and with done once it is over.
type Watcher interface {
	Watch(c Challenge, done bool)
}

// Ready is an Answerer that knows beforehand whether it has an answer at hand: one
// that needs no person, no command and no further message. Providers prefer a
// factor that can be answered so, and send no message for a code that is there.
type Ready interface {
	Ready(c Challenge) bool
}

// A Preparer is an Answerer that fetches a code that is sent, from a mailbox say. What
// was there before must not be taken for the code, and the clocks of three machines do
// not agree on when that was. So providers let it look before they have a message
// sent, the first one or another, and prefer a factor whose code it would fetch.
type Preparer interface {
	// Awaits reports whether it would fetch the code of such a challenge, once its
	// message was sent.
	Awaits(c Challenge) bool

	// Prepare is called before the message is asked for. It returns a mark that goes
	// with the challenge as its Mark, also if another process answers that. An error
	// ends the sign-in, so that no message is sent whose code cannot be fetched. What it
	// keeps open it closes when ctx ends.
	Prepare(ctx context.Context, c Challenge) (mark string, err error)
}

// ErrNotMine says that an Answerer has no answer to this challenge.
var ErrNotMine = errors.New("mfa: no answer to this challenge")

// ErrResend asks for the message to be sent again.
var ErrResend = errors.New("mfa: send the code again")

// Func is an Answerer that is one function.
type Func func(ctx context.Context, c Challenge) (string, error)

// Answer calls f.
func (f Func) Answer(ctx context.Context, c Challenge) (string, error) { return f(ctx, c) }

// String describes the challenge for people: "SMS to +1 XXX-XXX-1234", "security
// question "Where were you born?"".
func (c Challenge) String() string {
	label := c.Factor
	if label == "" {
		label = string(c.Kind)
	}
	switch {
	case c.Kind == Question && c.Question != "":
		return label + ` "` + c.Question + `"`
	case c.Device == "":
		return label
	case c.Kind.Sent():
		return fmt.Sprintf("%s to %s", label, c.Device)
	}
	return fmt.Sprintf("%s (%s)", label, c.Device)
}
