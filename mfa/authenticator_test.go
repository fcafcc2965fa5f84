package mfa_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
)

func secret(context.Context) (string, error) { return rfcSeed(20), nil }

// codeAt is the code of the step that began at or before t.
func codeAt(t *testing.T, at time.Time) string {
	t.Helper()
	s, err := mfa.ParseSeed(rfcSeed(20))
	if err != nil {
		t.Fatal(err)
	}
	code, _ := s.At(at)
	return code
}

var totp = mfa.Challenge{Kind: mfa.TOTP, Attempt: 1}

// The clock of a synctest bubble starts at midnight, the beginning of a step.
func TestAuthenticatorWaits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		into  time.Duration // of the step, when the code is asked for
		used  int64         // steps that were used before, relative to the present one; 1: none
		waits time.Duration
	}{
		{"fresh step", 0, 1, 0},
		{"three seconds left", 27 * time.Second, 1, 0},
		{"less than three seconds left", 27*time.Second + 1, 1, 3*time.Second - 1},
		{"last moment", 30*time.Second - 1, 1, 1},
		{"step used in an earlier run", 10 * time.Second, 0, 20 * time.Second},
		{"step used, nearly over", 28 * time.Second, 0, 2 * time.Second},
		{"step before was used", 10 * time.Second, -1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				a := mfa.Authenticator(secret)
				if tt.used <= 0 {
					a.(mfa.StepKeeper).LastStep(start.Unix()/30 + tt.used)
				}
				time.Sleep(tt.into)
				asked := time.Now()
				code, err := a.Answer(t.Context(), totp)
				if err != nil {
					t.Fatal(err)
				}
				if got := time.Since(asked); got != tt.waits {
					t.Errorf("waited %v, want %v", got, tt.waits)
				}
				if code != codeAt(t, time.Now()) {
					t.Errorf("code is not that of the present step")
				}
				if got := a.(mfa.StepKeeper).UsedStep(); got != time.Now().Unix()/30 {
					t.Errorf("UsedStep = %d", got)
				}
			})
		})
	}
}

func TestAuthenticatorNeverRepeatsAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := mfa.Authenticator(secret)
		start := time.Now()
		var mu sync.Mutex
		seen := map[string]bool{}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				code, err := a.Answer(t.Context(), totp)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || seen[code] {
					t.Errorf("code again or error %v", err)
				}
				seen[code] = true
			})
		}
		wg.Wait()
		if got := time.Since(start); got != time.Minute || len(seen) != 3 {
			t.Errorf("%d codes in %v", len(seen), got)
		}
	})
}

func TestAuthenticatorHonoursContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := mfa.Authenticator(secret)
		keeper := a.(mfa.StepKeeper)
		keeper.LastStep(time.Now().Unix() / 30)
		used := keeper.UsedStep()
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
		defer cancel()
		start := time.Now()
		if _, err := a.Answer(ctx, totp); !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
		if time.Since(start) != 5*time.Second || keeper.UsedStep() != used {
			t.Errorf("after %v, step %d", time.Since(start), keeper.UsedStep())
		}
	})
}

// The budget of the network steps is not spent on waiting for the clock.
func TestAuthenticatorPausesTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := deadline.WithBudget(t.Context(), 10*time.Second)
		defer cancel()
		a := mfa.Authenticator(secret)
		a.(mfa.StepKeeper).LastStep(time.Now().Unix() / 30)
		if _, err := a.Answer(ctx, totp); err != nil {
			t.Errorf("got %v after 30 s with a budget of 10 s", err)
		}
	})
}

func TestAuthenticatorRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locked := errors.New("keyring is locked")
		start := time.Now()
		clockBack := mfa.Authenticator(secret)
		clockBack.(mfa.StepKeeper).LastStep(start.Unix()/30 + 1000)
		never := func(context.Context) (string, error) {
			t.Error("the seed was read for nothing")
			return "", nil
		}
		for _, tt := range []struct {
			name    string
			a       mfa.Answerer
			c       mfa.Challenge
			wantErr error
		}{
			{"push", mfa.Authenticator(never), mfa.Challenge{Kind: mfa.Push}, mfa.ErrNotMine},
			{"SMS", mfa.Authenticator(never), mfa.Challenge{Kind: mfa.SMS}, mfa.ErrNotMine},
			{"question", mfa.Authenticator(never), mfa.Challenge{Kind: mfa.Question}, mfa.ErrNotMine},
			{"third attempt", mfa.Authenticator(never), mfa.Challenge{Kind: mfa.TOTP, Attempt: 3}, autherr.ErrMFARejected},
			{"no seed to be had", mfa.Authenticator(func(context.Context) (string, error) { return "", locked }), totp, locked},
			{"bad seed", mfa.Authenticator(func(context.Context) (string, error) { return "123456", nil }), totp, autherr.ErrConfig},
			{"clock set back", clockBack, totp, autherr.ErrMFARejected},
		} {
			code, err := tt.a.Answer(t.Context(), tt.c)
			if !errors.Is(err, tt.wantErr) || code != "" {
				t.Errorf("%s: %q, %v; want %v", tt.name, code, err, tt.wantErr)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
	})
}

// The second try is with the next step's code: the first may have been late.
func TestAuthenticatorSecondAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := mfa.Authenticator(secret)
		first, err := a.Answer(t.Context(), totp)
		if err != nil {
			t.Fatal(err)
		}
		second, err := a.Answer(t.Context(), mfa.Challenge{Kind: mfa.TOTP, Attempt: 2, Refused: "invalid code"})
		if err != nil || second == first || second != codeAt(t, time.Now()) {
			t.Errorf("%v, same code: %t", err, first == second)
		}
	})
}

func TestStepsGoThroughFirst(t *testing.T) {
	a := mfa.First(mfa.Code(""), mfa.Authenticator(secret)).(mfa.StepKeeper)
	a.LastStep(7)
	a.LastStep(5)
	if got := a.UsedStep(); got != 7 {
		t.Errorf("UsedStep = %d, want 7", got)
	}
}

// The code is the one of the provider's clock, and a step of that clock is used once.
func TestAuthenticatorAhead(t *testing.T) {
	for _, ahead := range []time.Duration{0, -time.Hour, 10 * time.Minute, 100 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			a := mfa.AuthenticatorAhead(secret, func() time.Duration { return ahead })
			for range 2 {
				code, err := a.Answer(t.Context(), totp)
				if want := codeAt(t, time.Now().Add(ahead)); err != nil || code != want {
					t.Errorf("ahead %v: got %s, %v; want %s", ahead, code, err, want)
				}
			}
			if step := a.(mfa.StepKeeper).UsedStep(); step != time.Now().Add(ahead).Unix()/30 {
				t.Errorf("ahead %v: step %d", ahead, step)
			}
		})
	}
}
