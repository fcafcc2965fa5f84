package okta_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

func TestSimulatedFactors(t *testing.T) {
	code := func(typ string) func(*sim) mfa.Answerer {
		return func(s *sim) mfa.Answerer {
			return mfa.Func(func(context.Context, mfa.Challenge) (string, error) { return s.okta.Code(ana, typ), nil })
		}
	}
	last := func(s *sim) mfa.Answerer {
		return mfa.Func(func(_ context.Context, c mfa.Challenge) (string, error) {
			if c.Kind == mfa.Email {
				return s.okta.Mailbox(ana).LastCode(), nil
			}
			return s.okta.Phone(ana).LastCode(), nil
		})
	}
	given := func(text string) func(*sim) mfa.Answerer {
		return func(*sim) mfa.Answerer { return mfa.Code(text) }
	}
	press := func(do func(*fixtures.Phone)) func(*sim) mfa.Answerer {
		return func(s *sim) mfa.Answerer { return &phone{Phone: s.okta.Phone(ana), do: do} }
	}
	approve := func(p *fixtures.Phone) { p.Approve() }
	tests := []struct {
		name   string
		factor fixtures.Factor
		by     func(*sim) mfa.Answerer
		err    error
		sent   int // messages of any kind
	}{
		{"push approved", fixtures.Factor{Type: fixtures.FactorPush}, press(approve), nil, 1},
		{"push denied", fixtures.Factor{Type: fixtures.FactorPush}, press(func(p *fixtures.Phone) { p.Deny() }), autherr.ErrMFARejected, 1},
		{"push timed out", fixtures.Factor{Type: fixtures.FactorPush}, press(func(p *fixtures.Phone) { p.Ignore() }), autherr.ErrMFARejected, 1},
		{"push unanswered", fixtures.Factor{Type: fixtures.FactorPush}, press(func(*fixtures.Phone) {}), autherr.ErrMFARejected, 1},
		{"push, app too old", fixtures.Factor{Type: fixtures.FactorPush, OldApp: true}, press(approve), autherr.ErrMFARejected, 1},
		{"TOTP", fixtures.Factor{Type: fixtures.FactorTOTP}, code(fixtures.FactorTOTP), nil, 0},
		{"TOTP of Google", fixtures.Factor{Type: fixtures.FactorTOTP, Provider: "GOOGLE"}, code(fixtures.FactorTOTP), nil, 0},
		{"TOTP computed", fixtures.Factor{Type: fixtures.FactorTOTP}, func(s *sim) mfa.Answerer {
			return mfa.Authenticator(func(context.Context) (string, error) { return s.okta.TOTPSecret(ana), nil })
		}, nil, 0},
		{"TOTP computed from a wrong seed", fixtures.Factor{Type: fixtures.FactorTOTP}, func(*sim) mfa.Answerer {
			return mfa.Authenticator(func(context.Context) (string, error) { return "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", nil })
		}, autherr.ErrMFARejected, 0},
		{"TOTP wrong", fixtures.Factor{Type: fixtures.FactorTOTP}, given("000000"), autherr.ErrMFARejected, 0},
		{"SMS", fixtures.Factor{Type: fixtures.FactorSMS}, last, nil, 1},
		{"SMS wrong", fixtures.Factor{Type: fixtures.FactorSMS}, given("0000000"), autherr.ErrPassCodeNeeded, 1},
		{"call", fixtures.Factor{Type: fixtures.FactorCall}, last, nil, 1},
		{"mail", fixtures.Factor{Type: fixtures.FactorEmail}, last, nil, 1},
		{"question", fixtures.Factor{Type: fixtures.FactorQuestion}, code(fixtures.FactorQuestion), nil, 0},
		{"question wrong", fixtures.Factor{Type: fixtures.FactorQuestion}, given("liver and onions"), autherr.ErrMFARejected, 0},
		{"token", fixtures.Factor{Type: fixtures.FactorToken}, code(fixtures.FactorToken), nil, 0},
		{"token wants the next code", fixtures.Factor{Type: fixtures.FactorToken, NextCode: true}, code(fixtures.FactorToken), nil, 0},
		{"hardware key", fixtures.Factor{Type: fixtures.FactorHardware}, code(fixtures.FactorHardware), nil, 0},
		{"hardware key wrong", fixtures.Factor{Type: fixtures.FactorHardware}, given("cccccccccccccccc"), autherr.ErrMFARejected, 0},
		{"WebAuthn only", fixtures.Factor{Type: fixtures.FactorWebAuthn}, given("123456"), autherr.ErrUnsupported, 0},
		{"Duo only", fixtures.Factor{Type: fixtures.FactorWeb}, given("123456"), autherr.ErrUnsupported, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: []fixtures.Factor{tt.factor}}, fixtures.App{})
				c := s.client()
				c.Answerer = tt.by(s)
				if err := s.signIn(c); !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				if n := len(s.okta.Phone(ana).Messages()); n != tt.sent {
					t.Errorf("%d messages, want %d", n, tt.sent)
				}
				if tt.err != nil {
					return
				}
				// The device is remembered: the next sign-in asks for no factor.
				s.okta.EndSessions(ana)
				s.net.Reset()
				again := s.client(c)
				again.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
					t.Error("asked for a factor on a remembered device")
					return "", mfa.ErrNotMine
				})
				if err := s.signIn(again); err != nil || s.count("POST", "/api/v1/authn/factors") != 0 {
					t.Errorf("on a remembered device: %v, requests %q", err, s.paths())
				}
			})
		})
	}
}

func TestSimulatedNumberChallenge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorPush}}}, fixtures.App{})
		polls := 0
		p := &phone{Phone: s.okta.Phone(ana)}
		p.do = func(f *fixtures.Phone) {
			switch polls++; polls {
			case 1:
				f.ShowNumber(0)
			case 3:
				f.ShowNumber(92)
			case 5:
				f.Choose(92)
			}
		}
		c := s.client()
		c.Answerer = p
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if want := []int{0, 0, 92, 92}; !slices.Equal(p.numbers, want) {
			t.Errorf("numbers %v, want %v", p.numbers, want)
		}
	})
}

func TestSimulatedResume(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorSMS}}}, fixtures.App{})
		c := s.client()
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		s.net.Reset()
		if c = s.client(c); !errors.Is(s.signIn(c), autherr.ErrPassCodeNeeded) || len(s.net.Requests()) != 0 {
			t.Errorf("without a code: requests %q", s.paths())
		}
		time.Sleep(time.Minute)
		c = s.client(c)
		c.Answerer = mfa.Code(s.okta.Phone(ana).LastCode())
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if got, want := s.paths(), []string{"POST/verify", "GET app"}; !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestSimulatedResumeWithAWrongCode(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorSMS}}}, fixtures.App{})
		c := s.client()
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		c = s.client(c)
		c.Answerer = mfa.Code("0000000")
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 2 {
			t.Errorf("%d messages: a new one takes the place of the refused code", n)
		}
		c = s.client(c)
		c.Answerer = mfa.Code(s.okta.Phone(ana).LastCode())
		if err := s.signIn(c); err != nil || s.okta.Attempts(ana) != 1 {
			t.Errorf("%v after %d passwords", err, s.okta.Attempts(ana))
		}
	})
}

func TestSimulatedStepUp(t *testing.T) {
	for _, style := range []fixtures.StepUpStyle{fixtures.StepUpPage, fixtures.StepUpSecondFactor, fixtures.StepUpCustom} {
		bubble(t, func(t *testing.T) {
			s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorTOTP}}}, fixtures.App{MFA: true, EveryTime: true, Reauthenticate: time.Hour, StepUp: style})
			s.okta.ChangePolicy(func(p *fixtures.Policy) { p.MFA = false })
			c := s.client()
			c.Answerer = mfa.Authenticator(func(context.Context) (string, error) { return s.okta.TOTPSecret(ana), nil })
			if err := s.signIn(c); err != nil {
				t.Fatalf("style %d: %v, requests %q", style, err, s.paths())
			}
			time.Sleep(90 * time.Minute) // the session lives, the password is old
			s.net.Reset()
			again := s.client(c)
			again.Answerer = c.Answerer
			if err := s.signIn(again); err != nil || s.count("GET", "/login/step-up/redirect") != 1 {
				t.Errorf("style %d, again: %v, requests %q", style, err, s.paths())
			}
		})
	}
}

func TestSimulatedComputedCodesAreNotUsedTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorTOTP}}}, fixtures.App{})
		s.okta.ChangePolicy(func(p *fixtures.Policy) { p.RememberDevice = false })
		var c *okta.Client
		for range 3 { // three processes within one step of time
			var earlier []*okta.Client
			if c != nil {
				earlier = append(earlier, c)
			}
			c = s.client(earlier...)
			c.Forget(false)
			c.Answerer = mfa.Authenticator(func(context.Context) (string, error) { return s.okta.TOTPSecret(ana), nil })
			if err := s.signIn(c); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.count("POST", "/api/v1/authn/factors"); n != 3 {
			t.Errorf("%d codes posted for three sign-ins", n)
		}
	})
}

func TestSimulatedPollsBeyondTheRateLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorPush}}}, fixtures.App{})
		s.okta.RateLimit(4) // the password, the push, two polls
		began := time.Now()
		c := s.client()
		c.Answerer = &phone{Phone: s.okta.Phone(ana), do: func(p *fixtures.Phone) {
			if time.Since(began) > 20*time.Second {
				p.Approve()
			}
		}}
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 1 {
			t.Errorf("%d pushes", n)
		}
	})
}

// TestSimulatedStepUpIsResumed: a rule of the app asks for the code, after the sign-in.
func TestSimulatedStepUpIsResumed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorSMS}}}, fixtures.App{MFA: true})
		s.okta.ChangePolicy(func(p *fixtures.Policy) { p.MFA = false })
		c := s.client()
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		c = s.client(c)
		c.Answerer = mfa.Code(s.okta.Phone(ana).LastCode())
		if err := s.signIn(c); err != nil || s.okta.Attempts(ana) != 1 {
			t.Errorf("%v after %d passwords", err, s.okta.Attempts(ana))
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}
