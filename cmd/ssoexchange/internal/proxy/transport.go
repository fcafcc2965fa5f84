package proxy

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	// proofAge is how old the last proof of the session may be when a body that
	// cannot be sent twice is to be sent.
	proofAge = time.Minute
	// holdPerson and holdServer are how long a failed sign-in is answered for
	// without a new one: tools try again at once, and each sign-in may send a
	// message to a telephone or count against an account.
	holdPerson = time.Minute
	holdServer = 5 * time.Second
)

// transport is the session's transport for tools that try again at once. A failed sign-in
// is not repeated for every request that comes; and a long upload, which cannot be
// repeated, begins only when the session has been proved.
type transport struct {
	base  http.RoundTripper
	prove func(ctx context.Context) error
	now   func() time.Time

	mu     sync.Mutex
	failed error
	until  time.Time // failed is the answer until then
	proved time.Time
}

func newTransport(client *sso.Client) *transport {
	return &transport{base: client.HTTP().Transport, now: time.Now, prove: func(ctx context.Context) error {
		_, err := client.Session(ctx)
		return err
	}}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	// ReverseProxy hears by a value of the context of interim answers and passes
	// them on, with cookies if they have any. They are of no use to a tool.
	ctx := plainContext{r.Context()}
	if err := t.ready(ctx, r); err != nil {
		return nil, err
	}
	resp, err := t.base.RoundTrip(r.WithContext(ctx))
	t.learn(ctx, err)
	return resp, err
}

// ready returns the error of a sign-in that failed just now, or proves the session
// if the request can be made only once.
func (t *transport) ready(ctx context.Context, r *http.Request) error {
	t.mu.Lock()
	now := t.now()
	held, fresh := t.failed, now.Sub(t.proved) < proofAge
	if !now.Before(t.until) {
		held = nil
	}
	t.mu.Unlock()
	if held != nil || r.Body == nil || r.GetBody != nil || fresh {
		return held
	}
	err := t.prove(ctx)
	t.learn(ctx, err)
	if err == nil {
		t.mu.Lock()
		t.proved = t.now()
		t.mu.Unlock()
	}
	return err
}

// learn remembers a failed sign-in. Errors without a step are of the request itself.
func (t *transport) learn(ctx context.Context, err error) {
	if err == nil || sso.Step(err) == "" || ctx.Err() != nil {
		return
	}
	hold, ok := sso.RetryAfter(err)
	if !ok {
		switch sso.Code(err) {
		case "unreachable", "bad_answer", "internal":
			hold = holdServer
		default:
			hold = holdPerson
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed, t.until = err, t.now().Add(hold)
}
