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

// admin is a client with an administrator's API token and nobody's password.
func (s *sim) admin() *okta.Client {
	c := s.client()
	token := s.okta.AddAPIToken()
	c.APIToken = func(context.Context) (string, error) { return token, nil }
	c.Password = func(context.Context) (string, error) {
		s.t.Error("the password was read")
		return "", errors.New("no password")
	}
	return c
}

var google = fixtures.Factor{Type: fixtures.FactorTOTP, Provider: "GOOGLE"}

// keepingIn enrols a factor of a kind and notes what was pending.
func keepingIn(kind mfa.Kind, kept *[]*okta.NewFactor) okta.Enrollment {
	return okta.Enrollment{Kind: kind, Properties: passkey.Properties{BackupEligible: true},
		Pending: func(_ context.Context, f *okta.NewFactor) error {
			*kept = append(*kept, f)
			return nil
		}}
}

// TestEnrollByToken: a factor that an administrator's token has enrolled signs the user in,
// with nobody there, and works no more once it is removed.
func TestEnrollByToken(t *testing.T) {
	for _, kind := range []mfa.Kind{mfa.Passkey, mfa.TOTP} {
		for _, engine := range []string{"classic", "idx"} {
			t.Run(string(kind)+" "+engine, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newSim(t, fixtures.User{}, fixtures.App{})
					s.okta.SetEngine(engine)
					var kept []*okta.NewFactor
					admin := s.admin()
					f, err := admin.EnrollFactor(t.Context(), keepingIn(kind, &kept))
					if err != nil || len(kept) != 1 || kept[0] != f || f.ID == "" {
						t.Fatalf("%v, %v", f, err)
					}
					c := s.client()
					c.Factor = okta.FactorChoice{Kind: kind}
					if kind == mfa.Passkey {
						c.Passkeys = holding(f.Passkey)
					} else {
						app := mfa.Authenticator(func(context.Context) (string, error) { return f.Seed, nil })
						app.(mfa.StepKeeper).LastStep(f.Step) // spent on the activation
						c.Answerer = app
					}
					if err := s.signIn(c); err != nil {
						t.Fatal(err)
					}
					if err := admin.RemoveFactor(t.Context(), f.ID); err != nil {
						t.Fatal(err)
					}
					if err := admin.RemoveFactor(t.Context(), f.ID); err != nil {
						t.Errorf("removed twice: %v", err)
					}
					if fs, err := admin.Factors(t.Context()); err != nil || len(fs) != 0 {
						t.Errorf("%v, %v are left", fs, err)
					}
				})
			})
		}
	}
}

// TestEnrollRefusals: what an org refuses leaves nothing behind, there or here, and says what
// an administrator can change.
func TestEnrollRefusals(t *testing.T) {
	keep := func(*okta.Enrollment) {}
	for name, tt := range map[string]struct {
		kind   mfa.Kind
		org    func(*sim)
		change func(*okta.Enrollment)
		err    error
		hint   string
		left   int // factors of the user
	}{
		"not offered": {mfa.Passkey, func(s *sim) {
			s.okta.ChangePolicy(func(p *fixtures.Policy) { p.NoEnroll = []string{fixtures.FactorWebAuthn} })
		}, keep, autherr.ErrUnsupported, "enrolment policy", 0},
		"another AAGUID": {mfa.Passkey, func(s *sim) {
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{AAGUIDs: []string{"fdb141b2-5d84-443e-8a35-4698c205a502"}})
		}, keep, autherr.ErrUnsupported, passkey.AAGUID, 0},
		"no copies": {mfa.Passkey, func(s *sim) {
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{BlockSynced: true})
		}, keep, autherr.ErrUnsupported, "copied", 0},
		"a certificate is wanted": {mfa.Passkey, func(s *sim) {
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{Certificates: true})
		}, keep, autherr.ErrUnsupported, "certificate", 0},
		"the user is to be verified": {mfa.Passkey, func(s *sim) {
			s.okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{UserVerification: "required"})
		}, keep, autherr.ErrUnsupported, "preferred", 0},
		"there is an app": {mfa.TOTP, func(s *sim) {
			s.okta.AddUser(fixtures.User{Login: ana, Factors: []fixtures.Factor{google}})
		}, keep, autherr.ErrConfig, "explicitly", 1},
		"it cannot be stored": {mfa.Passkey, func(*sim) {}, func(e *okta.Enrollment) {
			e.Pending = func(context.Context, *okta.NewFactor) error { return autherr.New(autherr.ErrConfig, "disk full", "x") }
		}, autherr.ErrConfig, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{}, fixtures.App{})
				tt.org(s)
				var kept []*okta.NewFactor
				e := keepingIn(tt.kind, &kept)
				tt.change(&e)
				admin := s.admin()
				f, err := admin.EnrollFactor(t.Context(), e)
				if f != nil || !errors.Is(err, tt.err) || errors.Is(err, okta.ErrOutcomeUnknown) {
					t.Fatalf("%v, %v, want %v", f, err, tt.err)
				}
				if hint := hintOf(err); !strings.Contains(hint, tt.hint) {
					t.Errorf("hint %q lacks %q", hint, tt.hint)
				}
				if fs, err := admin.Factors(t.Context()); err != nil || len(fs) != tt.left {
					t.Errorf("%d factors are left, want %d (%v)", len(fs), tt.left, err)
				}
			})
		})
	}
}

// TestEnrollReplaces: an authenticator app is replaced if that is asked for.
func TestEnrollReplaces(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{google}}, fixtures.App{})
		var kept []*okta.NewFactor
		e := keepingIn(mfa.TOTP, &kept)
		e.Replace = true
		f, err := s.admin().EnrollFactor(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if fs, err := s.admin().Factors(t.Context()); err != nil || len(fs) != 1 || fs[0].ID != f.ID {
			t.Errorf("%v, %v", fs, err)
		}
	})
}

// TestEnrollWrongToken: a token that is refused is the APIToken's refusal, and nobody's
// password is in question.
func TestEnrollWrongToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{}, fixtures.App{})
		c := s.admin()
		c.APIToken = func(context.Context) (string, error) { return "00wrong", nil }
		_, err := c.EnrollFactor(t.Context(), okta.Enrollment{Kind: mfa.Passkey})
		var e *okta.Error
		if !errors.Is(err, autherr.ErrCredentials) || !errors.As(err, &e) || e.RefusedSecret() != "APIToken" {
			t.Error(err)
		}
		if s.okta.Attempts(ana) != 0 {
			t.Error("a password was sent")
		}
	})
}

func hintOf(err error) string {
	var h interface{ HintText() string }
	if errors.As(err, &h) {
		return h.HintText()
	}
	return ""
}
