package classic

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// enroll chooses the factor that is to be enrolled in a transaction of the AuthN API, and
// activates it; false: it is not offered.
func (w *SignIn) enroll(ctx context.Context, t *transaction) (next *transaction, ok bool, err error) {
	kind, provider := flow.TypeWebAuthn, "FIDO"
	if w.Enrolling.Kind == mfa.TOTP {
		kind, provider = "token:software:totp", "GOOGLE"
	}
	for _, f := range t.Factors {
		links := f.Links["enroll"]
		if !strings.EqualFold(f.Type, kind) || !strings.EqualFold(f.Provider, provider) || len(links) == 0 {
			continue
		}
		u, err := w.CheckLink(autherr.StepMFA, links[0])
		if err != nil {
			return nil, true, err
		}
		begun, err := w.post(ctx, step{name: autherr.StepMFA, url: u, secrets: []string{t.StateToken},
			body: map[string]any{"stateToken": t.StateToken, "factorType": kind, "provider": provider}})
		if err != nil {
			return nil, true, flow.NotOffered(w.Enrolling.Kind, err)
		}
		if begun.StateToken == "" {
			begun.StateToken = t.StateToken
		}
		next, err = w.activate(ctx, begun)
		return next, true, err
	}
	w.Offered = flow.List(t.Factors)
	return nil, false, nil
}

// activate activates the factor that a transaction is about to enrol.
func (w *SignIn) activate(ctx context.Context, t *transaction) (*transaction, error) {
	next, ok := t.link("next")
	if !ok || len(t.Factors) == 0 || len(t.Factors[0].Embedded.Activation) == 0 {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrBadAnswer,
			"okta: the enrolment has nothing to activate with", ""))
	}
	u, err := w.CheckLink(autherr.StepMFA, next)
	if err == nil {
		err = flow.SameHost(w.API, u)
	}
	if err == nil {
		err = w.ReadPasskeys(ctx)
	}
	if err != nil {
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	e, activation := w.Enrolling, t.Factors[0].Embedded.Activation
	body, secrets := map[string]any{"stateToken": t.StateToken}, []string{t.StateToken}
	var f *flow.NewFactor
	if e.Kind == mfa.Passkey {
		var fields map[string]string
		if f, fields, err = w.NewPasskey(w.API, activation, nil, e.Properties); err != nil {
			return nil, autherr.AtStep(autherr.StepMFA, err)
		}
		for name, value := range fields {
			body[name] = value
		}
	} else {
		var seed struct {
			SharedSecret string `json:"sharedSecret"`
		}
		_ = json.Unmarshal(activation, &seed) // an empty seed is refused
		var code string
		if f, code, err = w.NewSeed(seed.SharedSecret, "GOOGLE", time.Now()); err != nil {
			return nil, autherr.AtStep(autherr.StepMFA, err)
		}
		body["passCode"], secrets = code, append(secrets, code)
	}
	f.ID = t.Factors[0].ID
	if err := e.Keep(ctx, f); err != nil {
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	done, err := w.post(ctx, step{name: autherr.StepMFA, url: u, body: body, secrets: secrets})
	if err != nil {
		return nil, flow.RefusedActivation(e.Kind, flow.UnknownOutcome(err))
	}
	if done.Status == "MFA_ENROLL_ACTIVATE" {
		return nil, autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrBadAnswer,
			fmt.Sprintf("okta: the factor is not active after its activation (%s)", done.Status), ""))
	}
	w.Enrolled = true
	return done, e.Done(ctx, f)
}
