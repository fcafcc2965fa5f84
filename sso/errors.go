package sso

import (
	"context"
	"errors"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// The sentinels: one per decision that a caller can take. Test for them with
// errors.Is; the typed errors of okta, crowd and saml match them, too.
var (
	// ErrConfig: the connection string, a file it names or an option is wrong, or
	// asks for what this client or the server's setup cannot do. Nothing helps but
	// a change.
	ErrConfig = autherr.ErrConfig

	// ErrCredentials: a secret of ours was refused, or the account is locked. It is
	// remembered, and the same secret is not sent again; see [Client.ClearRefusal].
	ErrCredentials = autherr.ErrCredentials

	// ErrPassCodeNeeded: a challenge is open and nobody could be asked. Hand the code
	// in with [Client.PassCode] or MFAPassCode and call again: the same transaction
	// goes on and no second message is sent.
	ErrPassCodeNeeded = autherr.ErrPassCodeNeeded

	// ErrMFARejected: a push was refused or not answered in time, or a code was
	// refused that cannot be sent anew.
	ErrMFARejected = autherr.ErrMFARejected

	// ErrExchangeRefused: signed in at the identity provider, but not let through to
	// the service provider.
	ErrExchangeRefused = autherr.ErrExchangeRefused

	// ErrUnreachable: network, TLS, a server in trouble, or a transaction that
	// expired. See [SafeToRetry].
	ErrUnreachable = autherr.ErrUnreachable

	// ErrRateLimited: wait; [RetryAfter] says how long.
	ErrRateLimited = autherr.ErrRateLimited

	// ErrUnsupported: the policy needs something that no headless client can do.
	ErrUnsupported = autherr.ErrUnsupported

	// ErrBadAnswer: a server's answer cannot be understood or must not be obeyed.
	ErrBadAnswer = autherr.ErrBadAnswer

	// ErrNoSession: there is no stored session, or it no longer works, and the call
	// was one that never signs in.
	ErrNoSession = errors.New("no live session")
)

// StepError says in which step a sign-in failed: "config", "state", "start",
// "login", "mfa", "assertion", "exchange", "verify" or "logout".
type StepError = autherr.StepError

// Step returns the step named by err, "" if it names none.
func Step(err error) string {
	var s *StepError
	if errors.As(err, &s) {
		return s.Step
	}
	return ""
}

// codes maps each sentinel to the name that machine-readable errors use.
var codes = []struct {
	kind error
	name string
}{
	{ErrConfig, "config"},
	{ErrCredentials, "credentials"},
	{ErrPassCodeNeeded, "passcode_needed"},
	{ErrMFARejected, "mfa_rejected"},
	{ErrExchangeRefused, "exchange_refused"},
	{ErrRateLimited, "rate_limited"},
	{ErrUnreachable, "unreachable"},
	{ErrUnsupported, "unsupported"},
	{ErrBadAnswer, "bad_answer"},
	{ErrNoSession, "no_session"},
}

// Code returns the short name of err's kind, such as "credentials" or
// "rate_limited"; "internal" for an error that matches no sentinel and "" for nil.
func Code(err error) string {
	if err == nil {
		return ""
	}
	for _, c := range codes {
		if errors.Is(err, c.kind) {
			return c.name
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "unreachable"
	}
	return "internal"
}

func kindOf(code string) error {
	for _, c := range codes {
		if c.name == code {
			return c.kind
		}
	}
	return nil
}

// Hint returns what to do about err, in words for a person; "" if nothing is known.
func Hint(err error) string {
	for e := range chain(err) {
		if h, ok := e.(interface{ HintText() string }); ok && h.HintText() != "" {
			return h.HintText()
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "raise Timeout (seconds, for the network steps) or MFATimeout (for the person)"
	}
	return ""
}

// RetryAfter returns how long to wait before trying again, by the server's own word
// where it gave one. It reports false if err says nothing about time.
func RetryAfter(err error) (time.Duration, bool) {
	for e := range chain(err) {
		if r, ok := e.(interface{ RetryAfter() time.Duration }); ok && r.RetryAfter() > 0 {
			return r.RetryAfter(), true
		}
	}
	return 0, false
}

// SafeToRetry reports whether the call may be repeated at once without the risk that
// a secret, a code or an assertion reaches a server twice: the failure happened
// before any was sent.
func SafeToRetry(err error) bool {
	for e := range chain(err) {
		if s, ok := e.(interface{ SafeToRetry() bool }); ok {
			return s.SafeToRetry()
		}
	}
	return false
}

// chain yields err and all that it wraps, depth first, as errors.As walks.
func chain(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) { walk(err, yield) }
}

func walk(err error, yield func(error) bool) bool {
	for err != nil {
		if !yield(err) {
			return false
		}
		switch x := err.(type) {
		case interface{ Unwrap() error }:
			err = x.Unwrap()
		case interface{ Unwrap() []error }:
			for _, e := range x.Unwrap() {
				if !walk(e, yield) {
					return false
				}
			}
			return true
		default:
			return true
		}
	}
	return true
}
