package flow

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// Enrollment says which factor to enrol for the user, and how it is kept.
type Enrollment struct {
	Kind mfa.Kind // mfa.Passkey, or mfa.TOTP for the seed of an authenticator app

	// Replace removes the authenticator app that the user has, whose codes end then. Without
	// it an app that is there is an error. Passkeys stand side by side.
	Replace bool

	Properties passkey.Properties // of a new passkey

	// Pending is called with the new factor before Okta is told to activate it. It has to
	// store the factor before it returns: from then on Okta may hold it for enrolled,
	// whatever becomes of this process. Its error ends the enrolment.
	Pending func(ctx context.Context, f *NewFactor) error

	// Activated, if not nil, is called when Okta has activated the factor in a sign-in, which
	// goes on after that and may still fail.
	Activated func(ctx context.Context, f *NewFactor) error
}

// NewFactor is a factor that was made for a user. It never prints its secret.
type NewFactor struct {
	Kind     mfa.Kind
	ID       string              // Okta's; "" where it is not told
	Passkey  *passkey.Credential // of mfa.Passkey
	Seed     string              // of mfa.TOTP, an otpauth address
	Provider string              // of mfa.TOTP: "GOOGLE", "OKTA"
	Step     int64               // of mfa.TOTP: the step of time whose code is spent on the activation
}

// String says what kind of factor it is.
func (f *NewFactor) String() string { return "okta.NewFactor(" + string(f.Kind) + ")" }

// Format prints String for every verb.
func (f *NewFactor) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// ErrOutcomeUnknown says that Okta was told to activate a factor and nobody knows whether
// it has: the factor has to be kept until that is found out.
var ErrOutcomeUnknown = errors.New("okta: nobody knows whether the factor is active now")

// UnknownOutcome marks the error of an activation that had no answer. What was answered
// with a refusal is not active.
func UnknownOutcome(err error) error {
	if e := AsError(err); err == nil || e != nil && e.Status < 500 {
		return err
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// AsError returns the refusal of Okta's in err, nil if there is none.
func AsError(err error) *Error {
	var e *Error
	errors.As(err, &e)
	return e
}

// hintAttestation is what an administrator can do about a passkey that is refused.
const hintAttestation = "the organisation may accept only certain authenticators, only with a certificate, " +
	"or none that can be copied: an administrator can add the AAGUID " + passkey.AAGUID +
	" or allow Google Authenticator instead"

// RefusedActivation says what a refusal of an activation means.
func RefusedActivation(kind mfa.Kind, err error) error {
	e := AsError(err)
	if e == nil || e.Status >= 500 || e.Is(autherr.ErrRateLimited) {
		return err
	}
	if kind == mfa.Passkey {
		return autherr.AtStep(autherr.StepMFA, WithKind(e, autherr.ErrUnsupported, hintAttestation))
	}
	return autherr.AtStep(autherr.StepMFA, WithKind(e, autherr.ErrMFARejected, "compare this machine's clock with the true time"))
}

// NewPasskey makes a passkey from creation options, for the page at an address.
func (w *Flow) NewPasskey(at *url.URL, options []byte, registered []string, p passkey.Properties) (
	*NewFactor, map[string]string, error,
) {
	origin, err := passkey.Origin(at)
	if err != nil {
		return nil, nil, err
	}
	o, err := passkey.ParseCreation(options)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range w.Passkeys {
		if IsListed(registered, k) {
			o.Exclude = append(o.Exclude, k.ID())
		}
	}
	k, a, err := passkey.Create(origin, o, p, w.Passkeys...)
	if err != nil {
		return nil, nil, err
	}
	encode := base64.StdEncoding.EncodeToString
	return &NewFactor{Kind: mfa.Passkey, Passkey: k}, map[string]string{
		"clientData": encode(a.ClientDataJSON), "attestation": encode(a.AttestationObject),
		// Strings that hold JSON: that is what Okta's own pages send.
		"transports": `["internal"]`, "clientExtensions": `{"credProps":{"rk":true}}`,
	}, nil
}

// NewSeed takes a seed over and returns the code of the time now that activates it.
func (w *Flow) NewSeed(secret, provider string, now time.Time) (*NewFactor, string, error) {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + w.API.Hostname() + ":" + w.Client.User,
		RawQuery: url.Values{"secret": {secret}, "issuer": {w.API.Hostname()}}.Encode()}
	seed, err := mfa.ParseSeed(u.String())
	if err != nil {
		return nil, "", autherr.New(autherr.ErrBadAnswer, "okta: the seed that Okta has made cannot be read", "")
	}
	code, step := seed.At(now)
	return &NewFactor{Kind: mfa.TOTP, Seed: u.String(), Provider: provider, Step: step}, code, nil
}

// Keep hands a new factor over before its activation.
func (e *Enrollment) Keep(ctx context.Context, f *NewFactor) error {
	if e.Pending == nil {
		return autherr.New(autherr.ErrConfig, "okta: an enrolment without a place to keep the factor", "")
	}
	return e.Pending(ctx, f)
}

// NotOffered says what an administrator can do about a factor that may not be enrolled.
func NotOffered(kind mfa.Kind, err error) error {
	e := AsError(err)
	if e == nil || e.Status >= 500 || e.Is(autherr.ErrRateLimited) || e.Is(autherr.ErrCredentials) {
		return err
	}
	what := "Google Authenticator"
	if kind == mfa.Passkey {
		what = "passkeys (FIDO2 WebAuthn)"
	}
	return autherr.AtStep(autherr.StepMFA, WithKind(e, autherr.ErrUnsupported, "the organisation does not offer this user "+what+
		": an administrator can set it to optional in the user's authenticator enrolment policy"))
}

// Done tells that a factor is enrolled for certain.
func (e *Enrollment) Done(ctx context.Context, f *NewFactor) error {
	if e.Activated == nil {
		return nil
	}
	return e.Activated(ctx, f)
}

// EnrolledAsAsked is the error of a sign-in that was to enrol a factor and has not; nil if it has,
// or was not to.
func (w *Flow) EnrolledAsAsked() error {
	if w.Enrolling == nil || w.Enrolled {
		return nil
	}
	text := "okta: the organisation did not offer to enrol " + kindName(w.Enrolling.Kind) + " in this sign-in"
	if w.Offered != "" {
		text += "; offered: " + w.Offered
	}
	return autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrUnsupported, text,
		"an administrator can make it required for this user, or enrol it with an API token"))
}

func kindName(k mfa.Kind) string {
	if k == mfa.Passkey {
		return "a passkey"
	}
	return "an authenticator app"
}

// SetEnrollment has the next sign-in enrol a factor; nil takes it back.
func (s *State) SetEnrollment(e *Enrollment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enrolling = e
}

// takeEnrollment takes over what SetEnrollment has asked for.
func (s *State) takeEnrollment() *Enrollment {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.enrolling
	s.enrolling = nil
	return e
}

// Enroll makes this sign-in enrol what SetEnrollment has asked for.
func (w *Flow) Enroll() { w.Enrolling = w.Client.takeEnrollment() }
