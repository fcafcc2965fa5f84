package okta

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// maxStates bounds how many states a transaction may pass. Two factors, warnings
// and an offer to enrol make fewer than ten.
const maxStates = 25

const statusSuccess = "SUCCESS"

// handlers says what to do in each state of a transaction. A handler returns the
// next state or the error that ends the sign-in.
var handlers = map[string]func(*flow, context.Context, *transaction) (*transaction, error){
	"UNAUTHENTICATED":     (*flow).unauthenticated,
	"MFA_REQUIRED":        (*flow).mfaRequired,
	"MFA_CHALLENGE":       (*flow).mfaChallenge,
	"MFA_ENROLL":          (*flow).mfaEnroll,
	"MFA_ENROLL_ACTIVATE": (*flow).mfaEnrollActivate,
	// Factor sequencing gives the same states other names.
	"FACTOR_REQUIRED":        (*flow).mfaRequired,
	"FACTOR_CHALLENGE":       (*flow).mfaChallenge,
	"FACTOR_ENROLL":          (*flow).mfaEnroll,
	"FACTOR_ENROLL_ACTIVATE": (*flow).mfaEnrollActivate,

	"PASSWORD_WARN":    (*flow).passwordWarn,
	"PASSWORD_EXPIRED": (*flow).passwordExpired,
	"PASSWORD_RESET":   (*flow).passwordReset,
	"LOCKED_OUT":       (*flow).lockedOut,
	"POLL":             (*flow).poll,

	"RECOVERY":               (*flow).recovery,
	"RECOVERY_CHALLENGE":     (*flow).recovery,
	"CONSENT_REQUIRED":       (*flow).browserOnly,
	"ADMIN_CONSENT_REQUIRED": (*flow).browserOnly,
	"PROFILE_REQUIRED":       (*flow).browserOnly,
	"DEVICE_ACTIVATE":        (*flow).browserOnly,
}

// refusals are the states that end every sign-in with this password.
var refusals = []string{"LOCKED_OUT", "PASSWORD_EXPIRED", "PASSWORD_RESET"}

// advance takes a transaction from state to state until it has succeeded.
func (w *flow) advance(ctx context.Context, t *transaction) (*transaction, error) {
	for range maxStates {
		if t.Status == statusSuccess {
			if t.RecoveryType != "" {
				return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer, "okta: the success is that of a recovery, not of a sign-in", ""))
			}
			return t, nil
		}
		handle, known := handlers[t.Status]
		if !known {
			return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnsupported,
				"okta: the transaction is in a state that is not known: "+t.Status, "sign in once in a browser and see what Okta asks for"))
		}
		next, err := handle(w, ctx, t)
		if err != nil {
			w.finish(ctx, err, w.cancelAuthn(t.StateToken))
			return nil, err
		}
		if next.StateToken == "" && next.Status != statusSuccess {
			next.StateToken = t.StateToken
		}
		t = next
	}
	w.cancel(ctx, w.cancelAuthn(t.StateToken))
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: the transaction does not end after %d states, the last is %s", maxStates, t.Status), ""))
}

// primary posts the user name and the password, which is read at this moment.
func (w *flow) primary(ctx context.Context) (*transaction, error) {
	return w.postPassword(ctx, w.endpoint("/api/v1/authn").String(), "")
}

// postPassword answers with user name and password, inside the transaction of
// stateToken or, where that is empty, to begin one. A password that is refused ends
// the sign-in, so that it is never tried twice.
func (w *flow) postPassword(ctx context.Context, href, stateToken string) (*transaction, error) {
	u, err := w.checkLink(autherr.StepLogin, link{Href: href})
	if err != nil {
		return nil, err
	}
	password, err := w.password(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	body := map[string]any{"username": w.c.User, "password": password}
	secrets := []string{password}
	if stateToken != "" {
		body["stateToken"] = stateToken
		secrets = append(secrets, stateToken)
	} else {
		body["options"] = map[string]any{"multiOptionalFactorEnroll": false, "warnBeforePasswordExpired": true}
		if w.c.APIToken != nil { // the context counts only for a trusted application
			body["context"] = map[string]any{"deviceToken": w.deviceToken()}
		}
	}
	w.passwords++
	t, err := w.post(ctx, step{name: autherr.StepLogin, url: u, body: body, secrets: secrets})
	var oe *Error
	if stateToken == "" && w.apiToken != "" && errors.As(err, &oe) && oe.Code == "E0000011" {
		// Nothing else in this request is a token.
		return nil, autherr.AtStep(autherr.StepLogin, oe.about("APIToken", "the API token was refused: it may be wrong, expired or revoked"))
	}
	if errors.As(err, &oe) && oe.Code == "E0000004" {
		return nil, w.routedElsewhere(ctx, oe)
	}
	if err == nil && passwordTaken(t.Status) {
		w.c.accepted(ctx)
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

// accepted tells the caller that the password was taken.
func (c *Client) accepted(ctx context.Context) {
	if c.Accepted != nil {
		c.Accepted(ctx)
	}
}

func (w *flow) password(ctx context.Context) (string, error) {
	if w.c.Password == nil {
		return "", autherr.New(autherr.ErrConfig, "okta: there is no password", "set Password, PasswordFile or PasswordCommand")
	}
	password, err := w.c.Password(ctx)
	if err != nil {
		return "", fmt.Errorf("okta: reading the password: %w", err)
	}
	if password == "" {
		return "", autherr.New(autherr.ErrConfig, "okta: the password is empty", "set Password, PasswordFile or PasswordCommand")
	}
	return password, sendable("the password", password)
}

// sendable refuses what JSON cannot carry: encoding/json would send something else.
func sendable(what, text string) error {
	if problem, hint := wiretext.Problem(text); problem != "" {
		return autherr.New(autherr.ErrConfig, "okta: "+what+" "+problem, hint)
	}
	return nil
}

// unauthenticated: the transaction began with a token and wants the password, or a
// factor before it.
func (w *flow) unauthenticated(ctx context.Context, t *transaction) (*transaction, error) {
	if len(t.Factors) > 0 {
		return w.mfaRequired(ctx, t)
	}
	if w.asked[t.StateToken] {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer, "okta: the password was accepted and is asked for again", ""))
	}
	w.asked[t.StateToken] = true
	href := w.endpoint("/api/v1/authn").String()
	if next, ok := t.link("next"); ok {
		href = next.Href
	}
	return w.postPassword(ctx, href, t.StateToken)
}

// mfaRequired: a factor is chosen and answered.
func (w *flow) mfaRequired(ctx context.Context, t *transaction) (*transaction, error) {
	if err := w.signable(ctx, t); err != nil {
		return nil, err
	}
	f, err := choose(t.Factors, w.c.Factor, w.ready())
	if err != nil {
		err = w.noPasskey(ctx, err, w.api, credentialIDs(t.Factors))
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	return w.answer(ctx, t, t.byType(f, w.c.Factor.Device))
}

// mfaChallenge: a factor was challenged already, by whoever began the transaction.
// One that is not wanted, or that only a browser can answer, is put back.
func (w *flow) mfaChallenge(ctx context.Context, t *transaction) (*transaction, error) {
	var f factor
	if err := w.signable(ctx, t); err != nil {
		return nil, err
	}
	if len(t.Factors) > 0 {
		f = t.Factors[0]
		if i := slices.IndexFunc(t.Factors, func(g factor) bool { return g.passkey != nil }); i >= 0 {
			f = t.Factors[i] // challenged by type: any of the user's keys may answer
		}
	}
	if _, ok := f.verify(); !ok {
		if next, ok := t.link("next"); ok && (next.Name == "verify" || next.Name == "poll") {
			f.Links = links{"verify": {next}}
		}
	}
	_, err := choose([]factor{f}, w.c.Factor, nil)
	if err == nil {
		return w.answer(ctx, t, f)
	}
	if prev, ok := t.link("prev"); ok {
		return w.postLink(ctx, autherr.StepMFA, prev, t.StateToken)
	}
	return nil, autherr.AtStep(autherr.StepMFA, err)
}

// answer answers one factor, whatever it takes.
func (w *flow) answer(ctx context.Context, t *transaction, f factor) (*transaction, error) {
	w.info("second factor", slog.String("factor", f.label()))
	switch f.kind() {
	case kindPush:
		return w.push(ctx, t, f)
	case mfa.Passkey:
		return w.answerPasskey(ctx, t, f)
	}
	p := newPending(t, f, w.stepUps > 0)
	p.Sent = isChallenge(t.Status) && f.kind().Sent()
	return w.code(ctx, p)
}

func isChallenge(status string) bool {
	return status == "MFA_CHALLENGE" || status == "FACTOR_CHALLENGE"
}

// mfaEnroll: an offer to enrol a factor is declined, an obligation cannot be met.
func (w *flow) mfaEnroll(ctx context.Context, t *transaction) (*transaction, error) {
	if skip, ok := t.link("skip"); ok {
		return w.postLink(ctx, autherr.StepLogin, skip, t.StateToken)
	}
	return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrUnsupported,
		"okta: the policy demands that the user enrols a factor; offered: "+list(t.Factors), "sign in once in a browser and enrol it"))
}

// mfaEnrollActivate: an enrolment that was begun elsewhere.
func (w *flow) mfaEnrollActivate(_ context.Context, _ *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrUnsupported,
		"okta: the enrolment of a factor is not finished", "sign in once in a browser and finish it"))
}

// passwordWarn: the password expires soon. Somebody should read that in the log.
func (w *flow) passwordWarn(ctx context.Context, t *transaction) (*transaction, error) {
	attrs := []any{slog.String("provider", "okta"), slog.String("host", w.api.Host), slog.String("user", w.c.User)}
	if t.PasswordExpireDays != nil {
		attrs = append(attrs, slog.Int("days", *t.PasswordExpireDays))
	}
	w.logger().Warn("password expires soon", attrs...)
	if skip, ok := t.link("skip"); ok {
		return w.postLink(ctx, autherr.StepLogin, skip, t.StateToken)
	}
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials,
		"okta: the password expires soon and must be changed first", "change it in a browser"))
}

// passwordExpired: the new password takes its place, if there is one and Okta itself
// keeps the password.
func (w *flow) passwordExpired(ctx context.Context, t *transaction) (*transaction, error) {
	next, ok := t.link("next")
	if w.c.NewPassword != nil && !w.renewed && t.StateToken != "" && (!ok || next.Name == "changePassword") {
		return w.changePassword(ctx, t, next)
	}
	e := autherr.New(autherr.ErrCredentials, "okta: the password has expired", hintNewPassword)
	if ok && next.Title != "" {
		e.Hint = "change it at " + shown(next.Title, nil) // the organisation's own place for passwords
	}
	return nil, autherr.AtStep(autherr.StepLogin, e)
}

func (w *flow) changePassword(ctx context.Context, t *transaction, to link) (*transaction, error) {
	if to.Href == "" {
		to.Href = w.endpoint("/api/v1/authn/credentials/change_password").String()
	}
	u, err := w.checkLink(autherr.StepLogin, to)
	if err != nil {
		return nil, err
	}
	expired, err := w.password(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	password, err := w.newPassword(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	next, err := w.post(ctx, step{name: autherr.StepLogin, url: u, secrets: []string{expired, password, t.StateToken},
		body: map[string]any{"stateToken": t.StateToken, "oldPassword": expired, "newPassword": password}})
	var oe *Error
	if errors.As(err, &oe) && (oe.Code == "E0000080" || oe.Code == "E0000014") {
		return nil, autherr.AtStep(autherr.StepLogin, oe.about("NewPassword", hintPasswordRules))
	}
	if err != nil {
		return nil, err
	}
	return next, w.renewedPassword(ctx)
}

func (w *flow) passwordReset(_ context.Context, _ *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials,
		"okta: the password was reset and a new one must be set", "set one in a browser"))
}

func (w *flow) lockedOut(_ context.Context, _ *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials, "okta: the account is locked", hintLocked))
}

func (w *flow) recovery(_ context.Context, t *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrCredentials,
		"okta: the account is in recovery ("+t.Status+")", "finish the recovery in a browser"))
}

func (w *flow) browserOnly(_ context.Context, t *transaction) (*transaction, error) {
	return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnsupported,
		"okta: the sign-in asks for something that only a browser can show: "+t.Status, "sign in once in a browser"))
}

// poll: Okta is in safe mode and asks for deadline. The pace is Okta's, between one
// second and one minute; the sign-in's own time limit goes on counting, and nobody
// waits longer than for a person.
func (w *flow) poll(ctx context.Context, t *transaction) (*transaction, error) {
	next, ok := t.link("next")
	if !ok {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer, "okta: asked to wait without being told for what", ""))
	}
	until := time.Now().Add(w.mfaTimeout())
	defer deadline.Waiting(ctx, safeMode)()
	for t.Status == "POLL" {
		pace := t.Refresh
		if pace == 0 {
			pace = pollPace
		}
		pace = max(pace, time.Second)
		if time.Now().Add(pace).After(until) {
			return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnreachable, "okta: still in safe mode, the sign-in is not let through", hintLater))
		}
		if err := sleep(ctx, pace); err != nil {
			return nil, autherr.AtStep(autherr.StepLogin, ended(ctx, "waiting while Okta is in safe mode"))
		}
		u, err := w.checkLink(autherr.StepLogin, next)
		if err != nil {
			return nil, err
		}
		token := t.StateToken
		t, err = w.post(ctx, step{name: autherr.StepLogin, url: u, poll: true, body: map[string]any{"stateToken": token}, secrets: []string{token}})
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
func (w *flow) postLink(ctx context.Context, stepName string, l link, stateToken string) (*transaction, error) {
	u, err := w.checkLink(stepName, l)
	if err != nil {
		return nil, err
	}
	return w.post(ctx, step{name: stepName, url: u, body: map[string]any{"stateToken": stateToken}, secrets: []string{stateToken}})
}

// patienceFor bounds a wait for a person by MFATimeout, during which the sign-in's
// own clock stands still.
func (w *flow) patienceFor(ctx context.Context) (context.Context, func()) {
	resume := deadline.Pause(ctx)
	ctx, cancel := context.WithTimeoutCause(ctx, w.mfaTimeout(), errNobody)
	return ctx, func() { cancel(); resume() }
}

// safeMode is what is waited for while Okta lets nobody sign in.
const safeMode = "Okta to leave safe mode"

func (w *flow) mfaTimeout() time.Duration {
	if w.c.MFATimeout > 0 {
		return w.c.MFATimeout
	}
	return DefaultMFATimeout
}
