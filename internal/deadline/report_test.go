package deadline_test

import (
	"slices"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

func TestWaiting(t *testing.T) {
	deadline.Waiting(t.Context(), "nobody listens")()
	var got []string
	ctx := deadline.WithReporter(t.Context(), func(what string) func() {
		got = append(got, "+"+what)
		return func() { got = append(got, "-"+what) }
	})
	stop := deadline.Waiting(ctx, "a")
	deadline.Waiting(ctx, "b")()
	stop()
	if want := []string{"+a", "+b", "-b", "-a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
