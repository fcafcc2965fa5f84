package okta_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// registered makes a passkey for ana and registers it at the simulated org, which checks it.
func registered(t *testing.T, s *sim) *passkey.Credential {
	t.Helper()
	var made *passkey.Credential
	err := s.okta.RegisterPasskey(ana, func(options []byte) (clientData, attestation []byte, err error) {
		o, err := passkey.ParseCreation(options)
		if err != nil {
			return nil, nil, err
		}
		k, a, err := passkey.Create(s.okta.BaseURL(), o, passkey.Properties{BackupEligible: true})
		if err != nil {
			return nil, nil, err
		}
		made = k
		return a.ClientDataJSON, a.AttestationObject, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// elsewherePasskey is a passkey of another organisation.
func elsewherePasskey(t *testing.T) *passkey.Credential {
	t.Helper()
	k, _, err := passkey.Create("https://other.okta.test",
		&passkey.CreationOptions{UserHandle: []byte("x"), Challenge: []byte("x")}, passkey.Properties{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// withKeyOf is the passkey k with the key of another one: what a copy is after the key was
// replaced.
func withKeyOf(t *testing.T, k, other *passkey.Credential) *passkey.Credential {
	t.Helper()
	var a, b map[string]any
	for into, from := range map[*map[string]any]*passkey.Credential{&a: k, &b: other} {
		data, err := from.Snapshot()
		if err != nil || json.Unmarshal(data, into) != nil {
			t.Fatal(err)
		}
	}
	a["key"] = b["key"]
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	again, err := passkey.Restore(data)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func holding(ks ...*passkey.Credential) func(context.Context) ([]*passkey.Credential, error) {
	return func(context.Context) ([]*passkey.Credential, error) { return ks, nil }
}

// signatures counts the requests that held a signature.
func signatures(s *sim) int {
	n := 0
	for _, q := range s.net.Requests() {
		if strings.Contains(string(q.Body), "signatureData") {
			n++
		}
	}
	return n
}

var wantsPasskey = okta.FactorChoice{Kind: mfa.Passkey, Name: "Passkey"}

// passkeyCase is one sign-in with a passkey that ana has registered, or not.
type passkeyCase struct {
	name    string
	factors []fixtures.Factor // beside the passkey
	choice  okta.FactorChoice
	setUp   func(t *testing.T, s *sim, k *passkey.Credential) []*passkey.Credential // what the client holds; nil: k
	err     error
	text    string // in the error
	signed  [2]int // signatures sent: Classic, Identity Engine
}

var passkeyCases = []passkeyCase{
	{name: "wanted", choice: wantsPasskey, signed: [2]int{1, 1}},
	{name: "chosen before a push and a code", factors: []fixtures.Factor{verify1, {Type: fixtures.FactorTOTP}},
		signed: [2]int{1, 1}},
	{name: "another key beside it", factors: []fixtures.Factor{{Type: fixtures.FactorWebAuthn}}, choice: wantsPasskey,
		signed: [2]int{1, 1}},
	{name: "two of ours", choice: wantsPasskey, signed: [2]int{1, 1},
		setUp: func(t *testing.T, s *sim, k *passkey.Credential) []*passkey.Credential {
			return []*passkey.Credential{elsewherePasskey(t), k, registered(t, s)}
		}},
	{name: "under the organisation's domain", choice: wantsPasskey, signed: [2]int{1, 1},
		setUp: func(t *testing.T, s *sim, _ *passkey.Credential) []*passkey.Credential {
			_, domain, _ := strings.Cut(s.okta.Host(), ".")
			s.okta.RemovePasskeys(ana)
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{RPID: domain})
			return []*passkey.Credential{registered(t, s)}
		}},
	{name: "none stored", choice: wantsPasskey, err: autherr.ErrConfig, text: "no passkey is stored",
		setUp: func(*testing.T, *sim, *passkey.Credential) []*passkey.Credential { return []*passkey.Credential{} }},
	{name: "another organisation's", choice: wantsPasskey, err: autherr.ErrConfig, text: "belongs to other.okta.test",
		setUp: func(t *testing.T, _ *sim, _ *passkey.Credential) []*passkey.Credential {
			return []*passkey.Credential{elsewherePasskey(t)}
		}},
	{name: "revoked, another key left", factors: []fixtures.Factor{{Type: fixtures.FactorWebAuthn}}, choice: wantsPasskey,
		err: autherr.ErrConfig, text: "not among those that the user has registered",
		setUp: func(_ *testing.T, s *sim, k *passkey.Credential) []*passkey.Credential {
			s.okta.RemovePasskeys(ana)
			return []*passkey.Credential{k}
		}},
	{name: "the organisation has another name now", choice: wantsPasskey, err: autherr.ErrConfig, text: "is asked for",
		setUp: func(_ *testing.T, s *sim, k *passkey.Credential) []*passkey.Credential {
			_, domain, _ := strings.Cut(s.okta.Host(), ".")
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{RPID: domain})
			return []*passkey.Credential{k}
		}},
	{name: "a foreign name is asked for", choice: wantsPasskey, err: autherr.ErrBadAnswer, text: "may not use",
		setUp: func(_ *testing.T, s *sim, k *passkey.Credential) []*passkey.Credential {
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{RPID: "evil.test"})
			return []*passkey.Credential{k}
		}},
	{name: "the user is to be verified", choice: wantsPasskey, err: autherr.ErrUnsupported, text: "verified",
		setUp: func(_ *testing.T, s *sim, k *passkey.Credential) []*passkey.Credential {
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{UserVerification: "required"})
			return []*passkey.Credential{k}
		}},
	{name: "a wrong key under the id", choice: wantsPasskey, err: autherr.ErrMFARejected, signed: [2]int{1, 2},
		setUp: func(t *testing.T, _ *sim, k *passkey.Credential) []*passkey.Credential {
			return []*passkey.Credential{withKeyOf(t, k, elsewherePasskey(t))}
		}},
}

// TestPasskey: with a passkey nobody is asked and nothing is sent to anybody; what cannot be
// right is not signed; what is refused is signed once more at most.
func TestPasskey(t *testing.T) {
	for i, engine := range []string{"classic", "idx"} {
		for _, tt := range passkeyCases {
			t.Run(engine+"/"+tt.name, func(t *testing.T) { bubble(t, func(t *testing.T) { tt.run(t, engine, tt.signed[i]) }) })
		}
	}
}

func (tt passkeyCase) run(t *testing.T, engine string, signed int) {
	s := newSim(t, fixtures.User{Factors: tt.factors}, fixtures.App{})
	s.okta.SetEngine(engine)
	held := []*passkey.Credential{registered(t, s)}
	if tt.setUp != nil {
		held = tt.setUp(t, s, held[0])
	}
	s.net.Reset()
	c := s.client()
	c.Factor, c.Passkeys = tt.choice, holding(held...)
	c.Answerer = mfa.Func(func(_ context.Context, ch mfa.Challenge) (string, error) {
		t.Errorf("asked for %s", ch)
		return "", mfa.ErrNotMine
	})
	err := s.signInIDX(c)
	if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
		t.Errorf("error %v, want %v with %q", err, tt.err, tt.text)
	}
	if n := signatures(s); n != signed {
		t.Errorf("%d signatures were sent, want %d", n, signed)
	}
	if n := len(s.okta.Phone(ana).Messages()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	if n := s.okta.Attempts(ana); n != 1 {
		t.Errorf("the password was sent %d times", n)
	}
	s.leaks()
}

// TestPasskeyPolicies: policies that only a key satisfies, in the session's rule and in the
// app's, and every oddity of answers.
func TestPasskeyPolicies(t *testing.T) {
	password, key := fixtures.IDXStep{AnyOf: []string{"okta_password"}}, fixtures.IDXStep{AnyOf: []string{"webauthn"}}
	only := []fixtures.IDXStep{password, key}
	policies := map[string]fixtures.IDXPolicy{
		"resistant to phishing only": {Steps: only},
		"direct":                     {Steps: only, Direct: true},
		"the key first":              {IdentifierFirst: true, Steps: []fixtures.IDXStep{key, password}},
		"at the app":                 {Steps: []fixtures.IDXStep{password}, AppSteps: []fixtures.IDXStep{key}},
		"every time":                 {Steps: only, EveryTime: true},
	}
	for name, p := range policies {
		for _, q := range append([]fixtures.IDXQuirk{""}, fixtures.IDXQuirks()...) {
			t.Run(name+"/"+string(q), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newIDXSim(t, p, verify1)
					if q != "" {
						s.okta.SetIDXQuirks(q)
					}
					c := s.client()
					c.Passkeys = holding(registered(t, s))
					s.net.Reset()
					if err := s.signInIDX(c); err != nil || signatures(s) != 1 {
						t.Errorf("%v, with %d signatures", err, signatures(s))
					}
				})
			})
		}
	}
	t.Run("step-up of Classic", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			s := newSim(t, fixtures.User{}, fixtures.App{MFA: true, EveryTime: true})
			s.okta.ChangePolicy(func(p *fixtures.Policy) { p.MFA = false })
			c := s.client()
			c.Passkeys = holding(registered(t, s))
			s.net.Reset()
			if err := s.signIn(c); err != nil || signatures(s) != 1 {
				t.Errorf("%v, with %d signatures", err, signatures(s))
			}
		})
	})
}

// TestPasskeySent: what is sent is what Okta's own pages send, and no more.
func TestPasskeySent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newIDXSim(t, fixtures.IDXPolicy{})
		c := s.client()
		c.Passkeys = holding(registered(t, s))
		s.net.Reset()
		if err := s.signInIDX(c); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(s.net.Requests(), func(q fixtures.Request) bool {
			return strings.Contains(string(q.Body), "signatureData")
		})
		var body struct{ Credentials map[string]string }
		if err := json.Unmarshal(s.net.Requests()[i].Body, &body); err != nil {
			t.Fatal(err)
		}
		for name, text := range body.Credentials {
			if len(text)%4 != 0 || strings.ContainsAny(text, "-_") {
				t.Errorf("%s is not in padded standard base64: %q", name, text)
			}
		}
		if len(body.Credentials) != 3 {
			t.Errorf("%d fields", len(body.Credentials))
		}
	})
}
