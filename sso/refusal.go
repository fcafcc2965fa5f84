package sso

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// RefusedBeforeError stops a secret that was refused before from being sent again.
type RefusedBeforeError struct {
	Property string    // "Password", "SSOAppPassword", "APIToken", "MFAMailboxPassword" or "MFAMailboxToken"
	At       time.Time // when it was refused
	Text     string    // what the server said then
}

func (e *RefusedBeforeError) Error() string {
	return fmt.Sprintf("sso: this %s was refused on %s and is not sent again (%s)",
		e.Property, e.At.UTC().Format(time.RFC3339), e.Text)
}

// Is reports whether target is ErrCredentials.
func (e *RefusedBeforeError) Is(target error) bool { return target == ErrCredentials }

// HintText returns what to do next.
func (e *RefusedBeforeError) HintText() string {
	return "give the right " + e.Property + "; if this one is right after all (the account was unlocked, say), try it again with: ssoexchange login --retry-refused"
}

// guard stands where a provider reads its secrets. It lets none pass that was
// refused before, and remembers what it let pass, so that a refusal can be noted.
// There is one for each sign-in, and while a provider works, which it may do in
// several goroutines, the record is reached through its guard only.
type guard struct {
	newPassword Secret // what an expired password is changed to; zero: none

	mu     sync.Mutex // guards all below
	record *record
	passed map[string]passedSecret
}

// change lets f change the record.
func (g *guard) change(f func(*record)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(g.record)
}

// encode returns the record as it is stored.
func (g *guard) encode() ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return json.Marshal(g.record)
}

type passedSecret struct {
	owner, value string
	marked       string // what its refusal is noted of, see guard.marked
}

// newPasswordProperty names the secret that an expired password is changed to.
const newPasswordProperty = "NewPassword"

// secret lets the secret s pass that a provider is about to send, and marks it as
// sent. The caller stores the mark before it hands the secret over.
func (g *guard) secret(ctx context.Context, property, owner string, s Secret) (string, error) {
	value, err := s.Reveal(ctx)
	if err != nil {
		return "", err
	}
	if property == "Password" {
		if value, err = g.replaced(ctx, owner, value); err != nil {
			return "", err
		}
	}
	marked, err := g.marked(ctx, property, value)
	if err != nil {
		return "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, ok := g.record.refused(property, owner, marked); ok {
		return "", &RefusedBeforeError{Property: property, At: f.At, Text: f.Text}
	}
	mac := g.record.mac(property, owner, marked)
	if p, again := g.passed[property]; again && p.value == value && hmac.Equal(g.record.Sent[property].MAC, mac) {
		return value, nil // the same sign-in asks for it twice, and the mark is there
	}
	if err := g.record.sending(property, mac, time.Now()); err != nil {
		return "", err
	}
	if g.passed == nil {
		g.passed = make(map[string]passedSecret)
	}
	g.passed[property] = passedSecret{owner, value, marked}
	return value, nil
}

// replaced returns the password that took the place of an expired one in an earlier
// sign-in, so that a connection that still names both works on; else value itself.
func (g *guard) replaced(ctx context.Context, owner, value string) (string, error) {
	g.mu.Lock()
	old := len(g.record.Replaced) > 0 && hmac.Equal(g.record.Replaced, g.record.mac("Password", owner, value))
	g.mu.Unlock()
	if !old || g.newPassword.IsZero() {
		return value, nil
	}
	return g.newPassword.Reveal(ctx)
}

// marked returns what a refusal of value is noted of. A password counts together with
// the one that it is to be changed to: an expired password that was refused without
// a new one may be sent again with one.
func (g *guard) marked(ctx context.Context, property, value string) (string, error) {
	if property != "Password" || g.newPassword.IsZero() {
		return value, nil
	}
	next, err := g.newPassword.Reveal(ctx)
	return value + "\x00" + next, err
}

// accepted notes that what was sent so far was not refused: the server went on.
func (g *guard) accepted() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settle()
}

// settle removes the marks of what was sent, but for a property whose verdict is not
// known. The caller holds mu.
func (g *guard) settle(open ...string) {
	for property := range g.passed {
		if !slices.Contains(open, property) {
			delete(g.record.Sent, property)
		}
	}
}

// unsettled names the secret that a server other than the identity provider was sent and
// gave no verdict on, if err says so.
func unsettled(err error) (properties []string) {
	for e := range chain(err) {
		if u, ok := e.(interface{ UnsettledSecret() string }); ok && u.UnsettledSecret() != "" {
			properties = append(properties, u.UnsettledSecret())
		}
	}
	return properties
}

// refusedSecret names the secret that err says was refused, now or before; "" if it does not say so.
func refusedSecret(err error) string {
	if !errors.Is(err, ErrCredentials) {
		return ""
	}
	if before := (*RefusedBeforeError)(nil); errors.As(err, &before) {
		return before.Property
	}
	for e := range chain(err) {
		if r, ok := e.(interface{ RefusedSecret() string }); ok {
			return r.RefusedSecret()
		}
	}
	return "Password"
}

// note remembers in the record which secret err says was refused, if it says so.
// A sign-in that succeeded clears the marks of the secrets that it used. If err
// tells nothing about them, the marks of their sending stay.
func (g *guard) note(err error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.settle()
		if old, ok := g.passed["Password"]; ok && g.passed[newPasswordProperty].value != "" {
			g.record.Replaced = g.record.mac("Password", old.owner, old.value)
		}
		for property, p := range g.passed {
			g.record.setAside(property, g.record.mac(property, p.owner, p.marked))
		}
		return
	}
	if noVerdictOnSecrets(err) {
		return
	}
	g.settle(unsettled(err)...)
	var before *RefusedBeforeError
	if !errors.Is(err, ErrCredentials) || errors.As(err, &before) {
		return
	}
	property := refusedSecret(err)
	p, ok := g.passed[property]
	if !ok {
		return // nothing of ours was sent
	}
	text := err.Error()
	var step *StepError
	if errors.As(err, &step) {
		text = step.Err.Error()
	}
	g.record.refuse(property, refusal{MAC: g.record.mac(property, p.owner, p.marked), At: now, Text: text})
}

// fail notes how a sign-in ended, for those who waited for it.
func (r *record) fail(err error, now time.Time) {
	f := &failure{At: now, Code: Code(err), Step: Step(err), Text: err.Error(), Hint: Hint(err), Refused: refusedSecret(err), Late: isLateMail(err)}
	f.Wait, _ = RetryAfter(err)
	r.Failed = f
}

// err turns the note back into an error of the same kind.
func (f *failure) err() error { return f.told("another process has just tried: ") }

// told is err with other words before it.
func (f *failure) told(before string) error {
	kind := kindOf(f.Code)
	if kind == nil {
		kind = ErrUnreachable
	}
	err := error(&autherr.Error{Kind: kind, Text: before + f.Text, Hint: f.Hint, Wait: f.Wait})
	if f.Step != "" {
		err = &StepError{Step: f.Step, Err: err}
	}
	switch {
	case f.Refused != "":
		return &toldRefusal{err, f.Refused}
	case f.Late:
		return &lateMailError{err}
	}
	return err
}

// toldRefusal is the refusal of a secret by the word of somebody else.
type toldRefusal struct {
	error
	property string
}

func (e *toldRefusal) Unwrap() error         { return e.error }
func (e *toldRefusal) RefusedSecret() string { return e.property }
