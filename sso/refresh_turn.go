package sso

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/jira"
)

// cycle looks after one identity and schedules its next turn.
func (r *Refresher) cycle(ctx context.Context, k *entry) {
	r.mu.Lock()
	waiting, urgent := k.waiting, k.urgent // those who come later want to hear of the next turn
	k.waiting, k.urgent = nil, false
	r.mu.Unlock()
	start, sent := time.Now(), k.client.counted.sent.Load()
	e := r.runCycle(context.WithValue(ctx, reported{}, true), k, start, urgent)
	e.Name, e.Identity, e.At = k.name, k.client.Identity(), time.Now()
	e.Elapsed, e.Requests = e.At.Sub(start), int(k.client.counted.sent.Load()-sent)
	k.client.net.CloseIdleConnections() // the next turn is hours away
	r.log(e)
	if !e.Told {
		r.opts.Observe(ctx, e)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	k.status.apply(e)
	if e.Err != nil {
		k.status.Hint = r.opts.Hint(e.Name, e.Err)
	}
	for _, w := range waiting {
		w <- e
	}
	if k.removed {
		return
	}
	k.due = dueAfter(e.At, e.Next)
	if k.again {
		k.again, k.due = false, e.At
	}
	r.plan.add(k)
	r.changed()
}

// reported marks the context of a sign-in whose outcome a Refresher logs, so that the
// Client does not.
type reported struct{}

func (r *Refresher) log(e RefreshEvent) {
	switch {
	case e.Told, e.Kind == RefreshLive:
		r.opts.Logger.Debug("refresh", "name", e.Name, "state", e.Kind, "next", e.Next.UTC().Truncate(time.Second))
	case e.Kind == RefreshRenewed:
		r.opts.Logger.Info("session renewed", "name", e.Name, "user", e.Session.User, "elapsed", e.Elapsed.Round(time.Millisecond), "next", e.Next.UTC().Truncate(time.Second))
	case e.Kind == RefreshWaiting:
		r.opts.Logger.Warn("will try again", "name", e.Name, "code", Code(e.Err), "step", Step(e.Err), "error", e.Err.Error(), "next", e.Next.UTC().Truncate(time.Second))
	default:
		r.opts.Logger.Error("stopped: a person or a change is needed", "name", e.Name, "code", Code(e.Err), "step", Step(e.Err), "error", e.Err.Error(), "hint", r.opts.Hint(e.Name, e.Err))
	}
}

// runCycle is a turn up to its outcome: is it allowed, what came of it, what is noted.
func (r *Refresher) runCycle(ctx context.Context, k *entry, now time.Time, urgent bool) RefreshEvent {
	c, die := k.client, rand.Float64()
	rec, err := c.load(ctx)
	if err != nil {
		return RefreshEvent{Kind: RefreshWaiting, Err: err, Next: now.Add(backoff(4, 0, die))}
	}
	before := rec.Verified
	if rec.presentAt(now) {
		if before.After(now) {
			before = time.Time{} // nobody knows when that was
		}
		if err := c.noteCare(ctx, func(rec *record) { rec.presentAt(now) }); err != nil {
			r.opts.Logger.Warn("stored times of the future could not be put right", "name", k.name, "error", err.Error())
		}
	}
	k.noted = rec.noted()
	if refused, no := r.skipReason(ctx, c, rec, now, die, urgent); no {
		return refused
	}
	sent := c.counted.sent.Load()
	s, err := r.ask(ctx, c, rec)
	if r.opts.KeepIdP && err == nil && !time.Now().Before(k.prolong) {
		c.prolong(ctx)
		k.prolong = time.Time{} // set below
	}
	now = time.Now()
	e := RefreshEvent{Session: s, Err: err, Kind: RefreshLive}
	failed := c.noteCare(ctx, func(rec *record) {
		care := &rec.Care
		care.today(now)
		care.Requests += int(c.counted.sent.Load() - sent)
		if care.Idle = min(care.Idle, r.opts.Idle); care.Idle <= 0 {
			care.Idle = r.opts.Idle
		}
		if err == nil {
			if !before.IsZero() {
				care.updateEstimate(now.Sub(before), s.Reused, r.opts.Idle)
			}
			rec.confirm(s)
			care.forgive()
			e.Next = next(now, care.lifetimesOf(s), die)
			if k.prolong.IsZero() {
				k.prolong = e.Next
			}
			// The last quarter of the day's requests is for keeping the session, not for looking.
			if most := r.opts.CheckEvery; most > 0 && care.Requests < r.opts.RequestsPerDay/4*3 {
				e.Next = earlier(e.Next, nextCheck(now, most, die))
			}
		} else {
			r.noteFailure(ctx, c, rec, &e, now, die)
		}
		k.noted = rec.noted()
	})
	if failed != nil {
		r.opts.Logger.Warn("what a turn learnt could not be stored", "name", k.name, "error", failed.Error())
	}
	if e.Next.IsZero() { // nothing was noted
		e.Next = now.Add(backoff(4, 0, die))
		if err != nil {
			e.Kind = RefreshWaiting
		}
	}
	if seen := sha256.Sum256([]byte(sessionText(s))); s != nil && seen != k.seen {
		e.Kind, k.seen = RefreshRenewed, seen
	}
	return e
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func sessionText(s *Session) string {
	if s == nil {
		return ""
	}
	if !s.HasCookies() {
		data, _ := credential.Encode(s.cred) // what cannot be encoded does not change
		return string(data)
	}
	return strings.Join(jira.SessionParts(s.Cookies), "\n")
}

// noteFailure decides what becomes of an identity whose turn failed.
func (r *Refresher) noteFailure(ctx context.Context, c *Client, rec *record, e *RefreshEvent, now time.Time, die float64) {
	care := &rec.Care
	stoppedBefore := care.Stopped != nil
	if stoppedBefore { // something had changed, or it would not have been tried
		care.Stopped, care.Resumed = nil, now
	}
	if errors.Is(e.Err, errSignInsSpent) {
		care.wait(now, tomorrow(now, die))
		e.Kind, e.Next = RefreshWaiting, care.NotUntil
		return
	}
	if ctx.Err() != nil { // it was stopped half way: nobody's failure
		e.Kind, e.Next = RefreshWaiting, now.Add(minPause)
		return
	}
	care.Failures++
	failures := care.Failures
	if isLateMail(e.Err) { // an outage before it is no reason to give up earlier
		care.Late++
		failures = care.Late
	}
	if needsChange(e.Err, failures) {
		care.Stopped = stopFor(e.Err, now, c.sealAfter(ctx, rec, e.Err))
		e.Kind, e.Next = RefreshStopped, now.Add(stopPoll+time.Duration(die*float64(stopPoll)))
		// What had changed was not the refused secret; its refusal has been told.
		var before *RefusedBeforeError
		e.Told = stoppedBefore && errors.As(e.Err, &before)
		return
	}
	asked, _ := RetryAfter(e.Err)
	care.wait(now, now.Add(backoff(care.Failures, asked, die)))
	e.Kind, e.Next = RefreshWaiting, care.NotUntil
}

// skipReason returns why nothing may be sent now, if that is so. A turn that is urgent
// does not wait for the end of a pause, unless a server asked for it.
func (r *Refresher) skipReason(
	ctx context.Context, c *Client, rec *record, now time.Time, die float64, urgent bool,
) (RefreshEvent, bool) {
	care := &rec.Care
	if care.Stopped != nil {
		revealCtx, cancel := deadline.WithBudget(ctx, c.timeout())
		seal, err := c.seal(revealCtx, rec)
		cancel()
		if err != nil { // whether anything has changed is not known: the stop holds
			return RefreshEvent{Kind: RefreshWaiting, Err: err, Next: now.Add(backoff(4, 0, die))}, true
		}
		if s := rec.stopped(seal); s != nil {
			return RefreshEvent{Kind: RefreshStopped, Err: s.err(), Told: true, Next: now.Add(stopPoll + time.Duration(die*float64(stopPoll)))}, true
		}
	} else if f := rec.pendingElsewhere(now); f != nil {
		return RefreshEvent{Kind: RefreshWaiting, Err: f.withPrefix("somebody is signing in: "), Told: true, Next: f.At.Add(stopPoll + minPause)}, true
	}
	ours := urgent && (rec.Failed == nil || rec.Failed.Wait == 0 && rec.Failed.Code != "rate_limited")
	if care.Stopped == nil && now.Before(care.NotUntil) && !ours {
		err := error(autherr.New(ErrUnreachable, "sso: the last try failed, and the next is not yet due", ""))
		if rec.Failed != nil {
			err = rec.Failed.withPrefix("the last try: ")
		}
		return RefreshEvent{Kind: RefreshWaiting, Err: err, Told: true, Next: care.NotUntil}, true
	}
	if care.today(now); care.Requests >= r.opts.RequestsPerDay {
		err := autherr.New(ErrRateLimited, "sso: the day's requests for this identity are spent", "why so many? raise the bound if that is right")
		return RefreshEvent{Kind: RefreshWaiting, Err: err, Next: tomorrow(now, die)}, true
	}
	return RefreshEvent{}, false
}

var errSignInsSpent = autherr.New(ErrRateLimited, "sso: the day's sign-ins for this identity are spent", "why so many? raise the bound if that is right")

// ask has the session confirmed or renewed. Without sign-ins left for the day it only
// asks whether the stored one lives.
func (r *Refresher) ask(ctx context.Context, c *Client, rec *record) (*Session, error) {
	if cred, err := c.newest(rec); err == nil && renewalDue(cred, time.Now()) {
		s, err := c.renewAhead(ctx, rec)
		if err == nil || credential.Ended(cred, time.Now()) {
			return s, err
		}
		r.opts.Logger.Warn("the token could not be renewed ahead of its end", "code", Code(err), "step", Step(err))
	}
	if rec.Care.SignIns < r.opts.SignInsPerDay {
		return c.sessionFrom(ctx, rec)
	}
	s, err := c.Check(ctx)
	if errors.Is(err, ErrNoSession) {
		err = errSignInsSpent
	}
	return s, err
}

// noteWait bounds how long a worker waits to store what a turn has learnt.
const noteWait = 10 * time.Second

// noteCare changes the stored record while nobody else can.
func (c *Client) noteCare(ctx context.Context, change func(*record)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWait)
	defer cancel()
	lease, err := c.store.Acquire(ctx, c.id.Key())
	if err != nil {
		return autherr.AtStep(autherr.StepState, stateError("locking", err))
	}
	defer lease.Release()
	rec, err := c.load(ctx)
	if err != nil {
		return err
	}
	change(rec)
	return c.newSignInState(rec, lease).store(ctx)
}

// confirm stores that a session lives, unless it has been replaced meanwhile.
func (r *record) confirm(s *Session) {
	if r.Obtained.Equal(s.Obtained) {
		if data, err := credential.Encode(s.cred); err == nil {
			r.Credential = data
		}
		r.User, r.Verified, r.Lost = s.User, s.Verified, time.Time{}
	}
}

// resumeCare lets refreshers sign in again. What was refused stays refused.
func (c *Client) resumeCare(ctx context.Context) error {
	return c.noteCare(ctx, func(rec *record) {
		rec.Care.forgive()
		rec.Care.Resumed = time.Now()
	})
}

// prolong asks the identity provider to keep its session, if it can, and notes when
// that ends. Its failure is no failure of the turn: the next sign-in finds out.
func (c *Client) prolong(ctx context.Context) {
	p, ok := credential.As[credential.KeepAliver](c.source)
	if !ok {
		return
	}
	_, err := c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, rec *record) (*Session, error) {
		if err := c.restoreSource(rec); err != nil {
			return nil, err
		}
		session, device, err := p.KeepAlive(ctx)
		if err != nil {
			return nil, err
		}
		state := c.signInState()
		if err := c.snapshot(state.guard); err != nil {
			return nil, err
		}
		rec.Care.IdPEnds, rec.Care.DeviceEnds = session, device
		return nil, state.store(ctx)
	})
	if err != nil {
		c.opts.Logger.Debug("the identity provider's session was not prolonged", "code", Code(err), "step", Step(err))
	}
}
