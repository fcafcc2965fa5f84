package refreshd

import (
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/sso"
)

// MaxCode bounds a code that is handed in, in bytes: answers to questions are the
// longest.
const MaxCode = 256

// Outcome is the answer to a code: who is signed in, or the error.
type Outcome struct {
	Version int           `json:"version"`
	Profile string        `json:"profile"`
	User    string        `json:"user,omitempty"`
	Expires *time.Time    `json:"expires_at_estimate,omitempty"`
	Error   *OutcomeError `json:"error,omitempty"`
}

// OutcomeError is the error in an outcome, in the words of a --json error.
type OutcomeError struct {
	Code       string `json:"code"`
	Step       string `json:"step,omitempty"`
	Message    string `json:"message"`
	Hint       string `json:"hint,omitempty"`
	RetryAfter int    `json:"retry_after,omitempty"`
}

// Err is the error of an outcome, nil if there is none.
func (o Outcome) Err() error {
	if o.Error == nil {
		return nil
	}
	err := error(&TurnError{*o.Error})
	if o.Error.Step != "" {
		err = &sso.StepError{Step: o.Error.Step, Err: err}
	}
	return err
}

// TurnError is an error that another process has told of.
type TurnError struct{ OutcomeError }

func (e *TurnError) Error() string    { return e.Message }
func (e *TurnError) HintText() string { return e.Hint }
func (e *TurnError) RetryAfter() time.Duration {
	return time.Duration(e.OutcomeError.RetryAfter) * time.Second
}

// Is gives the error the kind that its code names.
func (e *TurnError) Is(target error) bool { return clierror.IsKind(e.Code, target) }
