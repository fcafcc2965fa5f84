package classic

import (
	"context"
	"errors"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// signable gives each WebAuthn factor of a transaction the passkey that can answer it.
func (w *SignIn) signable(ctx context.Context, t *transaction) error {
	for i := range t.Factors {
		f := &t.Factors[i]
		if !strings.EqualFold(f.Type, flow.TypeWebAuthn) {
			continue
		}
		if err := w.ReadPasskeys(ctx); err != nil {
			return err
		}
		var id []string
		if f.Profile.CredentialID != "" {
			id = []string{f.Profile.CredentialID}
		}
		f.Passkey = w.PasskeyFor(w.API, id)
	}
	return nil
}

// answerPasskey has a factor of the AuthN API challenged, where it is not yet, and signs the
// challenge. A refusal ends it: there is no new challenge without a new transaction.
func (w *SignIn) answerPasskey(ctx context.Context, t *transaction, f flow.Factor) (*transaction, error) {
	if !isChallenge(t.Status) {
		verify, _ := f.Verify()
		u, err := w.CheckLink(autherr.StepMFA, verify)
		if err != nil {
			return nil, err
		}
		token := t.StateToken
		t, err = w.post(ctx, step{name: autherr.StepMFA, url: u, remember: w.remember(t),
			body: map[string]any{"stateToken": token}, secrets: []string{token}})
		if err != nil {
			return nil, err
		}
		if t.StateToken == "" {
			t.StateToken = token
		}
	}
	next, ok := t.link("next")
	if !isChallenge(t.Status) || !ok {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrBadAnswer,
			"okta: the passkey is not asked for a signature", ""))
	}
	u, err := w.CheckLink(autherr.StepMFA, next)
	if err != nil {
		return nil, err
	}
	if err := flow.SameHost(w.API, u); err != nil {
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	signed, err := flow.Sign(f.Passkey, w.API, t.WebAuthn, nil)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	body := map[string]any{"stateToken": t.StateToken}
	for _, name := range []string{"clientData", "authenticatorData", "signatureData"} {
		body[name] = signed[name]
	}
	remember := w.remember(t)
	done, err := w.post(ctx, step{name: autherr.StepMFA, url: u, remember: remember, body: body,
		secrets: []string{t.StateToken}})
	var oe *flow.Error
	if errors.As(err, &oe) && oe.Code == "E0000068" {
		w.Restarted = true
		return nil, autherr.AtStep(autherr.StepMFA, flow.WithKind(oe, autherr.ErrMFARejected, flow.HintPasskey))
	}
	if err != nil {
		return nil, err
	}
	return done, w.Approved(ctx, remember)
}
