package redisstore

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strconv"
	"sync"
	"time"
)

const (
	// pollMax is how long a waiter sleeps at most before it looks by itself whether
	// the lease is free, in case that an announcement was lost.
	pollMax = 2 * time.Second
	// savePatience is how long Save tries again while Redis cannot be reached.
	savePatience = 10 * time.Second
	saveRetry    = 100 * time.Millisecond
)

// Lease is the right to write one record. It is an interface type without a name of
// its own, so that package sso can declare the same one. The leases of this package
// also have Done and Err, as a context has: they can be lost.
type Lease = interface {
	// Save replaces the record; nil data removes it. It fails after Release, and with
	// ErrLeaseLost if the lease has gone to somebody else.
	Save(ctx context.Context, data []byte) error
	// Release lets the next one in. It may be called more than once.
	Release()
}

// Acquire waits until nobody else holds key, and holds it until Release, or until the
// process dies or is paused for longer than the lease lasts. It is woken when a lease
// ends, and gives up when ctx does, or when Redis cannot be reached.
func (s *Store) Acquire(ctx context.Context, key string) (Lease, error) {
	if !validKey(key) {
		return nil, errKey(key)
	}
	owner := ""
	var free <-chan struct{}
	answered := time.Time{} // when Redis last said that the lease is taken
	for {
		if owner == "" {
			owner = s.newOwner()
		}
		sent := time.Now()
		fence, left, stored, err := s.tryAcquire(ctx, key, owner)
		if err == nil && fence > 0 {
			l := s.newLease(key, owner, fence, sent)
			l.stored = &stored
			return l, nil
		}
		if err == nil {
			answered = time.Now()
			owner = "" // it was surely not given to the last one
		} else if ctx.Err() != nil || !away(err) || time.Since(answered) > s.ttl {
			return nil, err // in the middle of a wait, a fail-over may take its time
		}
		if free == nil {
			var stop func()
			free, stop = s.events.watch(ctx, key, eventFree)
			defer stop()
			continue // look again now that no announcement can be missed
		}
		wait := time.NewTimer(pollAfter(left))
		select {
		case <-free:
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return nil, fail(ctx, "waiting for another process, which is signing in", ctx.Err())
		}
		wait.Stop()
	}
}

// pollAfter is how long to sleep when the lease has left to live: neighbours shall
// not all come at once.
func pollAfter(left time.Duration) time.Duration {
	wait := pollMax
	if left > 0 && left < wait {
		wait = left
	}
	return wait + mathrand.N(wait/10+time.Millisecond)
}

// tryAcquire asks for the lease once. With it comes the value that is stored.
func (s *Store) tryAcquire(ctx context.Context, key, owner string) (fence int64, left time.Duration, stored value, err error) {
	op, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	fence, left, stored, err = s.runAcquire(op, key, owner)
	if floor := s.markedFence(key, stored.mark); err == nil && fence > 0 && fence <= floor {
		// Redis has lost count. The number of this lease must be above all before.
		s.highest.raise(key, floor)
		fence, left, stored, err = s.runAcquire(op, key, owner)
	}
	if err = s.noted(ctx, "asking for the lease", err); err != nil {
		if away(err) && !notSent(err) || ctx.Err() != nil {
			// Perhaps it was given and only the answer is lost. Nobody shall wait for it.
			s.giveBack(context.WithoutCancel(ctx), key, owner)
		}
		return 0, 0, value{}, err
	}
	return fence, left, stored, nil
}

// runAcquire asks for the lease once. With it comes the value that is stored, if there is one.
func (s *Store) runAcquire(ctx context.Context, key, owner string) (fence int64, left time.Duration, stored value, err error) {
	answer, err := acquireScript.Run(ctx, s.redis, s.keys(key), owner, s.ttl.Milliseconds(), s.highest.get(key), maxTTL.Milliseconds()).Slice()
	if err != nil {
		return 0, 0, value{}, err
	}
	if len(answer) != 3 && len(answer) != 5 {
		return 0, 0, value{}, fmt.Errorf("a script answered with %d values", len(answer))
	}
	fence, isNumber := answer[0].(int64)
	milliseconds, isWait := answer[1].(int64)
	mark, isText := answer[2].(string)
	stored.mark = mark
	if len(answer) == 5 {
		data, isData := answer[3].(string)
		text, isFence := answer[4].(string)
		isText = isText && isData && isFence
		stored.data = []byte(data)
		stored.fence, _ = strconv.ParseInt(text, 10, 64)
	}
	if !isNumber || !isWait || !isText {
		return 0, 0, value{}, errors.New("a script answered with values of other types")
	}
	return fence, time.Duration(milliseconds) * time.Millisecond, stored, nil
}

func (s *Store) giveBack(ctx context.Context, key, owner string) {
	ctx, cancel := context.WithTimeout(ctx, ioTimeout)
	defer cancel()
	err := releaseScript.Run(ctx, s.redis, s.keys(key), owner, s.channel(), key+eventFree).Err()
	if err != nil {
		s.log.Debug("state_lease_not_released", "reason", err.Error())
	}
}

type lease struct {
	store *Store
	key   string
	owner string
	fence int64
	stop  context.CancelFunc // ends the renewal
	done  chan struct{}      // closed when the lease is lost

	mu       sync.Mutex
	stored   *value    // what was stored when the lease was given; nil: not known any more
	until    time.Time // nobody else can have it before
	err      error     // why it is lost
	released bool
	gone     bool // Redis has ended it with the last Save
}

func (s *Store) newLease(key, owner string, fence int64, sent time.Time) *lease {
	ctx, stop := context.WithCancel(context.Background())
	l := &lease{store: s, key: key, owner: owner, fence: fence, stop: stop, done: make(chan struct{})}
	l.extend(sent)
	s.hold(key, 1)
	go l.renew(ctx)
	return l
}

// extend notes that Redis was asked at sent to let the lease live. A tenth of it is
// left for clocks that do not run alike.
func (l *lease) extend(sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = sent.Add(l.store.ttl - l.store.ttl/10)
}

// Done is closed when the lease is lost.
func (l *lease) Done() <-chan struct{} { return l.done }

// Err returns nil while the lease is held, or after it was released in time. It looks
// at the clock, and so finds out at once after the process was paused.
func (l *lease) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	// The monotonic clock may stand still while a machine sleeps; the wall clock does not.
	if l.err == nil && !l.released && (now.After(l.until) || now.Round(0).After(l.until.Round(0))) {
		l.lose("the lease was not renewed in time")
	}
	return l.err
}

// lose needs l.mu.
func (l *lease) lose(why string) {
	if l.err == nil && !l.released {
		l.err = errLost(why)
		close(l.done)
	}
}

// renew keeps the lease alive until it is released or lost.
func (l *lease) renew(ctx context.Context) {
	ttl := l.store.ttl
	pause := ttl / 3
	for {
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return
		}
		if l.Err() != nil {
			return
		}
		sent := time.Now()
		op, cancel := context.WithTimeout(ctx, min(opTimeout, ttl/3))
		held, err := renewScript.Run(op, l.store.redis, l.store.keys(l.key), l.owner, ttl.Milliseconds()).Int()
		cancel()
		err = l.store.noted(ctx, "renewing the lease", err)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			pause = ttl / 10
		case held == 0:
			l.mu.Lock()
			l.lose("another process has the lease, or Redis has forgotten it")
			l.mu.Unlock()
			return
		default:
			l.extend(sent)
			pause = ttl / 3
		}
	}
}

// Loaded returns the record that was stored when the lease was given, which saves asking
// for it. ok is false after a Save, and if the value cannot be used: Load says why.
func (l *lease) Loaded() (data []byte, ok bool) {
	l.mu.Lock()
	stored := l.stored
	l.stored = nil
	l.mu.Unlock()
	if stored == nil {
		return nil, false
	}
	data, err := l.store.open(l.key, *stored)
	return data, err == nil
}

// SaveAndRelease is Save and Release in one step. The lease is given back whether data
// was saved or not.
func (l *lease) SaveAndRelease(ctx context.Context, data []byte) error {
	err := l.save(ctx, data, l.key+eventFree)
	if err == nil {
		l.mu.Lock()
		l.gone = true
		l.mu.Unlock()
	}
	l.Release()
	return err
}

// Save writes data. Redis, and no clock of this host, decides whether the lease is
// still held. While it cannot be reached, Save tries again for some seconds: what a
// sign-in has brought should not be lost to a fail-over.
func (l *lease) Save(ctx context.Context, data []byte) error { return l.save(ctx, data, "") }

// save is Save, which ends the lease too and announces that if release is not empty.
func (l *lease) save(ctx context.Context, data []byte, release string) error {
	l.mu.Lock()
	released := l.released
	l.stored = nil
	l.mu.Unlock()
	if released {
		return errReleased
	}
	what, record := "remove", []byte(nil)
	if data != nil {
		var err error
		if record, err = l.store.key.Encrypt(l.key, l.fence, data); err != nil {
			return errConfig("", "encrypting a record: %v", err)
		}
		what = "save"
	}
	for give := time.Now().Add(savePatience); ; {
		err := l.commit(ctx, what, record, release)
		if err == nil || !away(err) || l.isLost() || time.Now().After(give) {
			return err
		}
		wait := time.NewTimer(saveRetry)
		select {
		case <-wait.C:
		case <-l.done:
			wait.Stop()
			return err
		case <-ctx.Done():
			wait.Stop()
			return fail(ctx, "writing the state", err)
		}
	}
}

func (l *lease) isLost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err != nil
}

func (l *lease) commit(ctx context.Context, what string, record []byte, release string) error {
	s := l.store
	op, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	mark, err := s.mark(l.key, l.fence)
	if err != nil {
		return errConfig("", "authenticating a record: %v", err)
	}
	args := []any{l.owner, l.fence, s.channel(), what, record, l.key + eventSaved, mark}
	if release != "" {
		args = append(args, release)
	}
	outcome, err := commitScript.Run(op, s.redis, s.keys(l.key), args...).Text()
	if err = s.noted(ctx, "writing the state", err); err != nil {
		return err
	}
	if outcome != "saved" {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lose("not saved, since a later lease was given")
		return l.err
	}
	s.highest.raise(l.key, l.fence)
	if record == nil {
		s.seen.drop(l.key)
	} else {
		s.seen.put(l.key, value{data: record, fence: l.fence, mark: mark})
	}
	return nil
}

// Release gives the lease back.
func (l *lease) Release() {
	l.mu.Lock()
	first := !l.released
	lost := l.err != nil || l.gone
	l.released = true
	l.mu.Unlock()
	if !first {
		return
	}
	l.stop()
	l.store.hold(l.key, -1)
	if !lost {
		l.store.giveBack(context.Background(), l.key, l.owner)
	}
}
