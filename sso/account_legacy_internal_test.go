package sso

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"
)

// legacyClient is a Client that uses no server: what matters is what its guard lets pass.
func legacyClient(t *testing.T, store Store, conn string) *Client {
	t.Helper()
	cfg, err := ParseConfig(conn)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{cfg: cfg, id: cfg.Identity(), store: store, accounts: store, opts: Options{Logger: slog.New(slog.DiscardHandler)}}
}

// asked is what the guard of a fresh sign-in says to a secret.
func asked(t *testing.T, c *Client, property, owner, value string) error {
	t.Helper()
	r, err := c.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lease, err := c.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	state := c.newSignInState(r, lease)
	_, refused := state.guard.secret(t.Context(), property, owner, NewSecret(value))
	state.guard.close(t.Context())
	if err := state.store(t.Context()); err != nil {
		t.Fatal(err)
	}
	return refused
}

// otherStore is no MemoryStore, so that the records of accounts are in it.
type otherStore struct{ *MemoryStore }

// TestRefusalsOfBefore: what older programs noted in the record of an identity holds on,
// and comes to hold for the other identities of the account.
func TestRefusalsOfBefore(t *testing.T) {
	const okta = "AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=Ana@Example.com;Password=x;APIToken=y;" +
		"MFAMailbox=imaps://bot@imap.example.com;MFAMailboxPassword=z;MFAType=Email;SSOExchangeURL=https://jira-%d.example.com/plugins/servlet/samlconsumer"
	const crowd = "AuthScheme=Crowd;SSOLoginURL=https://crowd.example.com/crowd/console/secure/saml/sso.action;User=Ana;Password=x;SSOAppName=Jira;SSOAppPassword=y;" +
		"SSOExchangeURL=https://jira-%d.example.com/plugins/servlet/samlconsumer"
	for name, tt := range map[string]struct{ conn, property, owner, otherOwner string }{
		"password":           {okta, "Password", "Ana@Example.com", "ana@example.com"},
		"Crowd's password":   {crowd, "Password", "Ana", "ANA"},
		"application":        {crowd, "SSOAppPassword", "Jira", "jira"},
		"API token":          {okta, "APIToken", "acme.okta.com", "ACME.okta.com"},
		"mailbox's password": {okta, "MFAMailboxPassword", "bot@imap.example.com", "bot@imap.example.com"},
		"mailbox's token":    {okta, "MFAMailboxToken", "bot@imap.example.com", "bot@imap.example.com"},
		"new password":       {okta, "NewPassword", "Ana@Example.com", "ana@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			store := otherStore{&MemoryStore{}}
			first, second := legacyClient(t, store, fmt.Sprintf(tt.conn, 1)), legacyClient(t, store, fmt.Sprintf(tt.conn, 2))
			old := newRecord(first.cfg)
			old.refuse(tt.property, refusal{MAC: old.mac(tt.property, tt.owner, "of 2024"), At: time.Now(), Text: "refused"})
			old.refuse(tt.property, refusal{MAC: old.mac(tt.property, tt.owner, "of 2025"), At: time.Now(), Text: "refused"})
			data, err := json.Marshal(old)
			if err != nil {
				t.Fatal(err)
			}
			lease, _ := store.Acquire(t.Context(), first.id.Key())
			if err := lease.Save(t.Context(), data); err != nil {
				t.Fatal(err)
			}
			lease.Release()
			for i, c := range []*Client{first, first, second, first} {
				owner := tt.owner
				if c == second {
					owner = tt.otherOwner
				}
				for _, value := range []string{"of 2025", "of 2024"} {
					var before *RefusedBeforeError
					if err := asked(t, c, tt.property, owner, value); !errors.As(err, &before) || before.Property != tt.property {
						t.Errorf("call %d: the secret %s passes: %v", i, value, err)
					}
				}
			}
			if r, _ := first.load(t.Context()); len(r.Refused)+len(r.RefusedBefore) != 0 {
				t.Error("the identity's record still has what the account's has")
			}
			entries, err := Entries(t.Context(), store)
			if err != nil || len(entries) != 2 || len(entries[0].Refused)+len(entries[1].Refused) != 2 {
				t.Errorf("status shows %+v, %v; want the refusal at both identities and nothing else", entries, err)
			}
			if err := asked(t, second, tt.property, tt.otherOwner, "of 2026"); err != nil {
				t.Errorf("another secret does not pass: %v", err)
			}
		})
	}
}

// TestPausesOfBefore: so do its sends without a verdict.
func TestPausesOfBefore(t *testing.T) {
	store := otherStore{&MemoryStore{}}
	c := legacyClient(t, store, "AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=ana;Password=x;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer")
	old := newRecord(c.cfg)
	old.mark("Password", attempt{MAC: old.mac("Password", "ana", "x"), At: []time.Time{time.Now().Add(-time.Minute), time.Now()}})
	data, _ := json.Marshal(old)
	lease, _ := store.Acquire(t.Context(), c.id.Key())
	if err := lease.Save(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	lease.Release()
	for range 3 {
		err := asked(t, c, "Password", "ana", "x")
		if wait, _ := RetryAfter(err); !errors.Is(err, ErrRateLimited) || wait <= 9*time.Minute || wait > 10*time.Minute {
			t.Errorf("sent twice without an answer before: %v, wait %v", err, wait)
		}
	}
}

// TestStopsOfBefore: the seal of a stop is the same as before until a person clears the account.
func TestStopsOfBefore(t *testing.T) {
	store := otherStore{&MemoryStore{}}
	c := legacyClient(t, store, "AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=ana;Password=x;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer")
	r := newRecord(c.cfg)
	seal := func() string {
		sum, err := c.seal(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return string(sum)
	}
	before := seal()
	if err := c.amend(t.Context(), accountOf(c.cfg, "Password"), func(r *accountRecord) bool {
		r.refuse("Password", refusal{MAC: r.mac("Password", "", "y"), At: time.Now()})
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if seal() != before {
		t.Error("a refusal of another secret ends a stop")
	}
	if err := c.amend(t.Context(), accountOf(c.cfg, "Password"), func(r *accountRecord) bool { r.forgive(); return true }); err != nil {
		t.Fatal(err)
	}
	if seal() == before {
		t.Error("a person who has the refusals forgotten ends no stop")
	}
}

// TestAccountOf names the ways to write one account, and those that are different ones.
func TestAccountOf(t *testing.T) {
	of := func(conn string) account {
		cfg, err := ParseConfig(conn + ";Password=x;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer")
		if err != nil {
			t.Fatal(conn, err)
		}
		return accountOf(cfg, "Password")
	}
	const base = "AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=ana@example.com"
	for _, same := range []string{
		"AuthScheme=okta;SSOLoginURL=https://ACME.okta.com/home/wiki/3/4;User=ANA@example.com",
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com:443/home/jira/1/2;User=' Ana@Example.COM '",
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com./home/jira/1/2;User=ana@example.com",
		"AuthScheme=Okta;SSOLoginURL=https://login.example.com/home/jira/1/2;Domain=acme.okta.com;User=ana@example.com",
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=ana",
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=ana@example.org",          // what ana is, nobody here knows
		"AuthScheme=Okta;SSOLoginURL=https://ac%E2%80%8Bme.okta.com/home/jira/1/2;User=ana@example.com", // net/http leaves it out, too
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com:0443/home/jira/1/2;User=ana@example.com",
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=ana@example.com;OktaEngine=IDX;MFAType=SMS;URL=https://other.example.com",
	} {
		if of(same) != of(base) || of(same).key() != of(base).key() {
			t.Errorf("%s is another account: %+v", same, of(same))
		}
	}
	const bucher = "AuthScheme=Okta;User=ana;SSOLoginURL=https://%s/home/jira/1/2"
	if a, b := of(fmt.Sprintf(bucher, "b\u00fccher.okta.com")), of(fmt.Sprintf(bucher, "XN--BCHER-KVA.okta.com.")); a != b {
		t.Errorf("%+v and %+v are two", a, b)
	}
	for _, other := range []string{
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com:8443/home/jira/1/2;User=ana@example.com",
		"AuthScheme=Okta;SSOLoginURL=https://acme.oktapreview.com/home/jira/1/2;User=ana@example.com",
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=anna@example.com",
		"AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;Domain=example.com;User=ana@example.com",
		"AuthScheme=Crowd;SSOLoginURL=https://acme.okta.com/crowd/console/secure/saml/sso.action;User=ana@example.com",
	} {
		if of(other) == of(base) || of(other).key() == of(base).key() {
			t.Errorf("%s is the same account", other)
		}
	}
}

// TestRefusalsOfBeforeOneClearing: a person who has an account's refusals forgotten has
// also those forgotten that lie in the records of its other identities, from programs of
// before there were records of accounts; each would stop all of them again.
func TestRefusalsOfBeforeOneClearing(t *testing.T) {
	store := otherStore{&MemoryStore{}}
	const conn = "AuthScheme=Okta;SSOLoginURL=https://acme.okta.com/home/jira/1/2;User=ana;Password=x;SSOExchangeURL=https://jira-%d.example.com/plugins/servlet/samlconsumer"
	var clients []*Client
	for n := range 3 {
		c := legacyClient(t, store, fmt.Sprintf(conn, n))
		old := newRecord(c.cfg)
		old.refuse("Password", refusal{MAC: old.mac("Password", "ana", "x"), At: time.Now().Add(-time.Hour)})
		old.refuse("Password", refusal{MAC: old.mac("Password", "ana", "y"), At: time.Now().Add(-time.Hour)})
		old.mark("Password", attempt{MAC: old.mac("Password", "ana", "x"), At: []time.Time{time.Now().Add(-time.Minute), time.Now().Add(-time.Second)}})
		if n == 2 { // this one was refused after the clearing
			old.refuse("Password", refusal{MAC: old.mac("Password", "ana", "z"), At: time.Now().Add(time.Minute)})
		}
		data, _ := json.Marshal(old)
		lease, _ := store.Acquire(t.Context(), c.id.Key())
		if err := lease.Save(t.Context(), data); err != nil {
			t.Fatal(err)
		}
		lease.Release()
		clients = append(clients, c)
	}
	if err := clients[0].ClearRefusal(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, c := range clients[:2] { // a third send without a verdict is kept back
		for _, secret := range []string{"x", "y"} {
			if err := asked(t, c, "Password", "ana", secret); err != nil {
				t.Errorf("Jira %d, %s: %v", n, secret, err)
			}
		}
	}
	var before *RefusedBeforeError
	if err := asked(t, clients[2], "Password", "ana", "z"); !errors.As(err, &before) {
		t.Errorf("what was refused since passes: %v", err)
	}
	if err := asked(t, clients[2], "Password", "ana", "x"); errors.As(err, &before) {
		t.Errorf("what was forgotten does not pass: %v", err)
	}
}
