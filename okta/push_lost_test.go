package okta_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// silent is a script whose answers to one kind of request stop coming: first to last
// are not answered at all, counted from 1; the others are.
type silent struct {
	*script
	request     string
	first, last int
	seen        int
}

func (l *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method+" "+r.URL.Path != l.request {
		return l.script.RoundTrip(r)
	}
	if l.seen++; l.seen < l.first || l.seen > l.last {
		return l.script.RoundTrip(r)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestPushNobodyHears: when the time for a push is over, silence of the person and
// silence of the server are told apart. One answer to a poll is enough to know that
// Okta was there and that nobody had pressed anything.
func TestPushNobodyHears(t *testing.T) {
	const forever = 1 << 20
	limited := answer{status: 429, body: `{"errorCode":"E0000047"}`, header: map[string]string{"X-Rate-Limit-Reset": "946685800", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}}
	classic := func(t *testing.T, polls ...answer) *script {
		return newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(pushFactor)))).on(pushCall, append([]answer{waiting}, polls...)...)
	}
	engine := func(t *testing.T, polls ...answer) *script {
		return newIDX(t, startBoth).on(identify, pushSent).on(polling, polls...)
	}
	for _, tt := range []struct {
		name        string
		first, last int // of the requests that are not answered; Classic's first is the push itself
		script      func(*testing.T) *script
		call        string
		wait        time.Duration // MFATimeout
		err         error
	}{
		{"Classic, no poll is answered", 2, forever, func(t *testing.T) *script { return classic(t) }, pushCall, 90 * time.Second, autherr.ErrUnreachable},
		{"Classic, one is", 3, forever, func(t *testing.T) *script { return classic(t) }, pushCall, 90 * time.Second, autherr.ErrMFARejected},
		{"Classic, the second is", 2, 2, func(t *testing.T) *script { return classic(t) }, pushCall, 90 * time.Second, autherr.ErrMFARejected},
		{"Classic, all are", forever, forever, func(t *testing.T) *script { return classic(t) }, pushCall, 90 * time.Second, autherr.ErrMFARejected},
		{"Classic, all are: too many", forever, forever, func(t *testing.T) *script { return classic(t, limited) }, pushCall, 90 * time.Second, autherr.ErrMFARejected},
		{"Classic, one said wait a little", 3, forever, func(t *testing.T) *script { return classic(t, answer{status: 202, body: `{"errorCode":"E0000070"}`}) }, pushCall, 90 * time.Second, autherr.ErrMFARejected},
		{"Classic, a gateway answered one", 3, forever, func(t *testing.T) *script { return classic(t, answer{status: 502}) }, pushCall, 90 * time.Second, autherr.ErrUnreachable},
		{"Classic, the push itself is not answered", 1, forever, func(t *testing.T) *script { return classic(t) }, pushCall, 20 * time.Second, autherr.ErrUnreachable},
		{"Classic, no time for a poll", forever, forever, func(t *testing.T) *script { return classic(t) }, pushCall, 3 * time.Second, autherr.ErrMFARejected},
		{"Identity Engine, no poll is answered", 1, forever, func(t *testing.T) *script { return engine(t, pushSent) }, polling, 90 * time.Second, autherr.ErrUnreachable},
		{"Identity Engine, one is", 2, forever, func(t *testing.T) *script { return engine(t, pushSent) }, polling, 90 * time.Second, autherr.ErrMFARejected},
		{"Identity Engine, all are", forever, forever, func(t *testing.T) *script { return engine(t, pushSent) }, polling, 90 * time.Second, autherr.ErrMFARejected},
		{"Identity Engine, somebody else answered one", 2, forever, func(t *testing.T) *script { return engine(t, answer{status: 502, body: "gateway"}) }, polling, 90 * time.Second, autherr.ErrUnreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tt.script(t)
				c := s.client()
				c.MFATimeout = tt.wait
				c.Transport = &silent{script: s, request: tt.call, first: tt.first, last: tt.last}
				ctx, done := deadline.WithBudget(t.Context(), time.Minute)
				defer done()
				began := time.Now()
				_, err := c.SignIn(ctx, nil)
				if !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				if other := autherr.ErrMFARejected; tt.err != other && errors.Is(err, other) {
					t.Errorf("error %v is %v as well", err, other)
				}
				var step *autherr.StepError
				var hinted interface{ HintText() string }
				if !errors.As(err, &step) || step.Step != autherr.StepMFA || !errors.As(err, &hinted) || hinted.HintText() == "" {
					t.Errorf("error %v, want step mfa and a hint", err)
				}
				if took := time.Since(began); took != tt.wait {
					t.Errorf("took %v, want %v", took, tt.wait)
				}
				if n := s.count(cancel) + s.count(giveUp); n != 1 {
					t.Errorf("%d cancellations, want 1: nobody shall say yes to it later", n)
				}
				if n := s.count(authn) + s.count(identify); n != 1 {
					t.Errorf("%d passwords", n)
				}
				if strings.Contains(err.Error(), theState) || strings.Contains(err.Error(), idxToken) || strings.Contains(err.Error(), password) {
					t.Errorf("a secret shows in %v", err)
				}
			})
		})
	}
}

// TestPushCallerLeavesInSilence: the caller's own end stays the caller's.
func TestPushCallerLeavesInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(pushFactor)))).on(pushCall, waiting)
		c := s.client()
		c.Transport = &silent{script: s, request: pushCall, first: 2, last: 1 << 20}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		if _, err := c.SignIn(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, autherr.ErrMFARejected) {
			t.Errorf("error %v", err)
		}
	})
}
