package sso

import (
	"context"
	"time"
)

// A session that somebody else finds dead, or replaces, shows in the stored record. A
// Refresher hears of it by the store's own announcements, where it makes any, and looks at
// the record from time to time where it does not; then it looks after that identity at once.

// noted is what a turn knew of the stored session.
type noted struct {
	known    bool
	obtained time.Time
	lost     time.Time
}

func (r *record) noted() noted { return noted{true, r.Obtained, r.Lost} }

// differs reports whether r has another session than was noted, or one that was found
// dead since. That it is gone is no news: somebody has signed out.
func (r *record) differs(n noted) bool {
	if !n.known || r.Obtained.IsZero() {
		return false
	}
	return !r.Obtained.Equal(n.obtained) || !r.Lost.IsZero() && !r.Lost.Equal(n.lost)
}

// saveTeller is a Store in this process that calls back after each save.
type saveTeller interface {
	onSave(key string, tell func()) (stop func())
}

// pollsPerCheck is how often a record is looked at between two checks of its session, in a
// store that announces nothing.
const pollsPerCheck = 10

// watchAll begins to watch the records of everything that is kept, now and later, until
// ctx ends; end ends it sooner.
func (r *Refresher) watchAll(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	r.watching = ctx
	for _, k := range r.kept {
		r.watch(k)
	}
	r.mu.Unlock()
	if r.opts.CheckEvery > 0 {
		r.watchers.Go(func() { r.poll(ctx, max(time.Second, r.opts.CheckEvery/pollsPerCheck)) })
	}
	return func() {
		r.mu.Lock()
		r.watching = nil
		for _, k := range r.kept {
			k.unwatch()
		}
		r.mu.Unlock()
		cancel()
		r.watchers.Wait()
	}
}

// watch begins to watch k's record, if its store announces changes. The caller holds mu.
func (r *Refresher) watch(k *entry) {
	if r.watching == nil {
		return
	}
	ctx, cancel := context.WithCancel(r.watching)
	k.unwatch = cancel
	switch store := k.client.store.(type) {
	case saveTeller:
		stop := store.onSave(k.client.id.Key(), func() { go r.notice(ctx, k) })
		k.unwatch, k.watched = func() { stop(); cancel() }, true
	case Notifier:
		k.watched = true
		r.watchers.Go(func() {
			saved, stop := store.Watch(ctx, k.client.id.Key())
			defer stop()
			for {
				select {
				case <-saved:
					r.notice(ctx, k)
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// poll looks from time to time at the records in stores that announce nothing.
func (r *Refresher) poll(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		var quiet []*entry
		for _, k := range r.kept {
			if !k.watched {
				quiet = append(quiet, k)
			}
		}
		r.mu.Unlock()
		for _, k := range quiet {
			r.notice(ctx, k)
		}
	}
}

// noticeWait is how long after a change the turn comes, so that whoever has made it can
// note all that it knows.
const noticeWait = 2 * time.Second

// notice has the turn of k made soon if its record shows that somebody else has found
// its session dead, or has replaced it. During a turn nothing is noticed: what is saved
// then is mostly its own.
func (r *Refresher) notice(ctx context.Context, k *entry) {
	r.mu.Lock()
	idle := k.place >= 0
	r.mu.Unlock()
	if !idle || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteWait)
	defer cancel()
	rec, err := k.client.load(ctx)
	if err != nil {
		return // the next turn complains about it
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if soon := time.Now().Add(noticeWait); k.place >= 0 && soon.Before(k.due) && rec.differs(k.noted) {
		r.plan.move(k, soon)
		r.changed()
	}
}
