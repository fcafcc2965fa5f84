package sso

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// A token that is new whenever it is read ends no stop, unless the one before was what
// was refused.
func TestSealOfATokenThatChanges(t *testing.T) {
	n := 0
	box := &url.URL{Scheme: "imaps", User: url.User("bot"), Host: "imap.example.com"}
	c := &Client{accounts: &MemoryStore{}, cfg: &Config{Scheme: "Okta", User: "ana", MFAMailbox: box, MFAMailboxToken: SecretFunc(func(context.Context) (string, error) {
		n++
		return fmt.Sprint("token ", n), nil
	})}}
	r := newRecord(c.cfg)
	seal := func() []byte {
		sum, err := c.seal(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := seal()
	if again := seal(); !bytes.Equal(first, again) || n != 0 {
		t.Errorf("another token is a change, though none was refused; it was read %d times", n)
	}
	refuse := func(token string) {
		r.refuse(mailboxToken, refusal{MAC: r.mac(mailboxToken, mailboxOwner(box), token), At: time.Now()})
	}
	refuse("token 1") // the one that comes next
	refused := seal()
	if fresh := seal(); bytes.Equal(refused, fresh) {
		t.Error("a token in place of a refused one is no change")
	}
	refuse("token 3")
	if again := seal(); !bytes.Equal(refused, again) {
		t.Error("the next refused one is a change")
	}
	// The usual case: refused was one that is never printed again.
	told := newRecord(c.cfg)
	told.fail(&RefusedBeforeError{Property: mailboxToken}, time.Now())
	for _, err := range []error{&RefusedBeforeError{Property: mailboxToken}, told.Failed.err()} {
		stopped := c.sealAfter(t.Context(), r, err)
		if fresh := seal(); bytes.Equal(stopped, fresh) {
			t.Errorf("a stop because of a token does not end with another one: %v", err)
		}
	}
	stopped := c.sealAfter(t.Context(), r, &RefusedBeforeError{Property: "Password"})
	if fresh := seal(); !bytes.Equal(stopped, fresh) {
		t.Error("a stop for another reason ends with another token")
	}
}

// A connection to the mailbox is made anew within one sign-in. A secret that is sent a
// second time is marked a second time.
func TestSecretSentTwiceIsMarkedTwice(t *testing.T) {
	cfg := &Config{Scheme: "Okta", User: "ana", MFAMailbox: &url.URL{Scheme: "imaps", User: url.User("bot"), Host: "imap.example.com"}}
	c := &Client{accounts: &MemoryStore{}, cfg: cfg, opts: Options{Logger: slog.New(slog.DiscardHandler)}}
	g := newGuard(c, newRecord(cfg))
	send := func() {
		t.Helper()
		if got, err := g.secret(t.Context(), "MFAMailboxPassword", "bot", NewSecret("x")); got != "x" || err != nil {
			t.Fatal(got, err)
		}
	}
	marks := func() int {
		r, err := readAccount(t.Context(), c.accounts, nil, accountOf(cfg, "MFAMailboxPassword"))
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Sent["MFAMailboxPassword"].At)
	}
	send()
	send()
	if n := marks(); n != 1 {
		t.Errorf("%d marks while the first is open, want one", n)
	}
	if err := g.accepted(t.Context()); err != nil || marks() != 0 {
		t.Errorf("%d marks after it was accepted, %v", marks(), err)
	}
	send()
	if err := g.note(t.Context(), &autherr.StepError{Step: autherr.StepMFA, Err: brokenOff{}}, time.Now()); err != nil {
		t.Error(err)
	}
	if n := marks(); n != 1 {
		t.Errorf("%d marks after no verdict, want one", n)
	}
}

// brokenOff is the error of a connection that broke after the secret was sent.
type brokenOff struct{}

func (brokenOff) Error() string           { return "mailbox: no answer" }
func (brokenOff) Is(target error) bool    { return target == ErrUnreachable }
func (brokenOff) UnsettledSecret() string { return "MFAMailboxPassword" }
