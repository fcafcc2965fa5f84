package sso

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"
)

// A token that is new whenever it is read ends no stop, unless the one before was what
// was refused.
func TestSealOfATokenThatChanges(t *testing.T) {
	n := 0
	box := &url.URL{Scheme: "imaps", User: url.User("bot"), Host: "imap.example.com"}
	c := &Client{cfg: &Config{Scheme: "Okta", User: "ana", MFAMailbox: box, MFAMailboxToken: SecretFunc(func(context.Context) (string, error) {
		n++
		return fmt.Sprint("token ", n), nil
	})}}
	r := newRecord(c.cfg)
	first := c.seal(t.Context(), r)
	if again := c.seal(t.Context(), r); !bytes.Equal(first, again) || n != 0 {
		t.Errorf("another token is a change, though none was refused; it was read %d times", n)
	}
	refuse := func(token string) {
		r.refuse(mailboxToken, refusal{MAC: r.mac(mailboxToken, mailboxOwner(box), token), At: time.Now()})
	}
	refuse("token 1") // the one that comes next
	refused := c.seal(t.Context(), r)
	if fresh := c.seal(t.Context(), r); bytes.Equal(refused, fresh) {
		t.Error("a token in place of a refused one is no change")
	}
	refuse("token 3")
	if again := c.seal(t.Context(), r); !bytes.Equal(refused, again) {
		t.Error("the next refused one is a change")
	}
}
