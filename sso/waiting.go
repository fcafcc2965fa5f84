package sso

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Wait is what a call has been waiting for, longer than a person expects.
type Wait struct {
	Server  string    // host[:port] that has not answered yet; "": another sign-in has the lease
	Account bool      // that sign-in is another identity's, with the same account
	Holder  string    // who has the lease, such as "process 4711"; "" if the Store cannot say
	Since   time.Time // when the request was sent, or the lease was taken; zero: not known
}

const (
	waitNotice = 2 * time.Second  // shorter waits are not reported
	waitRepeat = 30 * time.Second // until the same wait is reported again
)

// holder is what a Store may be able to do beyond keeping records: it says who has the
// lease of key, "" if it does not know, and since when.
type holder interface {
	Holder(ctx context.Context, key string) (who string, since time.Time)
}

// reportWait has Options.Waiting called while the caller waits; stop ends that. It may
// be called more than once.
func (c *Client) reportWait(about func() Wait) (stop func()) {
	report := c.opts.Waiting
	if report == nil {
		return func() {}
	}
	done := make(chan struct{})
	timer := time.NewTimer(waitNotice)
	go func() {
		defer timer.Stop()
		for {
			select {
			case <-done:
				return
			case <-timer.C:
				report(about())
				timer.Reset(waitRepeat)
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

// reportLeaseWait reports the wait for the lease of the identity.
func (c *Client) reportLeaseWait(ctx context.Context) (stop func()) {
	return c.reportHolder(ctx, c.store, c.id.Key(), false)
}

// reportHolder reports the wait for the lease of key.
func (c *Client) reportHolder(ctx context.Context, store Store, key string, account bool) (stop func()) {
	return c.reportWait(func() Wait {
		w := Wait{Account: account}
		if s, ok := store.(holder); ok {
			ctx, cancel := context.WithTimeout(ctx, waitNotice)
			defer cancel()
			w.Holder, w.Since = s.Holder(ctx, key)
		}
		return w
	})
}

// waitReporter reports requests whose answer takes its time, up to the end of its body.
type waitReporter struct {
	client *Client
	next   http.RoundTripper
}

func (t waitReporter) RoundTrip(r *http.Request) (*http.Response, error) {
	w := Wait{Server: r.URL.Host, Since: time.Now()}
	stop := t.client.reportWait(func() Wait { return w })
	resp, err := t.next.RoundTrip(r)
	if err != nil || resp.Body == nil {
		stop()
		return resp, err
	}
	resp.Body = &reportedBody{resp.Body, stop}
	return resp, nil
}

// reportedBody ends the report with the body.
type reportedBody struct {
	io.ReadCloser
	stop func()
}

func (b *reportedBody) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}
