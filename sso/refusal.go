package sso

import (
	"errors"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// RefusedBeforeError stops a secret that was refused before from being sent again.
type RefusedBeforeError struct {
	Property string    // "Password", "SSOAppPassword", "APIToken", "MFAMailboxPassword" or "MFAMailboxToken"
	At       time.Time // when it was refused
	Text     string    // what the server said then
	SP       string    // base URL of the service provider that was signed in to then; "" if it is the same one, or unknown
}

func (e *RefusedBeforeError) Error() string {
	where := ""
	if e.SP != "" {
		where = ", when signing in to " + e.SP + ","
	}
	return fmt.Sprintf("sso: this %s was refused on %s%s and is not sent again (%s)",
		e.Property, e.At.UTC().Format(time.RFC3339), where, e.Text)
}

// Is reports whether target is ErrCredentials.
func (e *RefusedBeforeError) Is(target error) bool { return target == ErrCredentials }

// HintText returns what to do next.
func (e *RefusedBeforeError) HintText() string {
	return "give the right " + e.Property + "; if this one is right after all (the account was unlocked, say), try it again with: ssoexchange login --retry-refused"
}

// unsettled names the secret that a server other than the identity provider was sent and
// gave no verdict on, if err says so.
func unsettled(err error) (properties []string) {
	for e := range chain(err) {
		if u, ok := e.(interface{ UnsettledSecret() string }); ok && u.UnsettledSecret() != "" {
			properties = append(properties, u.UnsettledSecret())
		}
	}
	return properties
}

// refusedSecret names the secret that err says was refused, now or before; "" if it does not say so.
func refusedSecret(err error) string {
	if !errors.Is(err, ErrCredentials) {
		return ""
	}
	if before := (*RefusedBeforeError)(nil); errors.As(err, &before) {
		return before.Property
	}
	for e := range chain(err) {
		if r, ok := e.(interface{ RefusedSecret() string }); ok {
			return r.RefusedSecret()
		}
	}
	return "Password"
}

// fail notes how a sign-in ended, for those who waited for it.
func (r *record) fail(err error, now time.Time) {
	f := &failure{At: now, Code: Code(err), Step: Step(err), Text: err.Error(), Hint: autherr.Lasting(Hint(err)),
		Refused: refusedSecret(err), Late: isLateMail(err), Source: sourceFailed(err)}
	f.Wait, _ = RetryAfter(err)
	r.Failed = f
}

// err turns the note back into an error of the same kind.
func (f *failure) err() error { return f.withPrefix("another process has just tried: ") }

// withPrefix is err with other words before it.
func (f *failure) withPrefix(before string) error {
	kind := kindOf(f.Code)
	if kind == nil {
		kind = ErrUnreachable
	}
	err := error(&autherr.Error{Kind: kind, Text: before + f.Text, Hint: f.Hint, Wait: f.Wait})
	if f.Step != "" {
		err = &StepError{Step: f.Step, Err: err}
	}
	switch {
	case f.Refused != "":
		return &reportedRefusal{err, f.Refused}
	case f.Late:
		return &lateMailError{err}
	}
	return err
}

// reportedRefusal is the refusal of a secret by the word of somebody else.
type reportedRefusal struct {
	error
	property string
}

func (e *reportedRefusal) Unwrap() error         { return e.error }
func (e *reportedRefusal) RefusedSecret() string { return e.property }
