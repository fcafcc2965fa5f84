package okta_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// TestInterruptedPrompt: whoever ends the sign-in while a code is asked for (Ctrl-C,
// SIGTERM, a deadline) can go on with that code. The transaction is not cancelled, and
// neither the password nor a message is sent again.
func TestInterruptedPrompt(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		for _, factor := range []fixtures.Factor{
			smsFactor1, {Type: fixtures.FactorEmail}, {Type: fixtures.FactorCall, Phone: "+15555551234"},
			{Type: fixtures.FactorTOTP}, {Type: fixtures.FactorQuestion}, {Type: fixtures.FactorToken}, {Type: fixtures.FactorHardware},
		} {
			for _, by := range []string{"cancel", "deadline"} {
				t.Run(engine+", "+factor.Type+", "+by, func(t *testing.T) {
					bubble(t, func(t *testing.T) { interruptPrompt(t, engine, factor, by) })
				})
			}
		}
	}
}

func interruptPrompt(t *testing.T, engine string, factor fixtures.Factor, by string) {
	s := newSim(t, fixtures.User{Factors: []fixtures.Factor{factor}}, fixtures.App{})
	if engine == "idx" {
		s.okta.SetEngine("idx")
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	c := s.client()
	c.Answerer = mfa.Func(func(inner context.Context, _ mfa.Challenge) (string, error) {
		if by == "cancel" {
			stop()
		}
		<-inner.Done()
		return "", context.Cause(inner)
	})
	_, err := c.SignIn(ctx, nil)
	if !errors.Is(err, context.Cause(ctx)) || !errors.Is(err, autherr.ErrPassCodeNeeded) {
		t.Fatalf("interrupted: %v", err)
	}
	hinted(t, err)
	if n := s.cancels(); n != 0 {
		t.Errorf("cancelled %d times: %q", n, s.paths())
	}
	sent := len(s.okta.Phone(ana).Messages())
	if s.passwords() != 1 {
		t.Fatalf("%d passwords: %q", s.passwords(), s.paths())
	}
	next := s.client(c)
	next.Answerer = typing(s)
	if err := s.signIn(next); err != nil {
		t.Errorf("with the code: %v", err)
	}
	if n := s.passwords(); n != 1 {
		t.Errorf("%d passwords in both: %q", n, s.paths())
	}
	if n := len(s.okta.Phone(ana).Messages()); n != sent {
		t.Errorf("%d messages, want %d", n, sent)
	}
}

// cancels counts the requests that cancel a transaction.
func (s *sim) cancels() int {
	return s.count("POST", "/api/v1/authn/cancel") + s.count("POST", "/idp/idx/cancel")
}

// TestInterruptedElsewhere: what is not a prompt for a code, or cannot be met by one
// any more, is cancelled as before, so that nobody completes it by a tap.
func TestInterruptedElsewhere(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		t.Run(engine+", push", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorPush}}}, fixtures.App{})
				if engine == "idx" {
					s.okta.SetEngine("idx")
				}
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
				defer stop()
				if _, err := s.client().SignIn(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, autherr.ErrPassCodeNeeded) {
					t.Errorf("error %v", err)
				}
				if n := s.cancels(); n != 1 {
					t.Errorf("cancelled %d times: %q", n, s.paths())
				}
			})
		})
		t.Run(engine+", another factor is wanted next time", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: []fixtures.Factor{smsFactor1, {Type: fixtures.FactorTOTP}}}, fixtures.App{})
				if engine == "idx" {
					s.okta.SetEngine("idx")
				}
				ctx, stop := context.WithCancel(t.Context())
				c := s.client()
				c.Factor = okta.FactorChoice{Kind: mfa.SMS}
				c.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
					stop()
					return "", context.Canceled
				})
				if _, err := c.SignIn(ctx, nil); !errors.Is(err, autherr.ErrPassCodeNeeded) || strings.Contains(err.Error(), "refused") {
					t.Fatalf("interrupted: %v", err)
				}
				next := s.client(c)
				next.Factor, next.Answerer = okta.FactorChoice{Kind: mfa.TOTP}, typing(s)
				if err := s.signIn(next); err != nil || s.cancels() != 1 {
					t.Errorf("with the other factor: %v, cancelled %d times", err, s.cancels())
				}
			})
		})
	}
}

// The caller leaves while the code is being posted: it is not posted again, and the
// transaction stays open for another message.
func TestInterruptedWhileTheCodeIsPosted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{smsFactor1}}, fixtures.App{})
		s.loseCode(false)
		ctx, stop := context.WithCancel(t.Context())
		c := s.client()
		c.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
			time.AfterFunc(0, stop)
			return s.okta.Phone(ana).LastCode(), nil
		})
		if _, err := c.SignIn(ctx, nil); err == nil {
			t.Fatal("signed in")
		}
		time.Sleep(time.Minute)
		s.net.Intercept(nil) // the caller may have left before the code went out
		next := s.client(c)
		next.Answerer = typing(s)
		if err := s.signIn(next); err != nil {
			t.Error(err)
		}
		if s.passwords() != 1 || s.cancels() != 0 {
			t.Errorf("%d passwords, %d cancels: %q", s.passwords(), s.cancels(), s.paths())
		}
	})
}
