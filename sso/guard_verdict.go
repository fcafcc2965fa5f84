package sso

import (
	"context"
	"crypto/hmac"
	"errors"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// verdicts are changes of the records of accounts. Each may be made more than once, and
// reports whether it changed anything.
type verdicts map[account][]func(*accountRecord) bool

func (v verdicts) add(a account, f func(*accountRecord) bool) { v[a] = append(v[a], f) }

// known adds that the verdict on a secret is known: what it was is for others to say.
func (v verdicts) known(g *secretGuard, property string) {
	p, a := g.sentSecrets[property], accountOf(g.c.cfg, property)
	lead := a
	if a.shared() {
		lead = accountOf(g.c.cfg, "Password")
		v.add(a, func(r *accountRecord) bool { return r.sure(property, p.marked) })
	}
	v.add(lead, func(r *accountRecord) bool { return r.settle(property, r.mac(property, "", p.marked)) })
	p.settled = true
	g.sentSecrets[property] = p
}

// sure removes the doubt about a secret of a shared account.
func (r *accountRecord) sure(property, marked string) bool {
	mac := r.Unsure[property]
	if mac == nil || !hmac.Equal(mac, r.mac(property, "", marked)) {
		return false
	}
	delete(r.Unsure, property)
	return true
}

// accept adds that a secret was taken by its server.
func (v verdicts) accept(g *secretGuard, property string) {
	p := g.sentSecrets[property]
	v.known(g, property)
	a := accountOf(g.c.cfg, property)
	user := userOf(a, g.c.cfg.User)
	v.add(a, func(r *accountRecord) bool {
		rested := r.Rest != nil
		r.Rest = nil
		return r.setAside(property, r.mac(property, "", p.marked), user) || rested
	})
}

// accepted notes that what was sent so far was not refused: the server went on. It gives
// back the leases of the accounts.
func (g *secretGuard) accepted(ctx context.Context) error {
	leave, err := g.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	v := verdicts{}
	for property, p := range g.sentSecrets {
		if !p.settled {
			v.accept(g, property)
		}
	}
	return g.apply(ctx, v)
}

// note remembers which secret err says was refused, if it says so. A sign-in that
// succeeded clears the marks of the secrets that it used. If err tells nothing about
// them, the marks of their sending stay.
func (g *secretGuard) note(ctx context.Context, err error, now time.Time) error {
	leave, stopped := g.enter(context.WithoutCancel(ctx))
	if stopped != nil {
		return stopped
	}
	defer leave()
	return g.apply(ctx, g.verdictsOf(err, now))
}

func (g *secretGuard) verdictsOf(err error, now time.Time) verdicts {
	v := verdicts{}
	var held *heldBackError
	switch unsent := errors.As(err, &held); {
	case err == nil:
		for property := range g.sentSecrets {
			v.accept(g, property)
		}
		g.replace(v)
		return v
	case !unsent && noVerdictOnSecrets(err):
		for property := range g.sentSecrets {
			g.doubt(v, property)
		}
		return v
	}
	open := unsettled(err)
	for property := range g.sentSecrets {
		if slices.Contains(open, property) {
			g.doubt(v, property)
		} else {
			v.known(g, property)
		}
	}
	g.noteRest(v, err, held != nil, now)
	g.noteRefusal(v, err, now)
	return v
}

// doubt notes of a shared account's secret that nobody knows what became of it.
func (g *secretGuard) doubt(v verdicts, property string) {
	p, a := g.sentSecrets[property], accountOf(g.c.cfg, property)
	if p.settled || !a.shared() {
		return // the mark says it
	}
	v.add(a, func(r *accountRecord) bool {
		if r.Unsure == nil {
			r.Unsure = make(map[string][]byte)
		}
		r.Unsure[property] = r.mac(property, "", p.marked)
		return true
	})
}

// replace notes that an expired password was changed by this sign-in.
func (g *secretGuard) replace(v verdicts) {
	old, ok := g.sentSecrets["Password"]
	if _, changed := g.sentSecrets[newPasswordProperty]; !ok || !changed {
		return
	}
	v.add(accountOf(g.c.cfg, "Password"), func(r *accountRecord) bool {
		r.Replaced = r.mac("Password", "", old.value)
		return true
	})
}

// noteRest notes that the identity provider wants to be left alone for a while.
func (g *secretGuard) noteRest(v verdicts, err error, heldBack bool, now time.Time) {
	wait, ok := RetryAfter(err)
	if !ok || heldBack || len(g.sentSecrets) == 0 || !errors.Is(err, ErrRateLimited) || Step(err) != autherr.StepLogin {
		return
	}
	v.add(accountOf(g.c.cfg, "Password"), func(r *accountRecord) bool {
		r.Rest = &rest{Since: now, Wait: min(wait, time.Hour)}
		return true
	})
}

// noteRefusal notes which secret was refused, if one was.
func (g *secretGuard) noteRefusal(v verdicts, err error, now time.Time) {
	var before *RefusedBeforeError
	if !errors.Is(err, ErrCredentials) || errors.As(err, &before) {
		return
	}
	property := refusedSecret(err)
	p, ok := g.sentSecrets[property]
	if !ok {
		return // nothing of ours was sent
	}
	text := err.Error()
	var step *StepError
	if errors.As(err, &step) {
		text = step.Err.Error()
	}
	a := accountOf(g.c.cfg, property)
	f := refusal{At: now, Text: text, SP: g.c.id.SP, User: userOf(a, g.c.cfg.User)}
	v.add(a, func(r *accountRecord) bool {
		f.MAC = r.mac(property, "", p.marked)
		r.refuse(property, f)
		return true
	})
}
