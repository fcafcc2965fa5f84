package patience_test

import (
	"slices"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/patience"
)

func TestWaiting(t *testing.T) {
	patience.Waiting(t.Context(), "nobody listens")()
	var got []string
	ctx := patience.WithReporter(t.Context(), func(what string) func() {
		got = append(got, "+"+what)
		return func() { got = append(got, "-"+what) }
	})
	stop := patience.Waiting(ctx, "a")
	patience.Waiting(ctx, "b")()
	stop()
	if want := []string{"+a", "+b", "-b", "-a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
