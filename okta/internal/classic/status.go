package classic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// maxStates bounds how many states a transaction may pass. Two factors, warnings
// and an offer to enrol make fewer than ten.
const maxStates = 25

const statusSuccess = "SUCCESS"

// handlers says what to do in each state of a transaction. A handler returns the
// next state or the error that ends the sign-in.
var handlers = map[string]func(*SignIn, context.Context, *transaction) (*transaction, error){
	"UNAUTHENTICATED":     (*SignIn).unauthenticated,
	"MFA_REQUIRED":        (*SignIn).mfaRequired,
	"MFA_CHALLENGE":       (*SignIn).mfaChallenge,
	"MFA_ENROLL":          (*SignIn).mfaEnroll,
	"MFA_ENROLL_ACTIVATE": (*SignIn).mfaEnrollActivate,
	// Factor sequencing gives the same states other names.
	"FACTOR_REQUIRED":        (*SignIn).mfaRequired,
	"FACTOR_CHALLENGE":       (*SignIn).mfaChallenge,
	"FACTOR_ENROLL":          (*SignIn).mfaEnroll,
	"FACTOR_ENROLL_ACTIVATE": (*SignIn).mfaEnrollActivate,

	"PASSWORD_WARN":    (*SignIn).passwordWarn,
	"PASSWORD_EXPIRED": (*SignIn).passwordExpired,
	"PASSWORD_RESET":   (*SignIn).passwordReset,
	"LOCKED_OUT":       (*SignIn).lockedOut,
	"POLL":             (*SignIn).poll,

	"RECOVERY":               (*SignIn).recovery,
	"RECOVERY_CHALLENGE":     (*SignIn).recovery,
	"CONSENT_REQUIRED":       (*SignIn).browserOnly,
	"ADMIN_CONSENT_REQUIRED": (*SignIn).browserOnly,
	"PROFILE_REQUIRED":       (*SignIn).browserOnly,
	"DEVICE_ACTIVATE":        (*SignIn).browserOnly,
}

// refusals are the states that end every sign-in with this password.
var refusals = []string{"LOCKED_OUT", "PASSWORD_EXPIRED", "PASSWORD_RESET"}

// advance takes a transaction from state to state until it has succeeded.
func (w *SignIn) advance(ctx context.Context, t *transaction) (*transaction, error) {
	for range maxStates {
		if t.Status == statusSuccess {
			if t.RecoveryType != "" {
				return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer,
					"okta: the success is that of a recovery, not of a sign-in", ""))
			}
			return t, nil
		}
		handle, known := handlers[t.Status]
		if !known {
			return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnsupported,
				"okta: the transaction is in a state that is not known: "+t.Status,
				"sign in once in a browser and see what Okta asks for"))
		}
		next, err := handle(w, ctx, t)
		if err != nil {
			w.Finish(ctx, err, w.CancelAuthn(t.StateToken))
			return nil, err
		}
		if next.StateToken == "" && next.Status != statusSuccess {
			next.StateToken = t.StateToken
		}
		t = next
	}
	w.Cancel(ctx, w.CancelAuthn(t.StateToken))
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: the transaction does not end after %d states, the last is %s", maxStates, t.Status), ""))
}

// primary posts the user name and the password, which is read at this moment.
func (w *SignIn) primary(ctx context.Context) (*transaction, error) {
	return w.postPassword(ctx, w.Endpoint("/api/v1/authn").String(), "")
}

// postPassword answers with user name and password, inside the transaction of
// stateToken or, where that is empty, to begin one. A password that is refused ends
// the sign-in, so that it is never tried twice.
func (w *SignIn) postPassword(ctx context.Context, href, stateToken string) (*transaction, error) {
	u, err := w.CheckLink(autherr.StepLogin, flow.Link{Href: href})
	if err != nil {
		return nil, err
	}
	password, err := w.Password(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	body := map[string]any{"username": w.Client.User, "password": password}
	secrets := []string{password}
	if stateToken != "" {
		body["stateToken"] = stateToken
		secrets = append(secrets, stateToken)
	} else {
		body["options"] = map[string]any{"multiOptionalFactorEnroll": false, "warnBeforePasswordExpired": true}
		if w.Client.APIToken != nil { // the context counts only for a trusted application
			body["context"] = map[string]any{"deviceToken": w.DeviceToken()}
		}
	}
	w.Passwords++
	t, err := w.post(ctx, step{name: autherr.StepLogin, url: u, body: body, secrets: secrets})
	var oe *flow.Error
	if stateToken == "" && w.APIToken != "" && errors.As(err, &oe) && oe.Code == "E0000011" {
		// Nothing else in this request is a token.
		return nil, autherr.AtStep(autherr.StepLogin, flow.RefusedSecret(oe, "APIToken",
			"the API token was refused: it may be wrong, expired or revoked"))
	}
	if errors.As(err, &oe) && oe.Code == "E0000004" {
		return nil, w.routedElsewhere(ctx, oe)
	}
	if err == nil && passwordTaken(t.Status) {
		w.Client.PasswordAccepted(ctx)
	}
	return t, err
}

// passwordTaken reports whether a transaction gets to a status only with the right
// password, and nothing is the matter with it.
func passwordTaken(status string) bool {
	switch status {
	case "SUCCESS", "PASSWORD_WARN", "MFA_REQUIRED", "MFA_CHALLENGE", "MFA_ENROLL", "MFA_ENROLL_ACTIVATE":
		return true
	}
	return false
}

// unauthenticated: the transaction began with a token and wants the password, or a
// factor before it.
func (w *SignIn) unauthenticated(ctx context.Context, t *transaction) (*transaction, error) {
	if len(t.Factors) > 0 {
		return w.mfaRequired(ctx, t)
	}
	if w.Asked[t.StateToken] {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer,
			"okta: the password was accepted and is asked for again", ""))
	}
	w.Asked[t.StateToken] = true
	href := w.Endpoint("/api/v1/authn").String()
	if next, ok := t.link("next"); ok {
		href = next.Href
	}
	return w.postPassword(ctx, href, t.StateToken)
}

// mfaRequired: a factor is chosen and answered.
func (w *SignIn) mfaRequired(ctx context.Context, t *transaction) (*transaction, error) {
	if err := w.signable(ctx, t); err != nil {
		return nil, err
	}
	f, err := flow.Choose(t.Factors, w.Client.Factor, w.Ready())
	if err != nil {
		err = w.NoPasskey(ctx, err, w.API, flow.CredentialIDs(t.Factors))
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	return w.answer(ctx, t, t.byType(f, w.Client.Factor.Device))
}

// mfaChallenge: a factor was challenged already, by whoever began the transaction.
// One that is not wanted, or that only a browser can answer, is put back.
func (w *SignIn) mfaChallenge(ctx context.Context, t *transaction) (*transaction, error) {
	var f flow.Factor
	if err := w.signable(ctx, t); err != nil {
		return nil, err
	}
	if len(t.Factors) > 0 {
		f = t.Factors[0]
		if i := slices.IndexFunc(t.Factors, func(g flow.Factor) bool { return g.Passkey != nil }); i >= 0 {
			f = t.Factors[i] // challenged by type: any of the user's keys may answer
		}
	}
	if _, ok := f.Verify(); !ok {
		if next, ok := t.link("next"); ok && (next.Name == "verify" || next.Name == "poll") {
			f.Links = flow.Links{"verify": {next}}
		}
	}
	_, err := flow.Choose([]flow.Factor{f}, w.Client.Factor, nil)
	if err == nil {
		return w.answer(ctx, t, f)
	}
	if prev, ok := t.link("prev"); ok {
		return w.postLink(ctx, autherr.StepMFA, prev, t.StateToken)
	}
	return nil, autherr.AtStep(autherr.StepMFA, err)
}

// answer answers one factor, whatever it takes.
func (w *SignIn) answer(ctx context.Context, t *transaction, f flow.Factor) (*transaction, error) {
	w.LogInfo("second factor", slog.String("factor", f.Label()))
	switch f.Kind() {
	case mfa.Push:
		return w.push(ctx, t, f)
	case mfa.Passkey:
		return w.answerPasskey(ctx, t, f)
	}
	p := newPending(t, f, w.StepUps > 0)
	p.Sent = isChallenge(t.Status) && f.Kind().Sent()
	return w.code(ctx, p)
}

func isChallenge(status string) bool {
	return status == "MFA_CHALLENGE" || status == "FACTOR_CHALLENGE"
}

// mfaEnroll: an offer to enrol a factor is declined, an obligation cannot be met.
func (w *SignIn) mfaEnroll(ctx context.Context, t *transaction) (*transaction, error) {
	if w.Enrolling != nil && !w.Enrolled {
		if next, ok, err := w.enroll(ctx, t); ok {
			return next, err
		}
	}
	if skip, ok := t.link("skip"); ok {
		return w.postLink(ctx, autherr.StepLogin, skip, t.StateToken)
	}
	return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrUnsupported,
		"okta: the policy demands that the user enrols a factor; offered: "+flow.List(t.Factors),
		"sign in once in a browser and enrol it"))
}

// mfaEnrollActivate: an enrolment that was begun elsewhere.
func (w *SignIn) mfaEnrollActivate(_ context.Context, _ *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrUnsupported,
		"okta: the enrolment of a factor is not finished", "sign in once in a browser and finish it"))
}

// passwordWarn: the password expires soon. Somebody should read that in the log.
func (w *SignIn) passwordWarn(ctx context.Context, t *transaction) (*transaction, error) {
	attrs := []any{slog.String("provider", "okta"), slog.String("host", w.API.Host), slog.String("user", w.Client.User)}
	if t.PasswordExpireDays != nil {
		attrs = append(attrs, slog.Int("days", *t.PasswordExpireDays))
	}
	w.Logger().Warn("password expires soon", attrs...)
	if skip, ok := t.link("skip"); ok {
		return w.postLink(ctx, autherr.StepLogin, skip, t.StateToken)
	}
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials,
		"okta: the password expires soon and must be changed first", "change it in a browser"))
}

// passwordExpired: the new password takes its place, if there is one and Okta itself
// keeps the password.
func (w *SignIn) passwordExpired(ctx context.Context, t *transaction) (*transaction, error) {
	next, ok := t.link("next")
	if w.Client.NewPassword != nil && !w.Renewed && t.StateToken != "" && (!ok || next.Name == "changePassword") {
		return w.changePassword(ctx, t, next)
	}
	e := autherr.New(autherr.ErrCredentials, "okta: the password has expired", flow.HintNewPassword)
	if ok && next.Title != "" {
		e.Hint = "change it at " + flow.Printable(next.Title, nil) // the organisation's own place for passwords
	}
	return nil, autherr.AtStep(autherr.StepLogin, e)
}

func (w *SignIn) changePassword(ctx context.Context, t *transaction, to flow.Link) (*transaction, error) {
	if to.Href == "" {
		to.Href = w.Endpoint("/api/v1/authn/credentials/change_password").String()
	}
	u, err := w.CheckLink(autherr.StepLogin, to)
	if err != nil {
		return nil, err
	}
	expired, err := w.Password(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	password, err := w.NewPassword(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	next, err := w.post(ctx, step{name: autherr.StepLogin, url: u, secrets: []string{expired, password, t.StateToken},
		body: map[string]any{"stateToken": t.StateToken, "oldPassword": expired, "newPassword": password}})
	var oe *flow.Error
	if errors.As(err, &oe) && (oe.Code == "E0000080" || oe.Code == "E0000014") {
		return nil, autherr.AtStep(autherr.StepLogin, flow.RefusedSecret(oe, "NewPassword", flow.HintPasswordRules))
	}
	if err != nil {
		return nil, err
	}
	return next, w.RenewedPassword(ctx)
}

func (w *SignIn) passwordReset(_ context.Context, _ *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials,
		"okta: the password was reset and a new one must be set", "set one in a browser"))
}

func (w *SignIn) lockedOut(_ context.Context, _ *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials, "okta: the account is locked",
		flow.HintLocked))
}

func (w *SignIn) recovery(_ context.Context, t *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials,
		"okta: the account is in recovery ("+t.Status+")", "finish the recovery in a browser"))
}

func (w *SignIn) browserOnly(_ context.Context, t *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnsupported,
		"okta: the sign-in asks for something that only a browser can show: "+t.Status, "sign in once in a browser"))
}

// poll: Okta is in safe mode and asks for deadline. The pace is Okta's, between one
// second and one minute; the sign-in's own time limit goes on counting, and nobody
// waits longer than for a person.
func (w *SignIn) poll(ctx context.Context, t *transaction) (*transaction, error) {
	next, ok := t.link("next")
	if !ok {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer,
			"okta: asked to wait without being told for what", ""))
	}
	until := time.Now().Add(w.MFATimeout())
	defer deadline.Waiting(ctx, flow.SafeMode)()
	for t.Status == "POLL" {
		pace := t.Refresh
		if pace == 0 {
			pace = flow.PollPace
		}
		pace = max(pace, time.Second)
		if time.Now().Add(pace).After(until) {
			return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnreachable,
				"okta: still in safe mode, the sign-in is not let through", flow.HintLater))
		}
		if err := flow.Sleep(ctx, pace); err != nil {
			return nil, autherr.AtStep(autherr.StepLogin, flow.WaitEnded(ctx, "waiting while Okta is in safe mode"))
		}
		u, err := w.CheckLink(autherr.StepLogin, next)
		if err != nil {
			return nil, err
		}
		token := t.StateToken
		t, err = w.post(ctx, step{name: autherr.StepLogin, url: u, poll: true, body: map[string]any{"stateToken": token},
			secrets: []string{token}})
		if err != nil {
			return nil, err
		}
		if t.StateToken == "" {
			t.StateToken = token
		}
	}
	return t, nil
}

// postLink follows a link that needs nothing but the transaction.
func (w *SignIn) postLink(ctx context.Context, stepName string, l flow.Link, stateToken string) (*transaction, error) {
	u, err := w.CheckLink(stepName, l)
	if err != nil {
		return nil, err
	}
	return w.post(ctx, step{name: stepName, url: u, body: map[string]any{"stateToken": stateToken},
		secrets: []string{stateToken}})
}
