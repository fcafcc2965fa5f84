//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// stories are the checks that are no cell of the table.
func stories() []*job {
	var jobs []*job
	for _, k := range walks {
		jobs = append(jobs, &job{name: k.name + ": each request has its row", cost: k.approve * 4,
			do: func(ctx context.Context, s stage) error { return s.undisturbed(ctx, k) }})
	}
	for _, k := range []*walk{walkNamed("Okta Classic"), walkNamed("Okta IDX"), walkNamed("Crowd, REST"), walkNamed("Crowd, login form")} {
		jobs = append(jobs,
			&job{name: k.name + ": a password whose answer was lost twice is kept back", do: func(ctx context.Context, s stage) error { return s.lostTwice(ctx, k) }},
			&job{name: k.name + ": a wrong password whose refusal was lost is refused once, and not sent again", do: func(ctx context.Context, s stage) error { return s.refusalLost(ctx, k) }},
		)
	}
	return jobs
}

func walkNamed(name string) *walk {
	for _, k := range walks {
		if k.name == name {
			return k
		}
	}
	panic("no walk " + name)
}

// undisturbed: the rows of a walk are all its requests, so that no step is forgotten.
func (s stage) undisturbed(ctx context.Context, k *walk) error {
	p, err := s.newPlay(ctx, k)
	if err != nil {
		return err
	}
	at := p.struck(-1, nil)
	r, err := p.command(ctx, at, leisure)
	if err != nil {
		return err
	}
	return errors.Join(r.Err(), at.complete(), p.w.ledger(p.user).abused())
}

// lose runs the command while the answer to the password gets lost.
func (p *play) lose(ctx context.Context, props ...string) (ran, error) {
	for i, row := range p.k.rows {
		if row.sent == "password" {
			at := p.struck(i, faultNamed("reset >"))
			r, err := p.command(ctx, at, leisure, props...)
			return r, errors.Join(err, at.struckWell())
		}
	}
	return ran{}, errors.New("no row has the password")
}

// ended says whether a command ended with a code, after so many passwords had been sent.
func (p *play) ended(r ran, code, passwords int, wrong ...string) error {
	l := p.w.ledger(p.user)
	if len(wrong) > 0 {
		l.user.password = wrong[0]
	}
	if n := l.passwords(); r.Code != code || n != passwords {
		return fmt.Errorf("exit code %d after %d passwords, expected %d after %d: %s", r.Code, n, code, passwords, harness.Tail([]byte(r.Stderr), 400))
	}
	return nil
}

// lostTwice: the first loss is forgiven at once, the second keeps the password back for
// ten minutes: its answers may have been refusals, and servers count those.
func (s stage) lostTwice(ctx context.Context, k *walk) error {
	p, err := s.newPlay(ctx, k)
	if err != nil {
		return err
	}
	for n := 1; n <= 2; n++ {
		r, err := p.lose(ctx)
		if err := errors.Join(err, p.ended(r, 7, n)); err != nil {
			return err
		}
	}
	r, err := p.command(ctx, p.undisturbed(), leisure)
	if err := errors.Join(err, p.ended(r, 8, 2)); err != nil {
		return err
	}
	if r.talk.RetryAfter < 500 || r.talk.RetryAfter > 600 || r.talk.Hint == "" {
		return fmt.Errorf("it says to wait %d seconds, hint %q", r.talk.RetryAfter, r.talk.Hint)
	}
	return nil
}

// refusalLost: nobody knows of a refusal that was lost, so the password is sent once
// more; that refusal is remembered.
func (s stage) refusalLost(ctx context.Context, k *walk) error {
	p, err := s.newPlay(ctx, k)
	if err != nil {
		return err
	}
	const wrong = "not the right horse"
	r, err := p.lose(ctx, "Password="+wrong)
	if err := errors.Join(err, p.ended(r, 7, 1, wrong)); err != nil {
		return err
	}
	for range 2 { // refused; then not sent
		r, err = p.command(ctx, p.undisturbed(), leisure, "Password="+wrong)
		if err := errors.Join(err, p.ended(r, 3, 2, wrong)); err != nil {
			return err
		}
	}
	return nil
}
