package mailbox

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	clock "github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// How mail is waited for.
const (
	idleRound = time.Minute            // an IDLE that says nothing is not trusted for longer
	pollRound = 5 * time.Second        // where there is no IDLE
	lookPause = 250 * time.Millisecond // between two looks, whatever the server announces

	// another is how long a better mail is waited for before another one is asked for:
	// after a code was refused, or where nobody knows since when to look.
	another = 30 * time.Second

	// skew is by how much a mail server's clock may be behind ours. It counts only for
	// a challenge without a mark.
	skew = 2 * time.Second

	maxLost = 5 // connections lost in a row, each within idleRound
)

// Answer implements [mfa.Answerer]: it waits for the mail with the code until ctx ends.
//
// A mail counts if it is not older than c.Mark, which [Mailbox.Prepare] made. Without
// one that fits, it counts if it came to the mailbox after c.Sent; without that, too, if
// it comes from now on. The newest one is read first. A mail is used once: after a
// refusal only a newer one counts, and if none comes within half a minute, Answer
// returns [mfa.ErrResend] once. Mails of the sender without a code are passed over; one
// from which no single code can be told is an error that matches sso.ErrPassCodeNeeded.
//
// A connection that is lost is made anew, at most five times unless one has lasted for a
// minute.
func (m *Mailbox) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	if !m.Awaits(c) {
		return "", mfa.ErrNotMine
	}
	defer clock.Pause(ctx)()
	defer clock.Waiting(ctx, "the code of "+c.String()+" in "+m.String())()
	log := m.c.Logger.With("from", m.from, "folder", m.folder, "host", m.host)
	log.InfoContext(ctx, "waiting for mail with a code", "challenge", c.String())
	w := &watch{m: m, c: c, log: log, began: time.Now()}
	for lost := 0; ; {
		got, err := w.once(ctx, &lost)
		switch {
		case err == nil:
			log.InfoContext(ctx, "mail with a code has come", "elapsed", time.Since(w.began).Round(time.Millisecond))
			return got, nil
		case ctx.Err() != nil:
			log.WarnContext(ctx, "no mail with a code has come", "elapsed", time.Since(w.began).Round(time.Second))
			return "", context.Cause(ctx)
		case !again(err) || lost >= maxLost:
			return "", err
		}
		log.WarnContext(ctx, "mailbox: trying again", "error", err.Error())
		if err := sleep(ctx, time.Second<<lost); err != nil {
			return "", err
		}
		lost++
	}
}

// again reports whether another connection may help. A secret that was sent without a
// verdict is not sent again by itself.
func again(err error) bool {
	var f *failure
	return errors.Is(err, autherr.ErrUnreachable) && !errors.As(err, &f)
}

// watch is one Answer on its way.
type watch struct {
	m     *Mailbox
	c     mfa.Challenge
	log   *slog.Logger
	began time.Time
	start place // where "from now on" is, for a challenge of which nothing is known
}

// once waits on one connection.
func (w *watch) once(ctx context.Context, lost *int) (string, error) {
	s := w.m.take()
	if s == nil {
		var err error
		if s, err = w.m.open(ctx); err != nil {
			return "", err
		}
	}
	got, err := w.onSession(ctx, s, lost)
	if err != nil {
		s.close()
		return "", err
	}
	s.leave()
	return got, nil
}

// bound says which mails count.
type bound struct {
	uid    uint32    // this one or later ones
	at     time.Time // that came then or later; zero: whenever
	hurry  bool      // another message is worth asking for
	marked bool
}

func (w *watch) bound(s *session) bound {
	var b bound
	mark, marked := w.m.since(w.c.Mark)
	switch {
	case marked && mark.validity == s.validity:
		b = bound{uid: mark.uid, marked: true}
	case !w.c.Sent.IsZero():
		// INTERNALDATE has whole seconds.
		b = bound{uid: uint32(s.newest(maxHeads).Start), at: w.c.Sent.Truncate(time.Second).Add(-skew)}
	default:
		if w.start.uid == 0 || w.start.validity != s.validity {
			w.start = place{s.validity, s.next}
		}
		b = bound{uid: w.start.uid, hurry: true}
	}
	w.m.mu.Lock()
	used := w.m.used
	w.m.mu.Unlock()
	if used.validity == s.validity && used.uid >= b.uid {
		b.uid, b.hurry = used.uid+1, w.c.Refused != ""
	}
	if w.c.Refused != "" && !b.marked {
		b.hurry = true
	}
	return b
}

// onSession looks, waits and looks again.
func (w *watch) onSession(ctx context.Context, s *session, lost *int) (string, error) {
	b, began := w.bound(s), time.Now()
	for {
		looked := time.Now()
		got, err := w.look(ctx, s, &b)
		if got != "" || err != nil {
			return got, err
		}
		if looked.Sub(began) >= idleRound {
			*lost = 0 // it was a good one
		}
		round := idleRound
		if b.hurry {
			left := time.Until(w.began.Add(another))
			if left <= 0 {
				w.log.InfoContext(ctx, "asking for another mail")
				return "", mfa.ErrResend
			}
			round = min(round, left)
		}
		if err := s.wait(ctx, round); err != nil {
			return "", err
		}
		if err := sleep(ctx, lookPause-time.Since(looked)); err != nil {
			return "", err
		}
	}
}

// look reads the new mails of the sender, newest first. "" and nil: there is no code yet.
func (w *watch) look(ctx context.Context, s *session, b *bound) (string, error) {
	heads, err := s.heads(ctx, from(b.uid))
	if err != nil {
		return "", err
	}
	for _, h := range heads {
		if sender(h.from) != strings.ToLower(w.m.from) || h.at.Before(b.at) {
			continue
		}
		data, err := s.letter(ctx, h.uid)
		if err != nil {
			return "", err
		}
		got, err := codeOf(data, w.m.from)
		if err != nil {
			return "", err
		}
		if got != "" {
			w.m.mu.Lock()
			w.m.used = place{s.validity, uint32(h.uid)}
			w.m.mu.Unlock()
			return got, nil
		}
	}
	if len(heads) > 0 {
		b.uid = uint32(heads[0].uid) + 1
	}
	return "", nil
}

// wait returns when there may be new mail, at the latest after round.
func (s *session) wait(ctx context.Context, round time.Duration) error {
	if !s.idles {
		return sleep(ctx, min(round, pollRound))
	}
	var idle interface {
		Close() error
		Wait() error
	}
	err := s.do(ctx, lineBytes, func() (err error) { idle, err = s.client.Idle(); return err })
	if said := new(imap.Error); errors.As(err, &said) {
		s.idles = false // it said that it could
		return nil
	}
	if err != nil {
		return err
	}
	timer := time.NewTimer(round)
	defer timer.Stop()
	select {
	case <-s.news:
	case <-timer.C:
	case <-s.client.Closed():
	case <-ctx.Done():
		return context.Cause(ctx) // whoever gave up closes the connection
	}
	err = s.do(ctx, lineBytes, func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
	return s.refusedTo("wait", err)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
