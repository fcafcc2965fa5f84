package sso

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// Wait is what a call has been waiting for, longer than a person expects: a server, what
// For names, or, if both are empty, another sign-in of the same identity.
type Wait struct {
	Server string    // host[:port] that has not answered yet
	For    string    // such as "the next code of the authenticator" or "PasswordCommand"
	Holder string    // who has the lease, such as "process 4711"; "": there is none, or the Store cannot say
	Since  time.Time // when the wait began, or the lease was taken; zero: not known
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

// reportLeaseWait reports the wait for the lease of key: that of the identity, or what
// names that of an account.
func (c *Client) reportLeaseWait(ctx context.Context, store Store, key, what string) (stop func()) {
	return c.reportWait(func() Wait {
		w := Wait{For: what}
		if s, ok := store.(holder); ok {
			ctx, cancel := context.WithTimeout(ctx, waitNotice)
			defer cancel()
			w.Holder, w.Since = s.Holder(ctx, key)
		}
		return w
	})
}

// reporting returns a context in which waits for other things than servers are reported.
func (c *Client) reporting(ctx context.Context) context.Context {
	if c.opts.Waiting == nil {
		return ctx
	}
	return deadline.WithReporter(ctx, func(what string) (stop func()) {
		w := Wait{For: what, Since: time.Now()}
		return c.reportWait(func() Wait { return w })
	})
}

// reported returns the transport for requests whose waits are reported.
func (c *Client) reported(whole bool) http.RoundTripper {
	if c.opts.Waiting == nil {
		return c.net
	}
	return waitReporter{c, c.net, whole}
}

// waitReporter reports requests whose answer takes its time.
type waitReporter struct {
	client *Client
	next   http.RoundTripper
	whole  bool // up to the end of the body, not only to its beginning
}

func (t waitReporter) RoundTrip(r *http.Request) (*http.Response, error) {
	w := Wait{Server: r.URL.Host, Since: time.Now()}
	stop := t.client.reportWait(func() Wait { return w })
	resp, err := t.next.RoundTrip(r)
	if err != nil || resp.Body == nil || !t.whole {
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
