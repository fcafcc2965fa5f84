// Package autherr is the vocabulary of failure that every room of the house shares.
//
// The packages below sso cannot import sso, and callers of sso must not have to
// import them to find out what went wrong. So the sentinels live here, the low
// packages return errors that match them with errors.Is, and sso exports the same
// values under the same names. It is the arrangement of internal/oserror, with
// syscall below and os above.
package autherr

import (
	"errors"
	"time"
)

// One sentinel per decision a caller can take; sso documents each and the command
// line turns each into an exit code.
var (
	ErrConfig          = errors.New("configuration error")
	ErrCredentials     = errors.New("credentials refused")
	ErrPassCodeNeeded  = errors.New("a one-time code is needed")
	ErrMFARejected     = errors.New("second factor rejected")
	ErrExchangeRefused = errors.New("signed in, but not let through")
	ErrUnreachable     = errors.New("server unreachable")
	ErrRateLimited     = errors.New("rate limited")
	ErrUnsupported     = errors.New("not possible without a browser")
	ErrBadAnswer       = errors.New("answer not understood")
)

// The steps of a sign-in, as StepError and the machine-readable errors name them.
const (
	StepConfig    = "config"    // reading the connection string, files and flags
	StepState     = "state"     // reading or writing what is remembered
	StepStart     = "start"     // asking the SP or the IdP how to begin
	StepLogin     = "login"     // user name and password
	StepMFA       = "mfa"       // the second factor
	StepAssertion = "assertion" // from the IdP's session to the SAML response
	StepExchange  = "exchange"  // posting the response to the SP
	StepVerify    = "verify"    // asking the SP who is signed in
	StepLogout    = "logout"    // ending sessions
)

// Error is a failure for which no server supplied fields of its own: what kind it
// is, what happened, and what the reader can do next.
type Error struct {
	Kind  error         // one of the sentinels above
	Text  string        // lower case, no full stop, never a secret
	Hint  string        // what to do next; a sentence without a full stop, may be empty
	Wait  time.Duration // how long to wait before trying again; 0: not said
	Cause error         // may be nil; its text is appended
}

// New returns an Error of the given kind.
func New(kind error, text, hint string) *Error {
	return &Error{Kind: kind, Text: text, Hint: hint}
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Text + ": " + e.Cause.Error()
	}
	return e.Text
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { return target == e.Kind }

func (e *Error) Unwrap() error { return e.Cause }

// HintText returns what to do next.
func (e *Error) HintText() string { return e.Hint }

// RetryAfter returns how long to wait, 0 where nobody said.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// StepError says in which step of the sign-in an error occurred.
type StepError struct {
	Step string // one of the Step constants: "login", "mfa", "exchange", …
	Err  error
}

func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

func (e *StepError) Unwrap() error { return e.Err }

// AtStep wraps err in a StepError, unless it is nil or already names a step: the
// room that is nearest to the failure knows best.
func AtStep(step string, err error) error {
	if err == nil {
		return nil
	}
	var s *StepError
	if errors.As(err, &s) {
		return err
	}
	return &StepError{Step: step, Err: err}
}
