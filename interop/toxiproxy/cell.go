//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	// grace is for what comes after Timeout: Okta is told within five seconds of its own
	// that a transaction is given up; and this machine may have more to do.
	grace = 10 * time.Second
	// soon is the most that a fault which shows at once may take, pushes aside: no time
	// limit of the command's is as short.
	soon = 12 * time.Second
	// polls is how long it takes until five polls were lost, four seconds apart.
	polls = 28 * time.Second
	// mailPause is a little more than what Okta wants between two mails. A command may be
	// told of a longer limit, which is the organisation's and has room for it.
	mailPause = 6 * time.Second
)

// said is the error that --json promises on standard error.
type said struct {
	Code, Step, Message, Hint string
	RetryAfter                int `json:"retry_after"`
}

// read finds the error in what was printed. It is the last line.
func read(stderr string) (said, error) {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	var doc struct{ Error said }
	err := json.Unmarshal([]byte(lines[len(lines)-1]), &doc)
	if err != nil || doc.Error.Code == "" || doc.Error.Message == "" {
		return said{}, fmt.Errorf("the command failed without an error in JSON: %s", harness.Tail([]byte(stderr), 400))
	}
	return doc.Error, nil
}

// cell is one fault at one row of a walk.
type cell struct {
	k   *walk
	row int
	f   *fault
}

func (c cell) String() string {
	return fmt.Sprintf("%s: %s: %s", c.k.name, c.k.rows[c.row].name, c.f.name)
}

// outcome is how a cell ended.
type outcome struct {
	exit  int
	again bool // it succeeded, because the request was made once more
	next  next
	err   error
}

// next is what was done afterwards, on a good line.
type next struct {
	commands             int // how many it took; more than one where a pause was asked for
	passwords, messages  int // that were sent
	assertions, requests int // to Jira; to anybody
}

// play plays the cell.
func (c cell) play(ctx context.Context, s stage) (o outcome) {
	p, err := s.newPlay(ctx, c.k)
	if err != nil {
		return outcome{err: err}
	}
	timeout := leisure
	var props []string
	if c.f.stalls || c.f.mute {
		timeout = brief
	}
	if c.f.stalls && c.k.approve > 0 {
		props = append(props, fmt.Sprintf("MFATimeout=%d", briefMFA/time.Second))
	}
	at := p.struck(c.row, c.f)
	r, err := p.command(ctx, at, timeout, props...)
	if err != nil {
		return outcome{err: err}
	}
	o.exit, o.again = r.Code, r.Code == 0 && !c.f.mild
	if err := c.verdict(p, at, r); err != nil {
		o.err = fmt.Errorf("%w (after %v: %s)", err, r.took.Round(time.Millisecond), harness.Tail([]byte(r.Stderr), 500))
		return o
	}
	o.next, o.err = c.afterwards(ctx, p, r)
	return o
}

// verdict judges the command that met the fault.
func (c cell) verdict(p *play, at *plot, r ran) error {
	row, l := c.k.rows[c.row], p.w.ledger(p.user)
	if err := at.struckWell(); err != nil {
		return err
	}
	if err := errors.Join(c.bounded(row, r.took), p.leaks(r), l.abused(), c.respected(l)); err != nil {
		return err
	}
	if n := p.messages(); n > 1 {
		return fmt.Errorf("%d messages were sent to the user", n)
	}
	switch {
	case r.Code != 0 && c.f.mild:
		return errors.New("the sign-in failed on a line that is only slow")
	case r.Code != 0:
		return c.typed(row, r)
	case c.f.mild:
		return nil
	case !row.safe:
		return errors.New("it succeeded, although the answer cannot have arrived")
	case row.method != "" && l.count(row) < 2:
		return errors.New("it succeeded without asking again, although the answer was lost")
	}
	return nil
}

// respected: the password is sent once at most, and not at all for what is stored; and
// a session of which nobody knows is not replaced.
func (c cell) respected(l ledger) error {
	n := l.passwords()
	if n > 1 || n > 0 && c.k.stored != nothing {
		return fmt.Errorf("the password was sent %d times", n)
	}
	if c.k.stored == alive && l.elsewhere(jira) > 0 {
		return errors.New("a session that lives was given up")
	}
	return nil
}

// bounded: a fault that shows ends the command at once, and silence by its own clock.
func (c cell) bounded(r row, took time.Duration) error {
	limit := soon
	switch {
	case c.f.mute:
		limit += brief + 8*time.Second
	case r.patience && !c.f.stalls:
		limit += polls
	case c.k.approve > 0 && c.f.stalls:
		limit = briefMFA + grace
	case c.f.stalls:
		limit = brief + grace
	case c.k.approve > 0:
		limit += 8 * time.Second // two polls
	}
	if took > limit {
		return fmt.Errorf("it took %v, more than %v", took.Round(time.Millisecond), limit)
	}
	return nil
}

// typed: the error has everything that is promised of one.
func (c cell) typed(row row, r ran) error {
	codes := map[int]string{7: "unreachable", 10: "bad_answer"}
	switch e := r.talk; {
	case codes[r.Code] == "" || codes[r.Code] != e.Code:
		return fmt.Errorf("exit code %d, code %q", r.Code, e.Code)
	case e.Step != row.step && !(row.beside && e.Step == console.step): // asked again, and struck at the next request
		return fmt.Errorf("it names the step %q, not %q", e.Step, row.step)
	case e.Hint == "":
		return errors.New("it has no hint")
	case r.Stdout != "":
		return errors.New("it printed something all the same")
	}
	return nil
}

// leaks looks for secrets in what was printed. Cookies on standard output are no leak.
func (p *play) leaks(r ran) error {
	text := r.Stderr
	if r.Code != 0 {
		text += r.Stdout
	}
	secrets := append(p.w.Secrets(), p.user.password)
	if len(secrets) < 10 {
		return errors.New("too few secrets are known to look for them")
	}
	for _, s := range secrets {
		if len(s) >= 8 && strings.Contains(text, s) {
			return fmt.Errorf("a secret of %d bytes was printed", len(s))
		}
	}
	return nil
}

// afterwards runs the command on a good line: what was stored can be read, nothing that
// works once is sent again, and it succeeds. Where a mail or its code was under way it
// may ask for a pause first.
func (c cell) afterwards(ctx context.Context, p *play, first ran) (n next, err error) {
	before, messages := p.w.ledger(p.user), p.messages()
	var r ran
	for n.commands = 1; ; n.commands++ {
		r, err = p.command(ctx, p.undisturbed(), leisure)
		if err != nil || n.commands == c.tries() || !r.maybeLater() {
			break
		}
		select {
		case <-time.After(min(mailPause, time.Duration(r.talk.RetryAfter)*time.Second)):
		case <-ctx.Done():
			return n, context.Cause(ctx)
		}
	}
	if err != nil {
		return n, err
	}
	l := p.w.ledger(p.user)
	n.messages = p.messages() - messages
	n.passwords, n.assertions, n.requests = l.passwords()-before.passwords(), l.count(acs)-before.count(acs), len(l.requests)-len(before.requests)
	damaged := strings.Contains(r.Stderr, "damaged") || strings.Contains(r.Stderr, "set aside")
	switch {
	case r.Code != 0 || damaged:
		err = errors.New("it fails")
	case n.passwords > n.commands || n.passwords > 0 && c.k.stored != nothing:
		err = fmt.Errorf("the password is sent %d times in %d commands", n.passwords, n.commands)
	case first.Code == 0 && n.requests != 1, c.k.stored == alive && n.requests != 1:
		err = fmt.Errorf("it makes %d requests, although a session is stored", n.requests)
	case n.messages > 1:
		err = fmt.Errorf("%d messages are sent", n.messages)
	default:
		err = errors.Join(l.abused(), p.leaks(r))
	}
	if err != nil {
		err = fmt.Errorf("afterwards, on a good line: %w (%s)", err, harness.Tail([]byte(r.Stderr), 500))
	}
	return n, err
}

// tries is how many commands it may take on a good line.
func (c cell) tries() int {
	if sent := c.k.rows[c.row].sent; c.k.mail() && (sent == "message" || sent == "code") {
		return 3
	}
	return 1
}

// maybeLater reports whether a command has failed and said that it may be repeated.
func (r ran) maybeLater() bool {
	return r.talk.Hint != "" && (r.Code == 7 || (r.Code == 8 || r.Code == 4) && r.talk.RetryAfter > 0)
}
