package deadline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

func TestBudgetEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := deadline.WithBudget(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		<-ctx.Done()
		if got := time.Since(start); got != time.Minute {
			t.Errorf("ended after %v, want 1m", got)
		}
		if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			t.Errorf("cause %v is no deadline", context.Cause(ctx))
		}
	})
}

func TestPauseStopsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := deadline.WithBudget(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		time.Sleep(50 * time.Second)
		outer := deadline.Pause(ctx)
		inner := deadline.Pause(ctx)
		time.Sleep(10 * time.Minute)
		inner()
		time.Sleep(10 * time.Minute)
		if ctx.Err() != nil {
			t.Fatal("the budget was spent while it was paused")
		}
		outer()
		outer() // a second call must not resume twice
		<-ctx.Done()
		if got, want := time.Since(start), 21*time.Minute; got != want {
			t.Errorf("ended after %v, want %v: 50 s before the pause, 10 s after it", got, want)
		}
	})
}

func TestCancelLeavesNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := deadline.WithBudget(t.Context(), time.Minute)
		cancel()
		if !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("cause %v, want context.Canceled", context.Cause(ctx))
		}
		resume := deadline.Pause(ctx)
		resume()
		time.Sleep(2 * time.Minute)
		if !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("cause changed to %v", context.Cause(ctx))
		}
	})
}

func TestPauseWithoutBudget(t *testing.T) {
	resume := deadline.Pause(t.Context())
	resume()
	if t.Context().Err() != nil {
		t.Error("a context without a budget was ended")
	}
}
