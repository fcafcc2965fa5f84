package sso_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

// farStore is a store over a network: it counts its round trips, its leases bring their
// records along, and can be lost.
type farStore struct {
	memory *sso.MemoryStore

	mu    sync.Mutex
	trips []string
	held  []*farLease
}

func (f *farStore) trip(what, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trips = append(f.trips, what+" "+key[:4])
}

func (f *farStore) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	trips := f.trips
	f.trips = nil
	return trips
}

func (f *farStore) Keys(ctx context.Context) ([]string, error) { return f.memory.Keys(ctx) }

func (f *farStore) Load(ctx context.Context, key string) ([]byte, error) {
	f.trip("load", key)
	return f.memory.Load(ctx, key)
}

func (f *farStore) Acquire(ctx context.Context, key string) (sso.Lease, error) {
	f.trip("acquire", key)
	lease, err := f.memory.Acquire(ctx, key)
	if err != nil {
		return nil, err
	}
	data, _ := f.memory.Load(ctx, key)
	l := &farLease{store: f, key: key, lease: lease, data: data, fresh: true, done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = append(f.held, l)
	return l, nil
}

// lose ends every lease that is held but the first, which is the identity's.
func (f *farStore) lose() (lost int) {
	f.mu.Lock()
	held := slices.Clone(f.held)
	f.mu.Unlock()
	for i, l := range held {
		if i > 0 && l.lost() {
			lost++
		}
	}
	return lost
}

type farLease struct {
	store *farStore
	key   string
	lease sso.Lease
	data  []byte
	fresh bool
	done  chan struct{}

	mu    sync.Mutex
	ended error
	over  bool
}

var errLost = errors.New("the lease was not renewed in time")

func (l *farLease) lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.ended != nil {
		return false
	}
	l.ended = errLost
	close(l.done)
	l.lease.Release()
	return true
}

func (l *farLease) Done() <-chan struct{} { return l.done }

func (l *farLease) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

func (l *farLease) Loaded() ([]byte, bool) { return l.data, l.fresh }

func (l *farLease) Save(ctx context.Context, data []byte) error {
	l.store.trip("save", l.key)
	l.fresh = false
	if err := l.Err(); err != nil {
		return err
	}
	return l.lease.Save(ctx, data)
}

func (l *farLease) SaveAndRelease(ctx context.Context, data []byte) error {
	err := l.Save(ctx, data)
	l.end()
	return err
}

func (l *farLease) Release() {
	if l.end() {
		l.store.trip("release", l.key)
	}
}

func (l *farLease) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.over
	l.over = true
	if first && l.ended == nil {
		l.lease.Release()
	}
	return first
}

// TestRoundTrips bounds what a sign-in costs with a store over a network. Before the
// account had a record of its own there was one less: a load, the lease, a load, the
// password's mark, the outcome, the end of the lease.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		conn string
		most int
	}{
		"password":      {"User=passwordonly@example.com", 7},
		"code is typed": {"User=totp@example.com;MFAType=OktaVerifyTOTP", 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			store := &farStore{memory: &sso.MemoryStore{}}
			opts.Store = store
			conn := w.OktaConnection(append(strings.Split(tt.conn, ";"), "MFASecret="+w.Okta.TOTPSecret("totp@example.com"), ca)...)
			c := open(t, conn, opts)
			if _, err := c.Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if trips := store.taken(); len(trips) > tt.most {
				t.Errorf("%d round trips for a sign-in, want %d at the most: %v", len(trips), tt.most, trips)
			}
			if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if trips := store.taken(); len(trips) != 1 {
				t.Errorf("with a live session: %v, want one load", trips)
			}
		})
	}
}

// TestAccountLeaseIsLost: while the password is out, the account's lease goes to somebody
// else. The verdict is noted all the same, and nobody sends the password again.
func TestAccountLeaseIsLost(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"", "Password=of last year"} {
		t.Run(fmt.Sprintf("%q", password), func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			store := &farStore{memory: &sso.MemoryStore{}}
			opts.Store = store
			lost := 0
			w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
				if r.URL.Path == "/api/v1/authn" {
					lost += store.lose()
				}
				return nil
			})
			props := []string{"User=passwordonly@example.com", ca}
			if password != "" {
				props = append(props, password)
			}
			conn := w.OktaConnection(props...)
			_, err := open(t, conn, opts).Session(t.Context())
			if (err == nil) != (password == "") || err != nil && !errors.Is(err, sso.ErrCredentials) {
				t.Fatal(err)
			}
			if lost != 1 || passwordsSent(w) != 1 {
				t.Fatalf("%d leases lost, %d passwords sent; want one of each", lost, passwordsSent(w))
			}
			if password != "" {
				addJira(w, 2)
				_, err := open(t, jiraConnection(w, "Okta", 2, password, ca), opts).Session(t.Context())
				var before *sso.RefusedBeforeError
				if !errors.As(err, &before) || passwordsSent(w) != 1 {
					t.Errorf("the refusal was not noted: %v, %d passwords sent", err, passwordsSent(w))
				}
				if before != nil && before.SP != w.Jira.BaseURL() {
					t.Errorf("the error does not say at which Jira: %v", err)
				}
			}
		})
	}
}

// TestLeaseLostBeforeThePassword: the account's lease is lost between being given and the
// write of the mark. Nothing is sent without it; the call begins again.
func TestLeaseLostBeforeThePassword(t *testing.T) {
	t.Parallel()
	w, opts, ca := world(t)
	store := &farStore{memory: &sso.MemoryStore{}}
	opts.Store = store
	opts.Password = func(context.Context) (string, error) { return w.Password, nil }
	losing := &losingStore{farStore: store, times: 1}
	opts.Store = losing
	conn := strings.Replace(w.OktaConnection("User=passwordonly@example.com", ca), "Password="+w.Password, "Timeout=30", 1)
	if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if losing.times != 0 || passwordsSent(w) != 1 {
		t.Errorf("%d leases were not lost, %d passwords sent; want 0 and 1", losing.times, passwordsSent(w))
	}
}

// losingStore loses the first of the second leases that are held at once.
type losingStore struct {
	*farStore
	times int
}

func (l *losingStore) Acquire(ctx context.Context, key string) (sso.Lease, error) {
	lease, err := l.farStore.Acquire(ctx, key)
	if err == nil && l.times > 0 && len(l.held) > 1 {
		l.times--
		lease.(*farLease).lost()
	}
	return lease, err
}

// TestCrossedLeases: sign-ins of several identities, each with a user and a mailbox of
// its own or shared, wait for each other and all end.
func TestCrossedLeases(t *testing.T) {
	t.Parallel()
	w, opts, ca := world(t)
	var all sync.WaitGroup
	for n := range 12 {
		addJira(w, n)
	}
	for n := range 24 {
		scheme := [2]string{"Okta", "Crowd"}[n%2]
		c := open(t, jiraConnection(w, scheme, n/2, ca), opts)
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if n%5 == 4 {
				cancel() // whoever leaves holds up nobody
			}
			if _, err := c.Session(ctx); err != nil && n%5 != 4 {
				t.Errorf("%s %d: %v", scheme, n, err)
			}
			if err := c.ClearRefusal(t.Context()); err != nil {
				t.Errorf("%s %d: %v", scheme, n, err)
			}
		})
	}
	all.Wait()
}

// TestOneMailboxOfManyUsers: users of one organisation have their codes mailed to one
// mailbox. They wait for each other, and none is kept back because another is at it.
func TestOneMailboxOfManyUsers(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"Classic", "IDX"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			w.Okta.SetEngine(engine)
			users := make([]string, 6)
			for n := range users {
				users[n] = fmt.Sprintf("mail%d@example.com", n)
				w.Okta.AddUser(fixtures.User{Login: users[n], Password: w.Password, FirstName: "Mail", LastName: "Box", Factors: []fixtures.Factor{{Type: fixtures.FactorEmail}}})
			}
			box := &sharedBox{w: w}
			var all sync.WaitGroup
			for n, user := range users {
				o := *opts
				o.Mailbox = func(c sso.MailboxConfig) (mfa.Answerer, error) {
					return &mailOf{sharedBox: box, user: user, config: c}, nil
				}
				c := open(t, w.OktaConnection("User="+user, "MFAType=Email", "MFAMailbox=imaps://bot@imap.example.com", "MFAMailboxPassword=x", "MFATimeout=20", ca), &o)
				all.Go(func() {
					_, err := c.Session(t.Context())
					if err != nil && sso.Code(err) != "exchange_refused" { // Jira does not know them
						t.Errorf("%d: %v", n, err)
					}
				})
			}
			all.Wait()
			if box.sent == 0 {
				t.Error("the mailbox's password was never used")
			}
		})
	}
}

// sharedBox counts the passwords that the mail server has got.
type sharedBox struct {
	w    *fixtures.World
	mu   sync.Mutex
	sent int
}

// mailOf fetches the codes of one user.
type mailOf struct {
	*sharedBox
	user   string
	config sso.MailboxConfig
}

func (m *mailOf) login(ctx context.Context) error {
	_, err := m.config.Password(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent++
	return err
}

func (m *mailOf) Awaits(c mfa.Challenge) bool { return c.Kind == mfa.Email }

func (m *mailOf) Prepare(ctx context.Context, _ mfa.Challenge) (string, error) {
	return "", m.login(ctx)
}

func (m *mailOf) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	if c.Kind != mfa.Email {
		return "", mfa.ErrNotMine
	}
	if err := m.login(ctx); err != nil {
		return "", err
	}
	messages := m.w.Okta.Mailbox(m.user).Messages()
	if len(messages) == 0 {
		return "", mfa.ErrNotMine
	}
	return messages[len(messages)-1].Code, nil
}
