package deadline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := deadline.WithBudget(t.Context(), time.Minute)
		defer cancel()
		if same, done := deadline.Limit(ctx); same != ctx {
			t.Error("while the clock goes, it is bound enough")
			done()
		}
		time.Sleep(50 * time.Second)
		resume := deadline.Pause(ctx)
		for range 2 { // each request anew
			start := time.Now()
			one, done := deadline.Limit(ctx)
			<-one.Done()
			done()
			if took := time.Since(start); took != time.Minute || !errors.Is(context.Cause(one), context.DeadlineExceeded) {
				t.Errorf("a request while somebody is waited for: %v, after %v", context.Cause(one), took)
			}
		}
		resume()
		start := time.Now()
		<-ctx.Done()
		if left := time.Since(start); left != 10*time.Second {
			t.Errorf("%v were left of the budget, want 10 s", left)
		}
	})
	if same, done := deadline.Limit(t.Context()); same != t.Context() {
		t.Error("without a budget there is no limit")
		done()
	}
}
