package ticket

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Watcher is told what a watch sees.
type Watcher struct {
	Show   func(*Ticket) error // the ticket, whenever it differs from what was shown last
	Failed func(error)         // an outage, which the watch waits out
}

// Watch reads a ticket each interval. It returns nil once all requirements hold, of which there must be
// one for that. At the deadline of ctx it returns what does not hold then.
func (r Reader) Watch(ctx context.Context, key string, interval time.Duration, all []Requirement, w Watcher) error {
	var last *Ticket
	timer := time.NewTimer(0)
	defer timer.Stop()
	var open error
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ended(context.Cause(ctx), key, open)
		}
		t, err := r.Read(ctx, key)
		wait := interval
		switch {
		case err != nil && ctx.Err() != nil:
			continue // the next turn says how it ended
		case errors.Is(err, autherr.ErrUnreachable), errors.Is(err, autherr.ErrRateLimited):
			w.Failed(err)
			var waits interface{ RetryAfter() time.Duration }
			if errors.As(err, &waits) {
				wait = max(wait, waits.RetryAfter())
			}
		case err != nil:
			return err
		default:
			if last == nil || !reflect.DeepEqual(t.shown(), last.shown()) {
				if err := w.Show(t); err != nil {
					return err
				}
			}
			last = t
			if open = t.Check(all); len(all) > 0 && !errors.Is(open, autherr.ErrExchangeRefused) {
				return open
			}
		}
		timer.Reset(wait)
	}
}

// ended is how a watch ends with its ctx; open is the requirement that did not hold when the ticket was
// read last, nil if it never was.
func ended(cause error, key string, open error) error {
	switch {
	case !errors.Is(cause, context.DeadlineExceeded):
		return cause
	case open != nil:
		return open
	}
	return autherr.New(autherr.ErrUnreachable, "jira: "+key+" was not read in time", "give it more time")
}

// shown is the ticket without the answer that it was read from.
func (t *Ticket) shown() Ticket {
	c := *t
	c.document = nil
	return c
}
