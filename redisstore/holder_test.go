package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestHolder: a waiter learns who has the lease and since when, which is not when that
// one began to wait for it.
func TestHolder(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		key := sso.Identity{Scheme: "Okta", SP: "https://jira.example.com", User: "ana"}.Key()
		one, two := open(t, server.url(), redisstore.Options{}), open(t, server.url(), redisstore.Options{})
		if who, since := two.Holder(t.Context(), key); who != "" || !since.IsZero() {
			t.Errorf("nobody has it: %q since %v", who, since)
		}
		first, err := one.Acquire(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		who, since := two.Holder(t.Context(), key)
		if !strings.HasPrefix(who, "process ") || !strings.Contains(who, " on ") || time.Since(since) > time.Minute || since.After(time.Now()) {
			t.Errorf("held: %q since %v", who, since)
		}
		time.AfterFunc(1500*time.Millisecond, first.Release)
		second, err := two.Acquire(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer second.Release()
		if _, later := one.Holder(t.Context(), key); !later.After(since) {
			t.Errorf("the second holder has it since %v, the first since %v", later, since)
		}
	})
}
