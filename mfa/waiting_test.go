package mfa_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// heard collects what is waited for.
func heard(ctx context.Context) (context.Context, *[]string) {
	var all []string
	return deadline.WithReporter(ctx, func(what string) func() {
		all = append(all, what)
		return func() { all = append(all, "end") }
	}), &all
}

func TestWaitsAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, got := heard(t.Context())
		a := mfa.Authenticator(func(context.Context) (string, error) { return "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", nil })
		for n := range 2 {
			if _, err := a.Answer(ctx, mfa.Challenge{Kind: mfa.TOTP, Attempt: 1}); err != nil {
				t.Fatal(n, err)
			}
		}
		want := []string{"the next code of the authenticator, since the present one was used or is about to end", "end"}
		if !slices.Equal(*got, want) {
			t.Errorf("got %q, want %q", *got, want)
		}
		time.Sleep(time.Second)
	})
}

func TestWaitForACommandIsNamed(t *testing.T) {
	for _, line := range []string{"echo 123456", "exit 1", "echo no code"} {
		ctx, got := heard(t.Context())
		_, _ = mfa.Command(line, mfa.CommandOptions{}).Answer(ctx, mfa.Challenge{Kind: mfa.SMS, Device: "+1 XXX-1234"})
		if len(*got) != 2 || (*got)[1] != "end" {
			t.Errorf("%s: got %q", line, *got)
		}
	}
}
