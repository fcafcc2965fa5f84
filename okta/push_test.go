package okta_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// watcher writes down what a push reports.
type watcher struct {
	seen []string
	done int
}

func (w *watcher) Answer(context.Context, mfa.Challenge) (string, error) {
	return "", mfa.ErrNotMine
}

func (w *watcher) Watch(c mfa.Challenge, done bool) {
	if done {
		w.done++
		return
	}
	n := "-"
	if c.Number != nil {
		n = fmt.Sprint(*c.Number)
	}
	w.seen = append(w.seen, n)
}

const pushFactor = "opf1 push OKTA Ana phone"

var (
	pushCall = fmt.Sprintf(verify, "opf1")
	waiting  = ok(challenge(pushFactor, "WAITING", "poll"))
)

func numbered(n string) answer {
	return ok(challenge(pushFactor, "WAITING", "poll", `"_embedded":{"challenge":{"correctAnswer":`+n+`}}`))
}

func TestPush(t *testing.T) {
	limited := answer{status: 429, body: `{"errorCode":"E0000047"}`, header: map[string]string{"X-Rate-Limit-Reset": "946684820", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}}
	tests := []struct {
		name    string
		answers []answer
		err     error
		text    string
		seen    []string
		took    time.Duration
		cancels int
	}{
		{name: "approved", answers: []answer{waiting, waiting, ok(success)}, seen: []string{"-", "-"}, took: 8 * time.Second},
		{name: "approved before the first poll", answers: []answer{ok(success)}},
		{name: "number, zero, changed", answers: []answer{waiting, numbered("0"), numbered("0"), numbered("92"), ok(success)}, seen: []string{"-", "0", "0", "92"}, took: 16 * time.Second},
		{name: "rejected", answers: []answer{waiting, ok(challenge(pushFactor, "REJECTED", "verify"))}, err: autherr.ErrMFARejected, text: "refused on the device", seen: []string{"-"}, took: 4 * time.Second, cancels: 1},
		{name: "timeout", answers: []answer{waiting, ok(challenge(pushFactor, "TIMEOUT", "verify"))}, err: autherr.ErrMFARejected, text: "not answered in time", seen: []string{"-"}, took: 4 * time.Second, cancels: 1},
		{name: "failed", answers: []answer{waiting, ok(challenge(pushFactor, "FAILED", "verify"))}, err: autherr.ErrMFARejected, text: "FAILED", seen: []string{"-"}, took: 4 * time.Second, cancels: 1},
		{name: "app too old", answers: []answer{ok(strings.Replace(challenge(pushFactor, "REJECTED", "verify"), `"factorResult"`, `"factorResultMessage":"OKTA_VERIFY_UPGRADE_REQUIRED","factorResult"`, 1))},
			err: autherr.ErrMFARejected, text: "too old", cancels: 1},
		{name: "rejected by code", answers: []answer{refusal(403, "E0000073")}, err: autherr.ErrMFARejected, cancels: 1},
		{name: "polls limited", answers: []answer{waiting, limited, ok(success)}, seen: []string{"-", "-"}, took: 24 * time.Second},
		{name: "the push itself is limited", answers: []answer{limited}, err: autherr.ErrRateLimited},
		{name: "polls lost", answers: []answer{waiting, {status: 502}, {status: 202, body: `{"errorCode":"E0000070"}`}, ok(success)}, seen: []string{"-", "-", "-"}, took: 12 * time.Second},
		{name: "the push itself lost", answers: []answer{{status: 502}}, err: autherr.ErrUnreachable},
		{name: "transaction expired", answers: []answer{waiting, refusal(401, "E0000011")}, err: autherr.ErrUnreachable, seen: []string{"-"}, took: 4 * time.Second},
		{name: "poll link elsewhere", answers: []answer{ok(strings.ReplaceAll(challenge(pushFactor, "WAITING", "poll"), org, "https://evil.example"))}, err: autherr.ErrBadAnswer, text: "evil.example"},
		{name: "another factor after it", answers: []answer{ok(state("MFA_REQUIRED", factors("fwf webauthn FIDO")))}, err: autherr.ErrUnsupported, cancels: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(pushFactor)))).on(pushCall, tt.answers...)
				c, w := s.client(), &watcher{}
				c.Answerer = w
				began := time.Now()
				err := s.signIn(c)
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
				}
				if !slices.Equal(w.seen, tt.seen) || w.done != min(len(tt.seen), 1) {
					t.Errorf("watched %q and %d ends, want %q", w.seen, w.done, tt.seen)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if n := s.count(cancel); n != tt.cancels {
					t.Errorf("cancelled %d times, want %d", n, tt.cancels)
				}
			})
		})
	}
}

func TestPushNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(pushFactor)))).on(pushCall, waiting)
		c := s.client()
		c.MFATimeout = 90 * time.Second
		// The exchange's own clock stands still while a person is waited for.
		ctx, done := deadline.WithBudget(t.Context(), 10*time.Second)
		defer done()
		began := time.Now()
		_, err := c.SignIn(ctx, nil)
		if !errors.Is(err, autherr.ErrMFARejected) || time.Since(began) != 90*time.Second {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		if n := s.count(pushCall); n > 24 {
			t.Errorf("%d polls in 90 seconds", n)
		}
		if s.count(cancel) != 1 {
			t.Error("the transaction is not cancelled")
		}
	})
}

func TestPushCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(pushFactor)))).on(pushCall, waiting)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		_, err := s.client().SignIn(ctx, nil)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, autherr.ErrMFARejected) {
			t.Errorf("error %v", err)
		}
		if s.count(cancel) != 1 {
			t.Error("the transaction is not cancelled")
		}
	})
}

func TestRememberDeviceGoesWithEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(pushFactor)))).on(pushCall, waiting, waiting, ok(success))
		c := s.client()
		c.RememberDevice = true
		stored := 0
		c.Checkpoint = func(context.Context) error { stored++; return nil }
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		for _, call := range s.find(pushCall) {
			if call.Query.Get("rememberDevice") != "true" || call.Body["rememberDevice"] != nil {
				t.Errorf("query %v body %v", call.Query, call.Body)
			}
		}
		if stored != 1 {
			t.Errorf("stored %d times; the device must survive a crash", stored)
		}

		// Where the policy does not allow it, it is not asked for.
		s = newScript(t).on(authn, ok(state("MFA_REQUIRED", strings.Replace(factors(pushFactor), `"allowRememberDevice":true`, `"allowRememberDevice":false`, 1)))).on(pushCall, ok(success))
		c = s.client()
		c.RememberDevice = true
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if s.find(pushCall)[0].Query.Has("rememberDevice") {
			t.Error("asked for what the policy forbids")
		}
	})
}
