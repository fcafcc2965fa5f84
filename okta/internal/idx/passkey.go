package idx

import (
	"context"
	"slices"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// readPasskeys reads the passkeys if an answer speaks of WebAuthn keys.
func (t *transaction) readPasskeys(ctx context.Context, a *ion.Answer) error {
	is := func(x ion.Authenticator) bool { return x.Key == ion.AuthWebAuthn }
	if a.Current != nil && is(*a.Current) ||
		slices.ContainsFunc(a.Authenticators, is) || slices.ContainsFunc(a.Enrollments, is) {
		return t.w.ReadPasskeys(ctx)
	}
	return nil
}

// signable gives a WebAuthn authenticator of an answer the passkey that can answer it.
func (t *transaction) signable(a *ion.Answer, f *flow.Factor) {
	if f.Vendor == ion.AuthWebAuthn {
		f.Passkey = t.w.PasskeyFor(t.origin, a.WebAuthnIDs())
	}
}

// asksPasskey: a signature is wanted, and a passkey of ours is the one to give it.
func (t *transaction) asksPasskey(a *ion.Answer) bool {
	f, ok := current(a)
	t.signable(a, &f)
	return ok && a.Form(ion.ChallengeAuthenticator) != nil && f.Kind() == mfa.Passkey && t.wantsCurrent(a)
}

// answerPasskey signs the challenge, and once more the new one that a refusal brings.
func (t *transaction) answerPasskey(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	f, _ := current(a)
	t.signable(a, &f)
	if t.picked == nil {
		t.picked = &candidate{factor: f}
	}
	for signed := 1; ; signed++ {
		next, err := t.postSignature(ctx, a, f.Passkey)
		if err != nil {
			return nil, autherr.AtStep(autherr.StepMFA, err)
		}
		e, _ := t.refusal(next)
		switch {
		case e == nil && next.Status < 300:
			t.done[spent(f)], t.picked = true, nil
			return next, nil
		case e == nil:
			e = flow.WithKind(&flow.Error{Status: next.Status}, autherr.ErrMFARejected, flow.HintPasskey)
		case e.Is(autherr.ErrExchangeRefused), e.Is(autherr.ErrBadAnswer):
			e = flow.WithKind(e, autherr.ErrMFARejected, flow.HintPasskey) // a key that nobody has heard of
		}
		again := next.Current != nil && next.Form(ion.ChallengeAuthenticator) != nil && at(next, f)
		if signed == flow.MaxSignatures || !again || !e.Is(autherr.ErrMFARejected) ||
			string(next.Current.WebAuthn.Challenge) == string(a.Current.WebAuthn.Challenge) {
			t.w.Restarted = true // a new transaction would be refused, too
			return nil, autherr.AtStep(autherr.StepMFA, e)
		}
		a = next
	}
}

// postSignature signs for the host at which the transaction was begun, and for no other.
func (t *transaction) postSignature(ctx context.Context, a *ion.Answer, k *passkey.Credential) (*ion.Answer, error) {
	form := a.Form(ion.ChallengeAuthenticator)
	to, err := t.w.CheckLink(autherr.StepMFA, flow.Link{Href: form.Href})
	if err != nil {
		return nil, err
	}
	if err := flow.SameHost(t.origin, to); err != nil {
		return nil, err
	}
	signed, err := flow.Sign(k, t.origin, a.Current.WebAuthn.Challenge, a.WebAuthnIDs())
	if err != nil {
		return nil, err
	}
	own := ion.Values{}
	for name, value := range signed {
		if form.Field("credentials", name) != nil {
			own[name] = value
		}
	}
	return t.send(ctx, filled{step: autherr.StepMFA, form: form, values: ion.Values{"credentials": own}})
}
