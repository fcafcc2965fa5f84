package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// oneTrip is what the leases of this package can do beyond the interface, to save round
// trips.
type oneTrip interface {
	Loaded() (data []byte, ok bool)
	SaveAndRelease(ctx context.Context, data []byte) error
}

// TestOneRoundTrip: a lease brings the record along, and saving and giving back are one
// step.
func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		s := open(t, server.url(), redisstore.Options{})
		lease := acquire(t, s, recordKey)
		if data, ok := lease.(oneTrip).Loaded(); !ok || data != nil {
			t.Errorf("nothing is stored, and loaded were %q, %v", data, ok)
		}
		if err := lease.(oneTrip).SaveAndRelease(t.Context(), []byte("one")); err != nil {
			t.Fatal(err)
		}
		if err := lease.Save(t.Context(), []byte("late")); err == nil {
			t.Error("saved after the release")
		}
		next := acquire(t, s, recordKey) // at once
		if data, ok := next.(oneTrip).Loaded(); !ok || string(data) != "one" {
			t.Errorf("loaded %q, %v; want what was saved", data, ok)
		}
		if err := next.Save(t.Context(), []byte("two")); err != nil {
			t.Fatal(err)
		}
		if data, ok := next.(oneTrip).Loaded(); ok {
			t.Errorf("after a save the old record %q is passed on", data)
		}
		if err := next.(oneTrip).SaveAndRelease(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := load(t, s, recordKey); got != "" {
			t.Errorf("a removed record is %q", got)
		}
		third := acquire(t, s, recordKey)
		third.Release()
		if err := third.(oneTrip).SaveAndRelease(t.Context(), []byte("three")); err == nil {
			t.Error("saved after the release")
		}
	})
}

// TestSaveAndReleaseOfALostLease: the lease has gone to somebody else.
func TestSaveAndReleaseOfALostLease(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		s := open(t, server.url(), redisstore.Options{LeaseTTL: time.Minute})
		lease := acquire(t, s, recordKey)
		admin := server.admin(t)
		for _, name := range admin.Keys(t.Context(), "*:lease").Val() {
			admin.Del(t.Context(), name)
		}
		other := acquire(t, s, recordKey)
		if err := lease.(oneTrip).SaveAndRelease(t.Context(), []byte("stale")); !errors.Is(err, redisstore.ErrLeaseLost) {
			t.Errorf("saved with a lost lease: %v", err)
		}
		if err := other.Save(t.Context(), []byte("good")); err != nil {
			t.Errorf("the other lease has ended with it: %v", err)
		}
		other.Release()
	})
}

// TestIdentitiesOfOneAccount: hosts of a fleet sign in to twelve Jiras with one account
// whose password has changed. One of them tries it, and the leases of all are free then.
func TestIdentitiesOfOneAccount(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		w := fixtures.NewWorld(fixtures.WorldOptions{})
		defer w.Close()
		ca, err := w.Net.CAFile(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		session := func(n int, password string) error {
			base := fmt.Sprintf("https://jira-%d.example.com", n)
			w.Net.Handle(fmt.Sprintf("jira-%d.example.com", n), w.Jira)
			conn := strings.Join([]string{"AuthScheme=Okta", "URL=" + base, "SSOExchangeURL=" + base + "/plugins/servlet/samlconsumer", "SSOLoginURL=" + w.Okta.AppLink(),
				"User=" + [2]string{"passwordonly", "PasswordOnly"}[n%2] + "@example.com", "Password=" + password, "SSLServerCert=" + ca}, ";")
			host := open(t, server.url(), redisstore.Options{})
			c, err := sso.Open(t.Context(), conn, &sso.Options{Dial: w.Net.Dial, Store: host})
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Session(t.Context())
			return err
		}
		var all sync.WaitGroup
		for n := range 12 {
			all.Go(func() {
				if err := session(n, "of last year"); !errors.Is(err, sso.ErrCredentials) {
					t.Errorf("Jira %d: %v", n, err)
				}
			})
		}
		all.Wait()
		if n := w.Net.Count("acme.okta.com", "POST", "/api/v1/authn"); n != 1 {
			t.Errorf("%d passwords were sent, want 1", n)
		}
		noLeaseLeft(t, server)
	})
}

// TestAccountWhoseHolderDied: a host dies with the lease of an account. Others wait until
// it has expired, no longer, and find the mark.
func TestAccountWhoseHolderDied(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		w := fixtures.NewWorld(fixtures.WorldOptions{})
		defer w.Close()
		ca, err := w.Net.CAFile(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		conn := w.OktaConnection("User=passwordonly@example.com", "SSLServerCert="+ca)
		line := newLine(t, server.addr)
		o := redisstore.Options{LeaseTTL: 2 * time.Second} // a busy machine keeps it as long as the host lives
		dying := open(t, "redis://"+line.addr, o)
		c, err := sso.Open(t.Context(), conn, &sso.Options{Dial: w.Net.Dial, Store: dying})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, kill := context.WithCancel(t.Context())
		w.Net.Intercept(cutAt("/api/v1/authn", func() {
			line.cut() // nothing that it does is heard of any more
			kill()
		}))
		if _, err := c.Session(ctx); err == nil {
			t.Fatal("signed in")
		}
		w.Net.Intercept(nil)
		other := strings.Replace(conn, w.Jira.BaseURL(), w.Jira.BaseURL()+"/", 1) // another way to write it, the same account
		c, err = sso.Open(t.Context(), other, &sso.Options{Dial: w.Net.Dial, Store: open(t, server.url(), o)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if _, err := c.Session(ctx); err != nil {
			t.Errorf("after the other host died: %v", err)
		}
		if n := w.Net.Count("acme.okta.com", "GET", "/.well-known/okta-organization"); n != 1 {
			t.Errorf("%d harmless requests before the password was sent again, want 1", n)
		}
		noLeaseLeft(t, server)
	})
}

// cutAt calls do at the first request for a path, which is not answered.
func cutAt(path string, do func()) func(string, *http.Request) http.Handler {
	var once sync.Once
	return func(_ string, r *http.Request) (h http.Handler) {
		if r.URL.Path == path {
			once.Do(func() {
				do()
				h = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			})
		}
		return h
	}
}
