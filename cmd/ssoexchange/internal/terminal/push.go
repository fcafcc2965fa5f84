package terminal

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// pushLine is how a push that waits is shown.
type pushLine struct {
	challenge mfa.Challenge
	since     time.Time // when it began; zero: none waits
	number    string    // that was shown last
	last      time.Time // when the last plain line was written
	shown     bool      // a line is on the screen
	stop      func()    // ends the repainting; nil: there is none
}

// Watcher is the part of the terminal that only shows progress.
func (t *Terminal) Watcher() mfa.Answerer { return watchOnly{t} }

type watchOnly struct{ t *Terminal }

// Answer notes what would have to be answered: there is nobody.
func (w watchOnly) Answer(_ context.Context, c mfa.Challenge) (string, error) {
	w.t.note(c)
	return "", mfa.ErrNotMine
}

func (w watchOnly) Watch(c mfa.Challenge, done bool) { w.t.Watch(c, done) }

// Watch shows how a push is getting on: on one line of the terminal that is rewritten;
// with --json by an event for the push and for every new number.
func (t *Terminal) Watch(c mfa.Challenge, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &t.push
	if done {
		t.clearLocked()
		if p.stop != nil {
			p.stop()
		}
		*p = pushLine{}
		return
	}
	now, number := time.Now(), numberOf(c)
	first := p.since.IsZero()
	if first {
		p.since = now
	}
	p.challenge = c
	if first || number != p.number {
		t.eventLocked(Event{Name: "push", Message: pushText(c)}.about(c))
		t.logPush(c)
	}
	switch {
	case t.Quiet:
		p.number = number
	case t.IsTerminal():
		p.number = number
		t.paintPush(now)
		if first {
			p.stop = t.repaint()
		}
	case first || number != p.number || now.Sub(p.last) >= 10*time.Second:
		fmt.Fprintf(t.err, "ssoexchange: %s (waiting for %d s)\n", pushText(c), int(now.Sub(p.since).Seconds()))
		p.number, p.last = number, now
	}
}

func numberOf(c mfa.Challenge) string {
	if c.Number == nil {
		return ""
	}
	return fmt.Sprint(*c.Number)
}

// pushText says what to do, the number first: it is what a person looks for.
func pushText(c mfa.Challenge) string { return pushDoing(c) + ": " + c.String() }

func pushDoing(c mfa.Challenge) string {
	if number := numberOf(c); number != "" {
		return "choose " + number + " on your phone"
	}
	return "approve the push on your phone"
}

// logPush is for a service, which has no terminal: somebody may read its log.
func (t *Terminal) logPush(c mfa.Challenge) {
	if t.Log == nil {
		return
	}
	attrs := []any{slog.String("factor", c.String())}
	if c.Number != nil {
		attrs = append(attrs, slog.Int("number", *c.Number))
	}
	t.Log.Info("a push waits to be approved", attrs...)
}

// paintPush writes the line of the push over what is there, no wider than the terminal.
func (t *Terminal) paintPush(now time.Time) {
	columns := 80
	if f, ok := t.err.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			columns = w
		}
	}
	t.clearLocked()
	c := t.push.challenge
	line := fmt.Sprintf("%s (%d s): %s", pushDoing(c), int(now.Sub(t.push.since).Seconds()), c)
	if prefixed := "ssoexchange: " + line; display.Width(prefixed) < columns {
		line = prefixed
	}
	line = display.Cut(line, columns-1) // a full line would wrap on some terminals
	if number := numberOf(c); number != "" {
		line = strings.Replace(line, "choose "+number+" ", "choose "+t.Paint("1", number)+" ", 1)
	}
	fmt.Fprint(t.err, line)
	t.push.shown = true
}

// repaint keeps the seconds going and the line within a terminal that changes its
// size. The caller holds mu.
func (t *Terminal) repaint() (stop func()) {
	resized, done := make(chan os.Signal, 1), make(chan struct{})
	notifyResize(resized)
	tick := time.NewTicker(time.Second)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-resized:
			case <-tick.C:
			}
			t.mu.Lock()
			select {
			case <-done: // while mu was waited for
			default:
				if !t.push.since.IsZero() {
					t.paintPush(time.Now())
				}
			}
			t.mu.Unlock()
		}
	}()
	return func() {
		signal.Stop(resized)
		tick.Stop()
		close(done)
	}
}

// Clear takes the line of a push off the screen.
func (t *Terminal) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLocked()
}

func (t *Terminal) clearLocked() {
	if t.push.shown {
		fmt.Fprint(t.err, "\r\x1b[K")
		t.push.shown = false
	}
}
