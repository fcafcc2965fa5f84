// Package clierror has the errors of the command line itself: wrong flags, files and
// answers that no library package knows of.
package clierror

import "github.com/ssoexchange/ssoexchange/sso"

// Error is an error with a code of package sso and, if Hint is not empty, what to do about it.
type Error struct {
	Code string // as sso.Code returns it; "" is an unexpected error
	Text string
	Hint string
}

func (e *Error) Error() string { return e.Text }

// HintText implements what sso.Hint asks for.
func (e *Error) HintText() string { return e.Hint }

// Is gives the error the kind that its code names.
func (e *Error) Is(target error) bool { return IsKind(e.Code, target) }

// Config returns an error of the step "config", exit status 2. The hint may be empty.
func Config(text, hint string) error {
	return &sso.StepError{Step: "config", Err: &Error{Code: "config", Text: text, Hint: hint}}
}

// State returns an error of the stored state, exit status 2.
func State(err error) error {
	hint := sso.Hint(err)
	if hint == "" {
		hint = "choose another place with --state-dir"
	}
	return &sso.StepError{Step: "state", Err: &Error{Code: "config", Text: err.Error(), Hint: hint}}
}

// NoCookies is the error for a scheme whose credential is a header.
func NoCookies(scheme string) error {
	return Config("AuthScheme="+scheme+" has no cookies: its requests carry a header", "use header, api, exec or proxy")
}

// Exit ends the program with a status of its own, and without another word if Text is empty.
type Exit struct {
	Status int
	Text   string
	Cause  error // gives the error its kind and its hint; nil: none
}

func (e *Exit) Error() string { return e.Text }
func (e *Exit) Unwrap() error { return e.Cause }

// IsKind reports whether target is the sentinel that sso.Code returns code for.
func IsKind(code string, target error) bool { return kinds[code] == target }

var kinds = map[string]error{
	"config": sso.ErrConfig, "credentials": sso.ErrCredentials, "passcode_needed": sso.ErrPassCodeNeeded,
	"mfa_rejected": sso.ErrMFARejected, "exchange_refused": sso.ErrExchangeRefused,
	"rate_limited": sso.ErrRateLimited, "unreachable": sso.ErrUnreachable,
	"unsupported": sso.ErrUnsupported, "bad_answer": sso.ErrBadAnswer, "no_session": sso.ErrNoSession,
}
