package okta_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// newIDXSim is a simulated org with Identity Engine. It fails the test if the client
// ever goes where no sign-in has any business.
func newIDXSim(t *testing.T, p fixtures.IDXPolicy, factors ...fixtures.Factor) *sim {
	t.Helper()
	s := newSim(t, fixtures.User{Factors: factors}, fixtures.App{})
	s.okta.SetEngine("idx")
	s.okta.SetIDXPolicy(p)
	t.Cleanup(func() {
		if f := s.okta.Forbidden(); len(f) > 0 {
			t.Errorf("went to %q", f)
		}
		s.leaks()
	})
	return s
}

// signInIDX is signIn with a look at the error too.
func (s *sim) signInIDX(c *okta.Client) error {
	s.t.Helper()
	err := s.signIn(c)
	hinted(s.t, err)
	return err
}

var (
	verify1    = fixtures.Factor{Type: fixtures.FactorPush, Name: "Ana phone"}
	smsFactor1 = fixtures.Factor{Type: fixtures.FactorSMS, Phone: "+15555551234"}
)

// typing answers with whatever code the user has at that moment.
func typing(s *sim) mfa.Answerer {
	return mfa.Func(func(_ context.Context, c mfa.Challenge) (string, error) {
		switch c.Kind {
		case mfa.Email:
			return s.okta.Mailbox(ana).LastCode(), nil
		case mfa.SMS, mfa.Call:
			return s.okta.Phone(ana).LastCode(), nil
		case mfa.TOTP:
			return s.okta.Code(ana, fixtures.FactorTOTP), nil
		case mfa.Token:
			return s.okta.Code(ana, fixtures.FactorToken), nil
		case mfa.Hardware:
			return s.okta.Code(ana, fixtures.FactorHardware), nil
		case mfa.Question:
			return s.okta.Code(ana, fixtures.FactorQuestion), nil
		}
		return "", mfa.ErrNotMine
	})
}

func approving(s *sim) *phone {
	return &phone{Phone: s.okta.Phone(ana), do: func(p *fixtures.Phone) { p.Approve() }}
}

func TestSimulatedIDXFactors(t *testing.T) {
	press := func(do func(*fixtures.Phone)) func(*sim) mfa.Answerer {
		return func(s *sim) mfa.Answerer { return &phone{Phone: s.okta.Phone(ana), do: do} }
	}
	approve := press(func(p *fixtures.Phone) { p.Approve() })
	given := func(text string) func(*sim) mfa.Answerer { return func(*sim) mfa.Answerer { return mfa.Code(text) } }
	for _, tt := range []struct {
		name   string
		factor fixtures.Factor
		by     func(*sim) mfa.Answerer
		err    error
		sent   int
	}{
		{"push approved", verify1, approve, nil, 1},
		{"push denied", verify1, press(func(p *fixtures.Phone) { p.Deny() }), autherr.ErrMFARejected, 1},
		{"push ignored", verify1, press(func(p *fixtures.Phone) { p.Ignore() }), autherr.ErrMFARejected, 1},
		{"push unanswered", verify1, press(func(*fixtures.Phone) {}), autherr.ErrMFARejected, 1},
		{"push without biometrics", verify1, press(func(p *fixtures.Phone) { p.ApproveWithoutBiometrics() }), autherr.ErrMFARejected, 1},
		{"push, app too old", fixtures.Factor{Type: fixtures.FactorPush, OldApp: true}, approve, autherr.ErrMFARejected, 1},
		{"custom push", fixtures.Factor{Type: fixtures.FactorPush, Provider: "CUSTOM"}, approve, nil, 1},
		{"TOTP", fixtures.Factor{Type: fixtures.FactorTOTP}, typing, nil, 0},
		{"TOTP of Google", fixtures.Factor{Type: fixtures.FactorTOTP, Provider: "GOOGLE"}, typing, nil, 0},
		{"TOTP wrong", fixtures.Factor{Type: fixtures.FactorTOTP}, given("000000"), autherr.ErrMFARejected, 0},
		{"TOTP computed", fixtures.Factor{Type: fixtures.FactorTOTP}, func(s *sim) mfa.Answerer {
			return mfa.Authenticator(func(context.Context) (string, error) { return s.okta.TOTPSecret(ana), nil })
		}, nil, 0},
		{"SMS", smsFactor1, typing, nil, 1},
		{"SMS wrong", smsFactor1, given("0000000"), autherr.ErrPassCodeNeeded, 1},
		{"call", fixtures.Factor{Type: fixtures.FactorCall, Phone: "+15555551234"}, typing, nil, 1},
		{"mail", fixtures.Factor{Type: fixtures.FactorEmail}, typing, nil, 1},
		{"question", fixtures.Factor{Type: fixtures.FactorQuestion, Question: "Food?", Answer: "liver and onions"}, typing, nil, 0},
		{"question wrong", fixtures.Factor{Type: fixtures.FactorQuestion, Question: "Food?", Answer: "liver and onions"}, given("tripe and bread"), autherr.ErrMFARejected, 0},
		{"token", fixtures.Factor{Type: fixtures.FactorToken}, typing, nil, 0},
		{"token wants the next code", fixtures.Factor{Type: fixtures.FactorToken, NextCode: true}, typing, nil, 0},
		{"hardware key", fixtures.Factor{Type: fixtures.FactorHardware}, typing, nil, 0},
		{"WebAuthn only", fixtures.Factor{Type: fixtures.FactorWebAuthn}, given("123456"), autherr.ErrUnsupported, 0},
		{"Duo only", fixtures.Factor{Type: fixtures.FactorWeb}, given("123456"), autherr.ErrUnsupported, 0},
	} {
		for _, p := range []fixtures.IDXPolicy{{}, {IdentifierFirst: true, AskMethod: true, AutoChallenge: true, VoiceFirst: true, MagicLink: true}, {Direct: true, Page: fixtures.IDXPageDataBag}} {
			t.Run(tt.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newIDXSim(t, p, tt.factor)
					c := s.client()
					c.Answerer = tt.by(s)
					if err := s.signInIDX(c); !errors.Is(err, tt.err) {
						t.Fatalf("error %v, want %v; requests %q", err, tt.err, s.paths())
					}
					if n := len(s.okta.Phone(ana).Messages()); n != tt.sent {
						t.Errorf("%d messages, want %d", n, tt.sent)
					}
					if s.count("POST", "/api/v1/authn") != 0 {
						t.Error("the AuthN API was used")
					}
				})
			})
		}
	}
}

func TestSimulatedIDXPolicies(t *testing.T) {
	strong := []fixtures.IDXStep{{AnyOf: []string{"okta_password"}}, {AnyOf: []string{"okta_verify:push"}}}
	reverse := []fixtures.IDXStep{{AnyOf: []string{"okta_verify:push"}}, {AnyOf: []string{"okta_password"}}}
	password := []fixtures.IDXStep{{AnyOf: []string{"okta_password"}}}
	for _, tt := range []struct {
		name   string
		policy fixtures.IDXPolicy
		err    error
		text   string
	}{
		{"password", fixtures.IDXPolicy{Steps: password}, nil, ""},
		{"password and push", fixtures.IDXPolicy{Steps: strong}, nil, ""},
		{"push and password", fixtures.IDXPolicy{Steps: reverse, IdentifierFirst: true}, nil, ""},
		{"FastPass offered too", fixtures.IDXPolicy{FastPass: true}, nil, ""},
		{"only FastPass", fixtures.IDXPolicy{FastPass: true, FastPassOnly: true}, autherr.ErrUnsupported, "FastPass"},
		{"probing", fixtures.IDXPolicy{Probing: "LOOPBACK"}, nil, ""},
		{"probing by scheme", fixtures.IDXPolicy{Probing: "CUSTOM_URI", IdentifierFirst: true}, nil, ""},
		{"probing beside the form", fixtures.IDXPolicy{Probing: "UNIVERSAL_LINK", ProbingBeside: true}, nil, ""},
		{"probing that cannot be declined", fixtures.IDXPolicy{Probing: "APP_LINK", ProbingNoCancel: true}, autherr.ErrUnsupported, "FastPass"},
		{"probing that cannot be declined, beside the form", fixtures.IDXPolicy{Probing: "APP_LINK", ProbingNoCancel: true, ProbingBeside: true}, nil, ""},
		{"captcha", fixtures.IDXPolicy{Captcha: "HCAPTCHA"}, autherr.ErrUnsupported, "HCAPTCHA"},
		{"remembering before and after", fixtures.IDXPolicy{PreAuthKMSI: true, KMSI: true}, nil, ""},
		{"other providers beside", fixtures.IDXPolicy{IdPs: []fixtures.IDXIdP{{Type: "SAML2", Name: "Corp"}}}, nil, ""},
		{"other providers only", fixtures.IDXPolicy{IdPs: []fixtures.IDXIdP{{Type: "SAML2", Name: "Corp"}}, IdPsOnly: true}, autherr.ErrUnsupported, "Corp"},
		{"grace period", fixtures.IDXPolicy{GracePeriod: time.Now().AddDate(100, 0, 0)}, nil, ""},
		{"consent", fixtures.IDXPolicy{Consent: true}, autherr.ErrUnsupported, "consent"},
		{"a step that nobody knows", fixtures.IDXPolicy{Unknown: "dance-for-me"}, autherr.ErrUnsupported, "dance-for-me"},
		{"safe mode", fixtures.IDXPolicy{SafePolls: 3}, nil, ""},
		{"denied", fixtures.IDXPolicy{Denied: "security.access_denied"}, autherr.ErrExchangeRefused, "access_denied"},
		{"denied with a way home", fixtures.IDXPolicy{Denied: "security.access_denied", WayHome: true}, autherr.ErrExchangeRefused, "access_denied"},
		{"assurance", fixtures.IDXPolicy{Denied: "oie.assurance.unsatisfiable"}, autherr.ErrUnsupported, "unsatisfiable"},
		{"the app wants more", fixtures.IDXPolicy{Steps: password, AppSteps: []fixtures.IDXStep{{AnyOf: []string{"okta_verify:push"}}}}, nil, ""},
		{"redirect at the end", fixtures.IDXPolicy{RedirectBack: true}, nil, ""},
		{"page with data bag", fixtures.IDXPolicy{Page: fixtures.IDXPageDataBag}, nil, ""},
		{"page with a script object", fixtures.IDXPolicy{Page: fixtures.IDXPageOktaData}, nil, ""},
		{"page of the customer's", fixtures.IDXPolicy{Page: fixtures.IDXPageRedirected}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newIDXSim(t, tt.policy, verify1)
				c := s.client()
				c.Answerer = approving(s)
				err := s.signInIDX(c)
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q; requests %q", err, tt.err, tt.text, s.paths())
				}
				if n := s.okta.Attempts(ana); n > 1 {
					t.Errorf("the password was posted %d times", n)
				}
				if n := len(s.okta.Phone(ana).Messages()); n > 1 {
					t.Errorf("%d pushes", n)
				}
			})
		})
	}
}

// The flow passes with each oddity of recorded answers, and with all of them.
func TestSimulatedIDXQuirks(t *testing.T) {
	sets := [][]fixtures.IDXQuirk{fixtures.IDXQuirks()}
	for _, q := range fixtures.IDXQuirks() {
		sets = append(sets, []fixtures.IDXQuirk{q})
	}
	for _, quirks := range sets {
		name := "all"
		if len(quirks) == 1 {
			name = string(quirks[0])
		}
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newIDXSim(t, fixtures.IDXPolicy{FastPass: true, Probing: "LOOPBACK", IdentifierFirst: true, PreAuthKMSI: true, KMSI: true},
					fixtures.Factor{Type: fixtures.FactorPush, Name: "Ana phone", NumberChallenge: true}, smsFactor1)
				s.okta.SetIDXQuirks(quirks...)
				c := s.client()
				polls := 0
				p := &phone{Phone: s.okta.Phone(ana), do: func(p *fixtures.Phone) {
					if push, ok := p.Pending(); ok && push.Number != nil {
						if polls++; polls > 3 {
							p.Choose(*push.Number)
						}
					}
				}}
				c.Answerer = p
				if err := s.signInIDX(c); err != nil {
					t.Fatalf("error %v; requests %q", err, s.paths())
				}
				if len(slices.Compact(p.numbers)) != 1 {
					t.Errorf("numbers %v", p.numbers)
				}
			})
		})
	}
}

func TestSimulatedIDXSecondSignIn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newIDXSim(t, fixtures.IDXPolicy{PreAuthKMSI: true, RememberFor: 24 * time.Hour, IdentifierFirst: true}, verify1)
		c := s.client()
		c.Answerer = approving(s)
		if err := s.signInIDX(c); err != nil {
			t.Fatal(err)
		}
		s.net.Reset()
		c = s.client(c)
		if err := s.signInIDX(c); err != nil {
			t.Fatal(err)
		}
		if got := s.paths(); !slices.Equal(got, []string{"GET app"}) {
			t.Errorf("with a live session: %q", got)
		}
		s.okta.EndSessions(ana)
		s.net.Reset()
		c = s.client(c)
		if err := s.signInIDX(c); err != nil {
			t.Fatal(err)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 1 {
			t.Errorf("%d pushes: the device is not remembered, requests %q", n, s.paths())
		}
		s.net.Reset()
		if err := c.SignOut(t.Context()); err != nil {
			t.Error(err)
		}
		s.okta.ForgetDevices(ana)
		c = s.client(c)
		c.Answerer = approving(s)
		if err := s.signInIDX(c); err != nil {
			t.Fatal(err)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 2 {
			t.Errorf("%d pushes after the device was forgotten", n)
		}
	})
}

func TestSimulatedIDXResume(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newIDXSim(t, fixtures.IDXPolicy{}, smsFactor1)
		c := s.client()
		if err := s.signInIDX(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		s.net.Reset()
		c = s.client(c)
		if err := s.signInIDX(c); !errors.Is(err, autherr.ErrPassCodeNeeded) || len(s.net.Requests()) != 0 {
			t.Fatalf("error %v, requests %q", err, s.paths())
		}
		time.Sleep(2 * time.Minute)
		c = s.client(c)
		c.Answerer = mfa.Code(s.okta.Phone(ana).LastCode())
		if err := s.signInIDX(c); err != nil {
			t.Fatal(err)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 1 {
			t.Errorf("%d messages", n)
		}
		if s.count("POST", "/idp/idx/identify") != 0 {
			t.Errorf("the sign-in began anew: %q", s.paths())
		}
	})
}

// The transaction ends while a person looks for the telephone: once more, with the
// code of that moment.
func TestSimulatedIDXExpires(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newIDXSim(t, fixtures.IDXPolicy{}, fixtures.Factor{Type: fixtures.FactorTOTP, Provider: "GOOGLE"})
		c, asked := s.client(), 0
		c.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
			if asked++; asked == 1 {
				s.okta.ExpireIDX()
			}
			time.Sleep(time.Minute)
			return s.okta.Code(ana, fixtures.FactorTOTP), nil
		})
		if err := s.signInIDX(c); err != nil || asked != 2 {
			t.Errorf("error %v, asked %d times", err, asked)
		}
		if n := s.okta.Attempts(ana); n != 2 {
			t.Errorf("the password was posted %d times", n)
		}
	})
}

func TestSimulatedIDXWrongPassword(t *testing.T) {
	for _, p := range []fixtures.IDXPolicy{{}, {IdentifierFirst: true}, {TellUnknown: true}, {Captcha: "RECAPTCHA_V2", CaptchaAfter: 1}} {
		bubble(t, func(t *testing.T) {
			s := newIDXSim(t, p, verify1)
			c := s.client()
			c.Password = func(context.Context) (string, error) { return "not-" + secret, nil }
			if err := s.signInIDX(c); !errors.Is(err, autherr.ErrCredentials) {
				t.Errorf("error %v", err)
			}
			if n := s.okta.Attempts(ana); n != 1 {
				t.Errorf("%d wrong passwords", n)
			}
		})
	}
}

func TestSimulatedNewPassword(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		for _, next := range []string{"", "Another-Passw0rd-SECRET"} {
			bubble(t, func(t *testing.T) {
				s := newIDXSim(t, fixtures.IDXPolicy{}, verify1)
				s.okta.SetEngine(engine)
				s.okta.ChangeUser(ana, func(u *fixtures.User) { u.PasswordExpired = true })
				c := s.client()
				c.Answerer = approving(s)
				if next != "" {
					c.NewPassword = func(context.Context) (string, error) { return next, nil }
				}
				err := s.signInIDX(c)
				if next == "" {
					if !errors.Is(err, autherr.ErrCredentials) || !strings.Contains(err.Error(), "expired") {
						t.Errorf("%s: error %v", engine, err)
					}
					return
				}
				if err != nil {
					t.Fatalf("%s: %v, requests %q", engine, err, s.paths())
				}
				if strings.Contains(s.log.String(), next) {
					t.Error("the new password is logged")
				}
				c = s.client()
				c.Answerer = approving(s)
				c.Password = func(context.Context) (string, error) { return next, nil }
				if err := s.signInIDX(c); err != nil {
					t.Errorf("%s: the new password is not taken: %v", engine, err)
				}
			})
		}
	}
}

// An org that changes its engine is followed, in both directions.
func TestSimulatedEngineChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newIDXSim(t, fixtures.IDXPolicy{}, verify1)
		s.okta.SetEngine("classic")
		c := s.client()
		c.Answerer = approving(s)
		for _, engine := range []string{"classic", "idx", "classic"} {
			s.okta.SetEngine(engine)
			s.okta.EndSessions(ana)
			if err := s.signInIDX(c); err != nil {
				t.Fatalf("%s: %v; requests %q", engine, err, s.paths())
			}
		}
	})
}

// The AuthN API of an org with Identity Engine, when asked for: its session token is
// taken by the app, or the app's own transaction follows.
func TestSimulatedClassicOnIDX(t *testing.T) {
	for _, taken := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			s := newIDXSim(t, fixtures.IDXPolicy{SessionTokens: taken, Steps: []fixtures.IDXStep{{AnyOf: []string{"okta_password"}}}}, verify1)
			c := s.client()
			c.Engine, c.Answerer = "Classic", approving(s)
			if err := s.signInIDX(c); err != nil {
				t.Fatalf("error %v; requests %q", err, s.paths())
			}
			if s.count("POST", "/api/v1/authn") == 0 || (s.count("POST", "/idp/idx") == 0) != taken {
				t.Errorf("requests %q", s.paths())
			}
			if n := s.okta.Attempts(ana); n > 2 {
				t.Errorf("the password was posted %d times", n)
			}
		})
	}
}
