package sso

import "time"

// A clock that was wrong when something was stored may have written a time that is still
// to come. Nothing may last until then: such a time counts as now, and is stored so with
// the next write.

// clockSlack is how far the clocks of two hosts that share a store may be apart.
const clockSlack = 5 * time.Minute

// presentAt makes the record's times of the future the present. It reports whether there
// were any.
func (r *record) presentAt(now time.Time) (changed bool) {
	times := []*time.Time{&r.Obtained, &r.Verified, &r.Care.Resumed}
	if r.Failed != nil {
		times = append(times, &r.Failed.At)
	}
	if r.Care.Stopped != nil {
		times = append(times, &r.Care.Stopped.At)
	}
	for _, t := range times {
		if t.After(now) {
			*t, changed = now, true
		}
	}
	return r.Care.presentAt(now) || r.refusals.presentAt(now) || changed
}

// presentAt ends a wait that no working clock would have begun.
func (c *refreshState) presentAt(now time.Time) (changed bool) {
	if c.NotUntil.Sub(now) <= maxNotUntil && c.Noted.Sub(now) <= clockSlack {
		return false
	}
	c.NotUntil, c.Noted = now, now
	return true
}

// maxNotUntil bounds how long a refresher is told to wait: until an hour of the next day.
const maxNotUntil = 25 * time.Hour

// wait notes that no refresher shall try again until then.
func (c *refreshState) wait(now, until time.Time) { c.NotUntil, c.Noted = until, now }
