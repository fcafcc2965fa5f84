package okta_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// An authenticator of both engines, or of Identity Engine alone.
type authenticator struct {
	name   string
	factor fixtures.Factor
	idx    bool
}

var authenticators = []authenticator{
	{name: "SMS", factor: fixtures.Factor{Type: fixtures.FactorSMS}},
	{name: "call", factor: fixtures.Factor{Type: fixtures.FactorCall}},
	{name: "mail", factor: fixtures.Factor{Type: fixtures.FactorEmail}},
	{name: "Okta Verify push", factor: fixtures.Factor{Type: fixtures.FactorPush, NumberChallenge: true}},
	{name: "custom push", factor: fixtures.Factor{Type: fixtures.FactorPush, Provider: "CUSTOM"}, idx: true},
	{name: "Okta Verify code", factor: fixtures.Factor{Type: fixtures.FactorTOTP}},
	{name: "Google", factor: fixtures.Factor{Type: fixtures.FactorTOTP, Provider: "GOOGLE"}},
	{name: "custom OTP", factor: fixtures.Factor{Type: fixtures.FactorHOTP}},
	{name: "RSA", factor: fixtures.Factor{Type: fixtures.FactorToken}},
	{name: "on-premises", factor: fixtures.Factor{Type: fixtures.FactorToken, Provider: "ONPREM"}, idx: true},
	{name: "Symantec", factor: fixtures.Factor{Type: fixtures.FactorToken, Provider: "SYMANTEC"}},
	{name: "YubiKey", factor: fixtures.Factor{Type: fixtures.FactorHardware}},
	{name: "question", factor: fixtures.Factor{Type: fixtures.FactorQuestion}},
}

func (a authenticator) pushes() bool { return a.factor.Type == fixtures.FactorPush }
func (a authenticator) sends() bool {
	return a.factor.Type == fixtures.FactorSMS || a.factor.Type == fixtures.FactorCall || a.factor.Type == fixtures.FactorEmail
}

// onEach runs do in a bubble for every authenticator of every engine that fits.
func onEach(t *testing.T, fits func(authenticator) bool, do func(t *testing.T, s *sim, a authenticator)) {
	t.Helper()
	for _, engine := range []string{"classic", "idx"} {
		n := 0
		for _, a := range authenticators {
			if !fits(a) || a.idx && engine == "classic" {
				continue
			}
			n++
			t.Run(engine+"/"+a.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newIDXSim(t, fixtures.IDXPolicy{IdentifierFirst: true, FastPass: true}, a.factor)
					s.okta.SetEngine(engine)
					do(t, s, a)
				})
			})
		}
		if n == 0 {
			t.Errorf("%s has no authenticator that fits", engine)
		}
	}
}

func every(authenticator) bool   { return true }
func codes(a authenticator) bool { return !a.pushes() }

// right is what the user would type now.
func (s *sim) right(a authenticator) string {
	if a.factor.Provider != "" {
		return s.okta.Code(ana, a.factor.Type, a.factor.Provider)
	}
	return s.okta.Code(ana, a.factor.Type)
}

// answers is a person who says one thing after the other, and then nothing.
func answers(asked *int, next ...func(mfa.Challenge) (string, error)) mfa.Answerer {
	return mfa.Func(func(_ context.Context, c mfa.Challenge) (string, error) {
		if *asked++; *asked > len(next) {
			return "", mfa.ErrNotMine
		}
		return next[*asked-1](c)
	})
}

func says(text string) func(mfa.Challenge) (string, error) {
	return func(mfa.Challenge) (string, error) { return text, nil }
}

// A wrong code leaves room for another one in the same transaction, and is never sent
// a second time.
func TestEachAuthenticatorWrong(t *testing.T) {
	onEach(t, codes, func(t *testing.T, s *sim, a authenticator) {
		c, asked, refused := s.client(), 0, ""
		c.Answerer = answers(&asked, says("900001"), says("900001"), func(ch mfa.Challenge) (string, error) {
			refused = ch.Refused
			if a.factor.Type == fixtures.FactorTOTP {
				refused = "-" // the same code again only means that the next one is waited for
			}
			return s.right(a), nil
		})
		if err := s.signInIDX(c); err != nil {
			t.Fatalf("%v, requests %q", err, s.paths())
		}
		posted := 0
		for _, r := range s.net.Requests() {
			posted += strings.Count(string(r.Body), "900001")
		}
		if asked != 3 || posted != 1 || refused == "" {
			t.Errorf("asked %d times, the wrong code was posted %d times, the person was told %q", asked, posted, refused)
		}
		if n := s.okta.Attempts(ana); n != 1 {
			t.Errorf("the password was posted %d times", n)
		}
	})
}

// Only wrong codes: three, and then an error of the kind that says what to do.
func TestEachAuthenticatorOnlyWrong(t *testing.T) {
	onEach(t, codes, func(t *testing.T, s *sim, a authenticator) {
		c, asked := s.client(), 0
		c.Answerer = answers(&asked, says("900001"), says("900002"), says("900003"), says("900004"))
		want := autherr.ErrMFARejected
		if a.sends() {
			want = autherr.ErrPassCodeNeeded
		}
		if err := s.signInIDX(c); !errors.Is(err, want) || asked != 3 {
			t.Errorf("asked %d times: %v", asked, err)
		}
	})
}

func TestEachAuthenticatorRejected(t *testing.T) {
	onEach(t, authenticator.pushes, func(t *testing.T, s *sim, a authenticator) {
		for _, press := range []func(*fixtures.Phone){func(p *fixtures.Phone) { p.Deny() }, func(p *fixtures.Phone) { p.Ignore() }} {
			c := s.client()
			c.Answerer = &phone{Phone: s.okta.Phone(ana), do: press}
			if err := s.signInIDX(c); !errors.Is(err, autherr.ErrMFARejected) {
				t.Errorf("error %v", err)
			}
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 2 {
			t.Errorf("%d pushes for two sign-ins", n)
		}
	})
}

// Nobody answers in MFATimeout: the transaction of a push is given up, that of a code
// waits.
func TestEachAuthenticatorTimesOut(t *testing.T) {
	onEach(t, every, func(t *testing.T, s *sim, a authenticator) {
		c := s.client()
		c.MFATimeout = 20 * time.Second
		c.Answerer = mfa.Func(func(ctx context.Context, _ mfa.Challenge) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		want := autherr.ErrPassCodeNeeded
		if a.pushes() {
			want = autherr.ErrMFARejected
		}
		began := time.Now()
		if err := s.signInIDX(c); !errors.Is(err, want) {
			t.Fatalf("error %v", err)
		}
		if took := time.Since(began); took < 20*time.Second || took > 25*time.Second {
			t.Errorf("took %v", took)
		}
		if a.pushes() {
			return
		}
		c = s.client(c)
		asked := 0
		c.Answerer = answers(&asked, func(mfa.Challenge) (string, error) { return s.right(a), nil })
		if err := s.signInIDX(c); err != nil || s.okta.Attempts(ana) != 1 {
			t.Errorf("afterwards: %v, %d passwords", err, s.okta.Attempts(ana))
		}
	})
}

// The transaction ends while a person thinks. Where nobody was sent anything it is
// begun anew; a second message or push is not sent unasked.
func TestEachAuthenticatorExpires(t *testing.T) {
	onEach(t, every, func(t *testing.T, s *sim, a authenticator) {
		engine := "classic"
		if strings.Contains(t.Name(), "/idx/") {
			engine = "idx"
		}
		lose := func() { s.okta.SetEngine(engine) } // loses every transaction
		c, asked := s.client(), 0
		if a.pushes() {
			lost := false
			c.Answerer = &phone{Phone: s.okta.Phone(ana), do: func(*fixtures.Phone) {
				if !lost {
					lost = true
					lose()
				}
			}}
		} else {
			answer := func(mfa.Challenge) (string, error) {
				if asked == 1 {
					lose()
				}
				time.Sleep(time.Minute)
				return s.right(a), nil
			}
			c.Answerer = answers(&asked, answer, answer)
		}
		err := s.signInIDX(c)
		messages, passwords := len(s.okta.Phone(ana).Messages()), s.okta.Attempts(ana)
		switch {
		case a.pushes() || a.sends():
			if !errors.Is(err, autherr.ErrUnreachable) || messages != 1 || passwords != 1 {
				t.Errorf("error %v, %d messages, %d passwords", err, messages, passwords)
			}
		case err != nil || asked != 2 || passwords != 2:
			t.Errorf("error %v, asked %d times, %d passwords", err, asked, passwords)
		}
	})
}

// A limit that is reached with the second factor ends the sign-in and says how long it
// lasts. What waited for a code still waits.
func TestEachAuthenticatorLimited(t *testing.T) {
	onEach(t, every, func(t *testing.T, s *sim, a authenticator) {
		s.net.Intercept(func(_ string, r *http.Request) http.Handler {
			if s.okta.Attempts(ana) > 0 && (strings.Contains(r.URL.Path, "/factors/") || strings.HasPrefix(r.URL.Path, "/idp/idx/challenge")) {
				s.okta.RateLimit(0)
			}
			return nil
		})
		c, asked := s.client(), 0
		c.Answerer = answers(&asked, func(mfa.Challenge) (string, error) { return s.right(a), nil })
		if a.pushes() {
			c.Answerer = approving(s)
		}
		err := s.signInIDX(c)
		var wait interface{ RetryAfter() time.Duration }
		if !errors.Is(err, autherr.ErrRateLimited) || !errors.As(err, &wait) || wait.RetryAfter() <= 0 || wait.RetryAfter() > time.Minute {
			t.Fatalf("error %v", err)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 0 {
			t.Errorf("%d messages", n)
		}
		s.net.Intercept(nil)
		s.okta.RateLimit(600)
		time.Sleep(wait.RetryAfter() + 30*time.Second)
		c, asked = s.client(c), 0
		c.Answerer = answers(&asked, func(mfa.Challenge) (string, error) { return s.right(a), nil })
		if a.pushes() {
			c.Answerer = approving(s)
		}
		if err := s.signInIDX(c); err != nil {
			t.Errorf("afterwards: %v, requests %q", err, s.paths())
		}
	})
}

// A refused API token or new password is not blamed on the password.
func TestRefusedSecret(t *testing.T) {
	for _, tt := range []struct {
		want   string
		engine string
		change func(*okta.Client)
	}{
		{"Password", "classic", func(c *okta.Client) {
			c.Password = func(context.Context) (string, error) { return "not-it", nil }
		}},
		{"Password", "idx", func(c *okta.Client) {
			c.Password = func(context.Context) (string, error) { return "not-it", nil }
		}},
		{"APIToken", "classic", func(c *okta.Client) {
			c.APIToken = func(context.Context) (string, error) { return "00wrong-token-0000", nil }
		}},
		{"NewPassword", "classic", func(c *okta.Client) {
			c.NewPassword = func(context.Context) (string, error) { return "short", nil }
		}},
		{"NewPassword", "idx", func(c *okta.Client) {
			c.NewPassword = func(context.Context) (string, error) { return "short", nil }
		}},
	} {
		bubble(t, func(t *testing.T) {
			s := newIDXSim(t, fixtures.IDXPolicy{})
			s.okta.SetEngine(tt.engine)
			s.okta.ChangeUser(ana, func(u *fixtures.User) { u.PasswordExpired = true })
			c := s.client()
			tt.change(c)
			var e *okta.Error
			if err := s.signInIDX(c); !errors.As(err, &e) || !errors.Is(err, autherr.ErrCredentials) || e.RefusedSecret() != tt.want {
				t.Errorf("%s on %s: %v", tt.want, tt.engine, err)
			}
		})
	}
}
