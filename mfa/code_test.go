package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ssoexchange/ssoexchange/mfa"
)

func ask(t *testing.T, a mfa.Answerer, c mfa.Challenge) (string, error) {
	t.Helper()
	return a.Answer(context.Background(), c)
}

func TestCode(t *testing.T) {
	for _, tt := range []struct {
		code string
		kind mfa.Kind
		want string // "": not its challenge
	}{
		{"123456", mfa.SMS, "123456"},
		{" 123 456\n", mfa.TOTP, "123456"},
		{"123-456", mfa.Email, "123456"},
		{"123\u2013456\u00a0", mfa.Call, "123456"},
		{"012345", mfa.Token, "012345"},
		{"pin-x 123456", mfa.Token, "pin-x123456"},
		{"cccccckdvvul gjv", mfa.Hardware, "cccccckdvvulgjv"},
		{"  my first-born cat ", mfa.Question, "  my first-born cat "},
		{"123-456", mfa.Question, "123-456"},
		{"123456", mfa.Push, ""},
		{"123456", "webauthn", ""},
		{"", mfa.SMS, ""},
		{" - ", mfa.SMS, ""},
	} {
		t.Run(fmt.Sprintf("%q for %s", tt.code, tt.kind), func(t *testing.T) {
			a := mfa.Code(tt.code)
			got, err := ask(t, a, mfa.Challenge{Kind: tt.kind, Attempt: 1})
			if tt.want == "" {
				if !errors.Is(err, mfa.ErrNotMine) || got != "" {
					t.Errorf("got %q, %v; want ErrNotMine", got, err)
				}
				return
			}
			if got != tt.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
			if got, err := ask(t, a, mfa.Challenge{Kind: tt.kind, Attempt: 2}); !errors.Is(err, mfa.ErrNotMine) || got != "" {
				t.Errorf("second time: %q, %v", got, err)
			}
		})
	}
}

// A challenge that is not its own does not use the code up.
func TestCodeWaitsForItsChallenge(t *testing.T) {
	a := mfa.Code("123456")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.Answer(ctx, mfa.Challenge{Kind: mfa.SMS}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := ask(t, a, mfa.Challenge{Kind: mfa.Push}); !errors.Is(err, mfa.ErrNotMine) {
		t.Errorf("got %v", err)
	}
	if got, err := ask(t, a, mfa.Challenge{Kind: mfa.SMS}); got != "123456" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

type watcher struct {
	mfa.Answerer
	seen []string
}

func (w *watcher) Watch(c mfa.Challenge, done bool) {
	w.seen = append(w.seen, fmt.Sprint(c, done))
}

func TestFirst(t *testing.T) {
	boom := errors.New("boom")
	not := mfa.Func(func(context.Context, mfa.Challenge) (string, error) { return "", mfa.ErrNotMine })
	notWrapped := mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
		return "", fmt.Errorf("not today: %w", mfa.ErrNotMine)
	})
	fails := mfa.Func(func(context.Context, mfa.Challenge) (string, error) { return "", boom })
	resend := mfa.Func(func(context.Context, mfa.Challenge) (string, error) { return "", mfa.ErrResend })
	never := mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
		t.Error("asked after another one had answered")
		return "", nil
	})
	for _, tt := range []struct {
		name    string
		as      []mfa.Answerer
		want    string
		wantErr error
	}{
		{"none", nil, "", mfa.ErrNotMine},
		{"all pass", []mfa.Answerer{not, nil, notWrapped}, "", mfa.ErrNotMine},
		{"second answers", []mfa.Answerer{not, mfa.Code("1 2"), never}, "12", nil},
		{"an error ends it", []mfa.Answerer{notWrapped, fails, never}, "", boom},
		{"so does a resend", []mfa.Answerer{resend, never}, "", mfa.ErrResend},
		{"nested", []mfa.Answerer{mfa.First(not, not), mfa.First(mfa.Code("7"))}, "7", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ask(t, mfa.First(tt.as...), mfa.Challenge{Kind: mfa.SMS})
			if got != tt.want || !errors.Is(err, tt.wantErr) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

// The given code is used up first, then the next one is asked.
func TestFirstFallsBack(t *testing.T) {
	a := mfa.First(mfa.Code("111"), mfa.Func(func(_ context.Context, c mfa.Challenge) (string, error) { return "222", nil }))
	for i, want := range []string{"111", "222", "222"} {
		if got, err := ask(t, a, mfa.Challenge{Kind: mfa.SMS, Attempt: i + 1}); got != want || err != nil {
			t.Errorf("attempt %d: %q, %v", i+1, got, err)
		}
	}
}

func TestFirstForwardsWatch(t *testing.T) {
	v, w := &watcher{Answerer: mfa.Code("")}, &watcher{Answerer: mfa.Code("")}
	a, ok := mfa.First(mfa.Code("1"), v, mfa.First(w)).(mfa.Watcher)
	if !ok {
		t.Fatal("First is no Watcher")
	}
	a.Watch(mfa.Challenge{Kind: mfa.Push, Factor: "Okta Verify push"}, false)
	a.Watch(mfa.Challenge{Kind: mfa.Push}, true)
	for _, x := range []*watcher{v, w} {
		if fmt.Sprint(x.seen) != "[Okta Verify push false push true]" {
			t.Errorf("saw %v", x.seen)
		}
	}
}
