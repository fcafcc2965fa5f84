package mfa_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ssoexchange/ssoexchange/mfa"
)

type preparer struct {
	mfa.Answerer
	kind mfa.Kind
	mark string
}

func (p preparer) Awaits(c mfa.Challenge) bool { return c.Kind == p.kind }

func (p preparer) Prepare(context.Context, mfa.Challenge) (string, error) { return p.mark, nil }

// First prepares with the one that would fetch the code.
func TestFirstPrepares(t *testing.T) {
	a, ok := mfa.First(mfa.Code("1"), preparer{mfa.Code(""), mfa.SMS, "gateway"}, mfa.First(preparer{mfa.Code(""), mfa.Email, "mailbox"}), preparer{mfa.Code(""), mfa.Email, "another"}).(mfa.Preparer)
	if !ok {
		t.Fatal("First is no Preparer")
	}
	for kind, want := range map[mfa.Kind]string{mfa.SMS: "gateway", mfa.Email: "mailbox", mfa.Call: ""} {
		c := mfa.Challenge{Kind: kind}
		mark, err := a.Prepare(t.Context(), c)
		if mark != want || a.Awaits(c) != (want != "") || errors.Is(err, mfa.ErrNotMine) != (want == "") {
			t.Errorf("%s: %q, %v; awaits %v", kind, mark, err, a.Awaits(c))
		}
	}
}
