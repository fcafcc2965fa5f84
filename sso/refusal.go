package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// RefusedBeforeError stops a secret that was refused before from being sent again.
type RefusedBeforeError struct {
	Property string    // "Password", "SSOAppPassword" or "APIToken"
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

type passedSecret struct{ owner, value string }

// secret returns the function that a provider calls when it is about to send s.
func (g *guard) secret(ctx context.Context, property, owner string, s Secret) (string, error) {
	value, err := s.Reveal(ctx)
	if err != nil {
		return "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, ok := g.record.refused(property, owner, value); ok {
		return "", &RefusedBeforeError{Property: property, At: f.At, Text: f.Text}
	}
	if g.passed == nil {
		g.passed = make(map[string]passedSecret)
	}
	g.passed[property] = passedSecret{owner, value}
	return value, nil
}

// note remembers in the record which secret err says was refused, if it says so.
// A sign-in that succeeded clears the marks of the secrets that it used.
func (g *guard) note(err error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		for property := range g.passed {
			delete(g.record.Refused, property)
		}
		return
	}
	var before *RefusedBeforeError
	if !errors.Is(err, ErrCredentials) || errors.As(err, &before) {
		return
	}
	property := "Password"
	for e := range chain(err) {
		if r, ok := e.(interface{ RefusedSecret() string }); ok {
			property = r.RefusedSecret()
			break
		}
	}
	p, ok := g.passed[property]
	if !ok {
		return // nothing of ours was sent
	}
	if g.record.Refused == nil {
		g.record.Refused = make(map[string]refusal)
	}
	text := err.Error()
	var step *StepError
	if errors.As(err, &step) {
		text = step.Err.Error()
	}
	g.record.Refused[property] = refusal{MAC: g.record.mac(property, p.owner, p.value), At: now, Text: text}
}

// fail notes how a sign-in ended, for those who waited for it.
func (r *record) fail(err error, now time.Time) {
	f := &failure{At: now, Code: Code(err), Step: Step(err), Text: err.Error(), Hint: Hint(err)}
	f.Wait, _ = RetryAfter(err)
	r.Failed = f
}

// err turns the note back into an error of the same kind.
func (f *failure) err() error {
	kind := kindOf(f.Code)
	if kind == nil {
		kind = ErrUnreachable
	}
	err := error(&autherr.Error{Kind: kind, Text: "another process has just tried: " + f.Text, Hint: f.Hint, Wait: f.Wait})
	if f.Step != "" {
		err = &StepError{Step: f.Step, Err: err}
	}
	return err
}
