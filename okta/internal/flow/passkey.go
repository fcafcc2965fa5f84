package flow

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
	"github.com/ssoexchange/ssoexchange/passkey"
)

// Types of factors that a WebAuthn key answers: the AuthN API's, and ours for Identity
// Engine's authenticator.
const (
	TypeWebAuthn    = "webauthn"
	TypeSecurityKey = "security key"
)

// MaxSignatures bounds how often one passkey signs in one sign-in. A refusal comes with a
// new challenge, which is signed once: what is refused twice is the wrong key.
const MaxSignatures = 2

// HintPasskey is the hint of a signature that was refused.
const HintPasskey = "the passkey may have been removed, or belong to another name of the organisation: " +
	"enrol another one, or choose another factor"

// ReadPasskeys takes over the client's own passkeys, once in a sign-in.
func (w *Flow) ReadPasskeys(ctx context.Context) (err error) {
	if w.Client.Passkeys == nil || w.keysRead {
		return nil
	}
	if w.Passkeys, err = w.Client.Passkeys(ctx); err != nil {
		return autherr.AtStep(autherr.StepState, fmt.Errorf("okta: reading the passkeys: %w", err))
	}
	w.keysRead = true
	return nil
}

// PasskeyFor returns the newest passkey that belongs to the host of an address and is one of
// those with the ids in registered, or any if these are not told; nil: there is none.
func (w *Flow) PasskeyFor(at *url.URL, registered []string) *passkey.Credential {
	var best *passkey.Credential
	for _, k := range w.Passkeys {
		if !belongs(k, at) || len(registered) > 0 && !IsListed(registered, k) {
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

// IsListed reports whether a passkey is one of those with the ids.
func IsListed(ids []string, k *passkey.Credential) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return isID(id, k) })
}

// NoPasskey explains the error of a choice that wanted a passkey and found none: whether
// there is none, or it belongs elsewhere, or the user has not registered it.
func (w *Flow) NoPasskey(ctx context.Context, err error, at *url.URL, registered []string) error {
	if bad := w.ReadPasskeys(ctx); bad != nil {
		return bad
	}
	switch want := w.Client.Factor.Kind; {
	case want == mfa.Passkey:
	case want == "" && len(w.Passkeys) > 0 && errors.Is(err, autherr.ErrUnsupported):
	default:
		return err
	}
	var names []string
	here := false
	for _, k := range w.Passkeys {
		here = here || belongs(k, at)
		names = append(names, k.RPID())
	}
	e := &autherr.Error{Kind: autherr.ErrConfig, Cause: err}
	switch {
	case len(w.Passkeys) == 0:
		e.Text, e.Hint = "okta: no passkey is stored for this user", "enrol one first, or set MFAType to another factor"
	case !here:
		e.Text = fmt.Sprintf("okta: the stored passkey belongs to %s, and the sign-in is at %s",
			strings.Join(names, ", "), at.Hostname())
		e.Hint = "a passkey works only under the name that it was made for: enrol another one there"
	case w.PasskeyFor(at, registered) == nil:
		e.Text = "okta: the stored passkey is not among those that the user has registered"
		e.Hint = "it may have been revoked: enrol another one, or set MFAType to another factor"
	default:
		return err // passkeys are not offered
	}
	return e
}

// CredentialIDs lists the ids of the WebAuthn keys among factors.
func CredentialIDs(fs []Factor) []string {
	var all []string
	for _, f := range fs {
		if strings.EqualFold(f.Type, TypeWebAuthn) && f.Profile.CredentialID != "" {
			all = append(all, f.Profile.CredentialID)
		}
	}
	return all
}

// Sign answers a WebAuthn challenge as it was received, for the page at an address. The
// fields are in standard base64 with padding, as Okta's own pages send them.
func Sign(k *passkey.Credential, at *url.URL, challenge []byte, registered []string) (map[string]string, error) {
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
	if IsListed(registered, k) {
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

// SameHost refuses to sign for a sign-in at one host what another one asks for.
func SameHost(at, to *url.URL) error {
	if to.Host == at.Host {
		return nil
	}
	return autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: the sign-in is at %s and its signature is asked for by %s", at.Host, Printable(to.Host, nil)),
		"set SSOLoginURL to the host that the organisation signs in at")
}
