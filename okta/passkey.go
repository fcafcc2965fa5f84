package okta

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// Types of factors that a WebAuthn key answers: the AuthN API's, and ours for Identity
// Engine's authenticator.
const (
	typeWebAuthn    = "webauthn"
	typeSecurityKey = "security key"
)

// maxSignatures bounds how often one passkey signs in one sign-in. A refusal comes with a
// new challenge, which is signed once: what is refused twice is the wrong key.
const maxSignatures = 2

const hintPasskey = "the passkey may have been removed, or belong to another name of the organisation: " +
	"enrol another one, or choose another factor"

// readPasskeys takes over the client's own passkeys, once in a sign-in.
func (w *flow) readPasskeys(ctx context.Context) (err error) {
	if w.c.Passkeys == nil || w.keysRead {
		return nil
	}
	if w.passkeys, err = w.c.Passkeys(ctx); err != nil {
		return autherr.AtStep(autherr.StepState, fmt.Errorf("okta: reading the passkeys: %w", err))
	}
	w.keysRead = true
	return nil
}

// passkeyFor returns the newest passkey that belongs to the host of an address and is one of
// those with the ids in registered, or any if these are not told; nil: there is none.
func (w *flow) passkeyFor(at *url.URL, registered []string) *passkey.Credential {
	var best *passkey.Credential
	for _, k := range w.passkeys {
		if !belongs(k, at) || len(registered) > 0 && !isListed(registered, k) {
			continue
		}
		if best == nil || k.Created().After(best.Created()) {
			best = k
		}
	}
	return best
}

// belongs reports whether a passkey may be asked for at an address.
func belongs(k *passkey.Credential, at *url.URL) bool {
	origin, err := passkey.Origin(at)
	if err != nil {
		return false
	}
	_, err = passkey.RPID(origin, k.RPID())
	return err == nil
}

// isID compares an id as a server writes it, in either base64 alphabet, with a passkey's.
func isID(id string, k *passkey.Credential) bool {
	id = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(id, "="))
	return id == base64.RawURLEncoding.EncodeToString(k.ID())
}

// isListed reports whether a passkey is one of those with the ids.
func isListed(ids []string, k *passkey.Credential) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return isID(id, k) })
}

// noPasskey explains the error of a choice that wanted a passkey and found none: whether
// there is none, or it belongs elsewhere, or the user has not registered it.
func (w *flow) noPasskey(ctx context.Context, err error, at *url.URL, registered []string) error {
	if bad := w.readPasskeys(ctx); bad != nil {
		return bad
	}
	switch want := w.c.Factor.Kind; {
	case want == mfa.Passkey:
	case want == "" && len(w.passkeys) > 0 && errors.Is(err, autherr.ErrUnsupported):
	default:
		return err
	}
	var names []string
	here := false
	for _, k := range w.passkeys {
		here = here || belongs(k, at)
		names = append(names, k.RPID())
	}
	e := &autherr.Error{Kind: autherr.ErrConfig, Cause: err}
	switch {
	case len(w.passkeys) == 0:
		e.Text, e.Hint = "okta: no passkey is stored for this user", "enrol one first, or set MFAType to another factor"
	case !here:
		e.Text = fmt.Sprintf("okta: the stored passkey belongs to %s, and the sign-in is at %s",
			strings.Join(names, ", "), at.Hostname())
		e.Hint = "a passkey works only under the name that it was made for: enrol another one there"
	case w.passkeyFor(at, registered) == nil:
		e.Text = "okta: the stored passkey is not among those that the user has registered"
		e.Hint = "it may have been revoked: enrol another one, or set MFAType to another factor"
	default:
		return err // passkeys are not offered
	}
	return e
}

// credentialIDs lists the ids of the WebAuthn keys among factors.
func credentialIDs(fs []factor) []string {
	var all []string
	for _, f := range fs {
		if strings.EqualFold(f.Type, typeWebAuthn) && f.Profile.CredentialID != "" {
			all = append(all, f.Profile.CredentialID)
		}
	}
	return all
}

// signable gives each WebAuthn factor of a transaction the passkey that can answer it.
func (w *flow) signable(ctx context.Context, t *transaction) error {
	for i := range t.Factors {
		f := &t.Factors[i]
		if !strings.EqualFold(f.Type, typeWebAuthn) {
			continue
		}
		if err := w.readPasskeys(ctx); err != nil {
			return err
		}
		var id []string
		if f.Profile.CredentialID != "" {
			id = []string{f.Profile.CredentialID}
		}
		f.passkey = w.passkeyFor(w.api, id)
	}
	return nil
}

// readPasskeys reads the passkeys if an answer speaks of WebAuthn keys.
func (t *idxTransaction) readPasskeys(ctx context.Context, a *ion.Answer) error {
	is := func(x ion.Authenticator) bool { return x.Key == ion.AuthWebAuthn }
	if a.Current != nil && is(*a.Current) ||
		slices.ContainsFunc(a.Authenticators, is) || slices.ContainsFunc(a.Enrollments, is) {
		return t.w.readPasskeys(ctx)
	}
	return nil
}

// signable gives a WebAuthn authenticator of an answer the passkey that can answer it.
func (t *idxTransaction) signable(a *ion.Answer, f *factor) {
	if f.Vendor == ion.AuthWebAuthn {
		f.passkey = t.w.passkeyFor(t.origin, a.WebAuthnIDs())
	}
}

// sign answers a WebAuthn challenge as it was received, for the page at an address. The
// fields are in standard base64 with padding, as Okta's own pages send them.
func sign(k *passkey.Credential, at *url.URL, challenge []byte, registered []string) (map[string]string, error) {
	if len(challenge) == 0 {
		return nil, autherr.New(autherr.ErrBadAnswer, "okta: a signature is asked for without a challenge", "")
	}
	origin, err := passkey.Origin(at)
	if err != nil {
		return nil, err
	}
	o, err := passkey.ParseRequest(challenge)
	if err != nil {
		return nil, err
	}
	if isListed(registered, k) {
		o.Allow = append(o.Allow, k.ID())
	}
	a, err := k.Assert(origin, o, passkey.Properties{})
	if err != nil {
		return nil, err
	}
	encode := base64.StdEncoding.EncodeToString
	return map[string]string{"clientData": encode(a.ClientDataJSON), "authenticatorData": encode(a.AuthenticatorData),
		"signatureData": encode(a.Signature), "userHandle": encode(a.UserHandle)}, nil
}

// sameHost refuses to sign for a sign-in at one host what another one asks for.
func sameHost(at, to *url.URL) error {
	if to.Host == at.Host {
		return nil
	}
	return autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: the sign-in is at %s and its signature is asked for by %s", at.Host, shown(to.Host, nil)),
		"set SSOLoginURL to the host that the organisation signs in at")
}

// asksPasskey: a signature is wanted, and a passkey of ours is the one to give it.
func (t *idxTransaction) asksPasskey(a *ion.Answer) bool {
	f, ok := current(a)
	t.signable(a, &f)
	return ok && a.Form(ion.ChallengeAuthenticator) != nil && f.kind() == mfa.Passkey && t.wantsCurrent(a)
}

// answerPasskey signs the challenge, and once more the new one that a refusal brings.
func (t *idxTransaction) answerPasskey(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	f, _ := current(a)
	t.signable(a, &f)
	if t.picked == nil {
		t.picked = &candidate{factor: f}
	}
	for signed := 1; ; signed++ {
		next, err := t.postSignature(ctx, a, f.passkey)
		if err != nil {
			return nil, autherr.AtStep(autherr.StepMFA, err)
		}
		e, _ := t.refusal(next)
		switch {
		case e == nil && next.Status < 300:
			t.done[spent(f)], t.picked = true, nil
			return next, nil
		case e == nil:
			e = &Error{Status: next.Status, kind: autherr.ErrMFARejected, hint: hintPasskey}
		case e.kind == autherr.ErrExchangeRefused || e.kind == autherr.ErrBadAnswer:
			e = e.as(autherr.ErrMFARejected, hintPasskey) // a key that nobody has heard of
		}
		again := next.Current != nil && next.Form(ion.ChallengeAuthenticator) != nil && at(next, f)
		if signed == maxSignatures || !again || e.kind != autherr.ErrMFARejected ||
			string(next.Current.WebAuthn.Challenge) == string(a.Current.WebAuthn.Challenge) {
			t.w.restarted = true // a new transaction would be refused, too
			return nil, autherr.AtStep(autherr.StepMFA, e)
		}
		a = next
	}
}

// postSignature signs for the host at which the transaction was begun, and for no other.
func (t *idxTransaction) postSignature(ctx context.Context, a *ion.Answer, k *passkey.Credential) (*ion.Answer, error) {
	form := a.Form(ion.ChallengeAuthenticator)
	to, err := t.w.checkLink(autherr.StepMFA, link{Href: form.Href})
	if err != nil {
		return nil, err
	}
	if err := sameHost(t.origin, to); err != nil {
		return nil, err
	}
	signed, err := sign(k, t.origin, a.Current.WebAuthn.Challenge, a.WebAuthnIDs())
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

// answerPasskey has a factor of the AuthN API challenged, where it is not yet, and signs the
// challenge. A refusal ends it: there is no new challenge without a new transaction.
func (w *flow) answerPasskey(ctx context.Context, t *transaction, f factor) (*transaction, error) {
	if !isChallenge(t.Status) {
		verify, _ := f.verify()
		u, err := w.checkLink(autherr.StepMFA, verify)
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
	u, err := w.checkLink(autherr.StepMFA, next)
	if err != nil {
		return nil, err
	}
	if err := sameHost(w.api, u); err != nil {
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	signed, err := sign(f.passkey, w.api, t.WebAuthn, nil)
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
	var oe *Error
	if errors.As(err, &oe) && oe.Code == "E0000068" {
		w.restarted = true
		return nil, autherr.AtStep(autherr.StepMFA, oe.as(autherr.ErrMFARejected, hintPasskey))
	}
	if err != nil {
		return nil, err
	}
	return done, w.approved(ctx, remember)
}
