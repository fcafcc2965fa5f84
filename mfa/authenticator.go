package mfa

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// A code that ends sooner than this may be too old when it arrives.
const minRemaining = 3 * time.Second

// A seed whose codes were refused this often is wrong, or the clock is; more of
// them would lock the account.
const maxTOTPAttempts = 2

// A StepKeeper is an [Answerer] whose codes belong to numbered steps of time. A
// server accepts the code of a step once (RFC 6238 section 5.2), so whoever
// remembers things from one run to the next also remembers the step.
type StepKeeper interface {
	// LastStep says that this step and those before it have been used. It never
	// goes back.
	LastStep(step int64)
	// UsedStep returns the last step that was used, 0 if none was.
	UsedStep() int64
}

// Authenticator answers [TOTP] challenges as an authenticator app does: with codes
// computed from a seed and the time (RFC 6238). secret returns the seed in a form
// that [ParseSeed] reads; it is called whenever a code is needed.
//
// A code with less than three seconds to live is not given, and no step's code is
// given twice: then the Answerer waits for the next step, at most two periods and
// not beyond ctx. The wait is not counted against the exchange's time. After two
// refused codes it gives up with an error. The Answerer is a [StepKeeper] and safe
// for concurrent use.
func Authenticator(secret func(ctx context.Context) (string, error)) Answerer {
	return AuthenticatorAhead(secret, nil)
}

// AuthenticatorAhead is [Authenticator] for a provider whose clock is not this
// machine's: ahead, if not nil, tells how far it is ahead (negative: behind) whenever a
// code is needed.
func AuthenticatorAhead(secret func(ctx context.Context) (string, error), ahead func() time.Duration) Answerer {
	return &timed{hidden: "mfa.Authenticator", secret: secret, ahead: ahead}
}

type timed struct {
	hidden
	secret func(ctx context.Context) (string, error)
	ahead  func() time.Duration // nil: 0

	mu   sync.Mutex
	last int64
}

// Ready implements [Ready]: codes can be computed at any time.
func (a *timed) Ready(c Challenge) bool { return c.Kind == TOTP }

func (a *timed) Answer(ctx context.Context, c Challenge) (string, error) {
	if c.Kind != TOTP {
		return "", ErrNotMine
	}
	if c.Attempt > maxTOTPAttempts {
		return "", autherr.New(autherr.ErrMFARejected, "mfa: computed codes are refused",
			"compare this computer's clock with the true time, and check that the seed belongs to this account")
	}
	text, err := a.secret(ctx)
	if err != nil {
		return "", fmt.Errorf("mfa: reading the TOTP secret: %w", err)
	}
	seed, err := ParseSeed(text)
	if err != nil {
		return "", err
	}
	for {
		now := time.Now()
		if a.ahead != nil {
			now = now.Add(a.ahead())
		}
		code, from := a.claim(seed, now)
		if code != "" {
			return code, nil
		}
		wait := from.Sub(now)
		if wait > 2*seed.Step() {
			return "", autherr.New(autherr.ErrMFARejected, "mfa: codes for the present time have been used already",
				"this computer's clock was ahead before, or is behind now; set it")
		}
		if err := pause(ctx, wait); err != nil {
			return "", err
		}
	}
}

// claim takes the code of the step at now, or returns from when on it is worth
// trying again.
func (a *timed) claim(seed *Seed, now time.Time) (code string, from time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	code, step := seed.At(now)
	switch {
	case step <= a.last:
		return "", seed.begin(a.last + 1)
	case seed.begin(step+1).Sub(now) < minRemaining:
		return "", seed.begin(step + 1)
	}
	a.last = step
	return code, time.Time{}
}

func (a *timed) LastStep(step int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = max(a.last, step)
}

func (a *timed) UsedStep() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

// pause waits for d or the end of ctx, whose cause it returns.
func pause(ctx context.Context, d time.Duration) error {
	defer deadline.Pause(ctx)()
	defer deadline.Waiting(ctx, "the next code of the authenticator, since the present one was used or is about to end")()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
