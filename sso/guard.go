package sso

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// secretGuard stands where a provider reads its secrets. It lets none pass that was refused
// before, and remembers what it let pass, so that a refusal can be noted. There is one
// for each sign-in, and while a provider works, which it may do in several goroutines,
// the record is reached through its guard only.
//
// What it notes is noted of the account that a secret belongs to, in a record and with a
// lease of its own. The lease is held from before a secret is marked and sent until its
// verdict is known; so of all who use an account one tries its password, and the others
// learn from that.
//
// # Order of leases
//
// A lease is waited for in this order only: the identity's, its user's, its mailbox's,
// and last that of an application or an organisation. Who needs an earlier one gives
// back the later ones first; their marks stay. The last are held for the time of one
// write, never while a secret is out and never while anything else is waited for: every
// user of the organisation would wait, and no server locks an application. The mark of
// what was sent of theirs is in the user's record, and what is unknown afterwards is
// noted in theirs (Unsure), which makes others probe before they send it.
//
// So no two can wait for each other. A process that dies holds nothing: files are
// unlocked by the system, and leases of a shared store expire.
type secretGuard struct {
	c           *Client
	newPassword Secret // what an expired password is changed to; zero: none

	mu     sync.Mutex // guards record
	record *record

	// turn holds one element while one of the methods works on the fields below. It is
	// no mutex: they wait for leases.
	turn        chan struct{}
	known       map[account]*knownAccount
	sentSecrets map[string]passedSecret
	probed      bool // the server has answered something harmless in this sign-in

	leaving sync.WaitGroup // leases that are being given back
}

// knownAccount is an account that this sign-in has met.
type knownAccount struct {
	account
	record *accountRecord
	lease  Lease // nil: record is what was last seen
}

type passedSecret struct {
	owner, value string
	marked       string // what its refusal is noted of, see guard.marked
	settled      bool   // the verdict is known
}

func newGuard(c *Client, r *record) *secretGuard {
	return &secretGuard{c: c, record: r, newPassword: c.cfg.NewPassword, turn: make(chan struct{}, 1),
		known: make(map[account]*knownAccount), sentSecrets: make(map[string]passedSecret)}
}

// enter waits for the turn, or for the end of ctx.
func (g *secretGuard) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.turn <- struct{}{}:
		return func() { <-g.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// change lets f change the identity's record.
func (g *secretGuard) change(f func(*record)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(g.record)
}

// encode returns the identity's record as it is stored.
func (g *secretGuard) encode() ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return json.Marshal(g.record)
}

// newPasswordProperty names the secret that an expired password is changed to.
const newPasswordProperty = "NewPassword"

// secret lets the secret s pass that a provider is about to send, after it was marked as
// sent. owner is the name under which programs of before noted its refusals.
func (g *secretGuard) secret(ctx context.Context, property, owner string, s Secret) (string, error) {
	// Before any account is locked: a person may have to unlock the source.
	value, err := s.Reveal(ctx)
	if err != nil {
		return "", err
	}
	next := ""
	if property == "Password" && !g.newPassword.IsZero() {
		if next, err = g.newPassword.Reveal(ctx); err != nil {
			return "", err
		}
	}
	leave, err := g.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	lead, home, err := g.open(ctx, property, owner)
	if err != nil {
		return "", err
	}
	marked := value
	if next != "" {
		if g.replaced(lead.record, owner, value) {
			value = next
		}
		// A password counts together with the one that it is to be changed to: an expired
		// password that was refused without a new one may be sent again with one.
		marked = value + "\x00" + next
	}
	if p, again := g.sentSecrets[property]; again && !p.settled && p.value == value {
		return value, nil // the same sign-in asks for it twice, and the mark is there
	}
	if err := g.allow(ctx, lead, home, property, owner, marked); err != nil {
		return "", g.failed(ctx, err)
	}
	g.sentSecrets[property] = passedSecret{owner: owner, value: value, marked: marked}
	return value, nil
}

// open returns the accounts of a secret: lead, whose lease is held now and whose record
// has the mark, and home, whose record has the refusals.
func (g *secretGuard) open(ctx context.Context, property, owner string) (lead, home *knownAccount, err error) {
	a := accountOf(g.c.cfg, property)
	first := a
	if a.shared() {
		first = accountOf(g.c.cfg, "Password")
	}
	if lead, err = g.hold(ctx, first); err != nil {
		return nil, nil, err
	}
	home = lead
	if a.shared() {
		if home, err = g.look(ctx, a); err != nil {
			return nil, nil, g.failed(ctx, err)
		}
	}
	g.mu.Lock()
	carriedOver := home.record.carry(&g.record.refusals, owner)
	entry := home.record.Carried
	g.mu.Unlock()
	if !carriedOver {
		return lead, home, nil
	}
	home.record.changed = true
	if home.lease == nil {
		last := entry[len(entry)-1]
		err = g.c.amend(ctx, a, func(r *accountRecord) bool {
			r.Carried = append(r.Carried, last)
			return true
		})
	}
	return lead, home, err
}

// allow decides whether a secret may be sent, and then marks it.
func (g *secretGuard) allow(ctx context.Context, lead, home *knownAccount, property, owner, marked string) error {
	if f, ok := home.record.knows(property, marked, userOf(home.account, g.c.cfg.User)); ok {
		e := &RefusedBeforeError{Property: property, At: f.At, Text: f.Text}
		if f.SP != g.c.id.SP {
			e.SP = f.SP
		}
		return e
	}
	now := time.Now()
	if wait := lead.record.Rest.left(now); wait > 0 {
		return &heldBackError{&autherr.Error{Kind: ErrRateLimited, Wait: wait,
			Text: "sso: the identity provider has asked to wait before this account signs in again",
			Hint: "try again after the wait"}}
	}
	mac := lead.record.mac(property, "", marked)
	before := lead.record.before(property, mac)
	if len(before.At) == 0 {
		before.At = g.markedBefore(property, owner, marked, lead.record.ClearedAt)
	}
	if err := before.heldBack(property, now); err != nil {
		if len(lead.record.before(property, mac).At) == 0 { // it was noted by a program of before
			lead.record.mark(property, before)
			lead.record.changed = true
		}
		return err
	}
	unsure := home.record.Unsure[property]
	if len(before.At) > 0 || unsure != nil && hmac.Equal(unsure, home.record.mac(property, "", marked)) {
		if err := g.probe(ctx, property); err != nil {
			return err
		}
	}
	lead.record.sending(property, before, time.Now())
	return lead.save(ctx)
}

// markedBefore returns the sends without a verdict that a program of before has marked
// in the identity's record since a time, and removes them there.
func (g *secretGuard) markedBefore(property, owner, marked string, since time.Time) []time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, ok := g.record.Sent[property]
	if !ok || !hmac.Equal(a.MAC, g.record.mac(property, owner, marked)) {
		return nil
	}
	delete(g.record.Sent, property)
	return slices.DeleteFunc(a.At, func(t time.Time) bool { return t.Before(since) })
}

// replaced reports whether value is an expired password that an earlier sign-in has
// changed, so that a connection that still names both works on.
func (g *secretGuard) replaced(r *accountRecord, owner, value string) bool {
	if len(r.Replaced) > 0 {
		return hmac.Equal(r.Replaced, r.mac("Password", "", value))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.record.Replaced) > 0 && hmac.Equal(g.record.Replaced, g.record.mac("Password", owner, value))
}

// probe asks the server something harmless, once in a sign-in: what became of the secret
// when it was last sent is not known, and a server that is in trouble would not say this
// time either.
func (g *secretGuard) probe(ctx context.Context, property string) error {
	p, ok := credential.As[credential.Prober](g.c.source)
	// A mail server has greeted before it gets a password.
	if !ok || g.probed || accountOf(g.c.cfg, property).Kind == accountMailbox {
		return nil
	}
	err := p.Probe(ctx)
	if err == nil {
		g.probed = true
		return nil
	}
	wait, _ := RetryAfter(err)
	return &heldBackError{&autherr.Error{Kind: ErrUnreachable, Wait: wait, Cause: err,
		Text: "sso: what became of this " + property + " when it was sent last is not known, " +
			"and it is not sent again before the server answers as it should",
		Hint: "the server or a gateway before it is in trouble: try again later"}}
}
