package okta_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// offering is an org that offers ana, who has no factor, to enrol one.
func offering(t *testing.T, engine string, rule fixtures.EnrollRule) *sim {
	s := newSim(t, fixtures.User{}, fixtures.App{})
	s.okta.SetEngine(engine)
	s.okta.ChangePolicy(func(p *fixtures.Policy) { p.Enroll = rule })
	s.okta.SetIDXPolicy(fixtures.IDXPolicy{Enroll: rule, Steps: []fixtures.IDXStep{
		{AnyOf: []string{"okta_password"}}, {AnyOf: []string{"webauthn", "google_otp"}}}})
	return s
}

// TestEnrollAtSignIn: a sign-in that is asked to enrols what the organisation offers, and is
// through with that; the next one uses it. The factor is handed over before Okta is told.
func TestEnrollAtSignIn(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		for _, rule := range []fixtures.EnrollRule{fixtures.EnrollOptional, fixtures.EnrollRequired} {
			for _, kind := range []mfa.Kind{mfa.Passkey, mfa.TOTP} {
				t.Run(engine+" "+string(kind), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						s := offering(t, engine, rule)
						var kept []*okta.NewFactor
						e := keepingIn(kind, &kept)
						activated := 0
						e.Activated = func(_ context.Context, f *okta.NewFactor) error {
							activated++
							if len(kept) != 1 || kept[0] != f {
								t.Error("it is another one than was pending")
							}
							return nil
						}
						c := s.client()
						c.EnrollNext(&e)
						if err := s.signIn(c); err != nil || activated != 1 {
							t.Fatalf("%v, %d activated", err, activated)
						}
						s.okta.EndSessions(ana)
						s.net.Reset()
						again := s.client()
						again.Passkeys = holding()
						if kind == mfa.Passkey {
							again.Passkeys = holding(kept[0].Passkey)
						} else {
							app := mfa.Authenticator(func(context.Context) (string, error) { return kept[0].Seed, nil })
							app.(mfa.StepKeeper).LastStep(kept[0].Step)
							again.Answerer = app
						}
						if err := s.signIn(again); err != nil {
							t.Error(err)
						}
						if kind == mfa.Passkey && signatures(s) != 1 {
							t.Errorf("%d signatures", signatures(s))
						}
					})
				})
			}
		}
	}
}

// TestEnrollNotOffered: what is not offered is not taken, and the error says who can change
// that; a sign-in that nobody asked to enrol skips the offer.
func TestEnrollNotOffered(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		t.Run(engine, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := offering(t, engine, fixtures.EnrollOptional)
				if err := s.signIn(s.client()); err != nil {
					t.Fatal(err)
				}
				if n := s.count("POST", "/idp/idx/credential/enroll") + s.count("POST", "/api/v1/authn/factors"); n != 0 {
					t.Errorf("%d enrolments were begun by themselves", n)
				}
				s.okta.EndSessions(ana)
				s.okta.ChangePolicy(func(p *fixtures.Policy) { p.NoEnroll = []string{fixtures.FactorWebAuthn} })
				var kept []*okta.NewFactor
				e := keepingIn(mfa.Passkey, &kept)
				c := s.client()
				c.EnrollNext(&e)
				err := s.signIn(c)
				if !errors.Is(err, autherr.ErrUnsupported) || !strings.Contains(hintOf(err), "administrator") || len(kept) != 0 {
					t.Errorf("%v (%s), %d made", err, hintOf(err), len(kept))
				}
				if err := s.signIn(s.client()); err != nil {
					t.Errorf("the sign-in after that: %v", err)
				}
			})
		})
	}
}

// TestEnrollAtSignInRefused: an organisation that does not accept the key.
func TestEnrollAtSignInRefused(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		t.Run(engine, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := offering(t, engine, fixtures.EnrollRequired)
				s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{AAGUIDs: []string{}})
				var kept []*okta.NewFactor
				e := keepingIn(mfa.Passkey, &kept)
				c := s.client()
				c.EnrollNext(&e)
				err := s.signIn(c)
				if !errors.Is(err, autherr.ErrUnsupported) || errors.Is(err, okta.ErrOutcomeUnknown) ||
					!strings.Contains(hintOf(err), passkey.AAGUID) {
					t.Errorf("%v (%s)", err, hintOf(err))
				}
				if len(s.okta.Passkeys(ana)) != 0 {
					t.Error("Okta has a key")
				}
			})
		})
	}
}
