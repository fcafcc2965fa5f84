package sso

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// A Store is where sessions, remembered devices and refusals outlive the process:
// one opaque record per identity. Package filestore keeps them in a directory,
// encrypted; a Store of your own can keep them anywhere that several processes or
// hosts share.
//
// Reading is free. Writing needs the lease, which one holder has at a time: so one
// process signs in while the others wait for its session.
//
// Beside the records of identities there are those of accounts, with keys of the same
// form: what is known of secrets that were refused, or that nobody knows the fate of. A
// sign-in holds an account's lease while it holds an identity's, never the other way
// round. A MemoryStore has no such records; they are shared by the whole process.
type Store interface {
	// Load returns the record of key, nil if there is none.
	Load(ctx context.Context, key string) ([]byte, error)

	// Acquire waits until nobody else holds the lease of key.
	Acquire(ctx context.Context, key string) (Lease, error)

	// Keys lists the keys that have a record, in no particular order.
	Keys(ctx context.Context) ([]string, error)
}

// A Lease is the right to write one record. It is an alias of an interface literal
// so that a store need not import this package.
type Lease = interface {
	// Save replaces the record, completely or not at all; nil data deletes it.
	Save(ctx context.Context, data []byte) error

	// Release gives the lease back. Save fails from then on.
	Release()
}

// MemoryStore is a Store that lives and dies with the process. The zero value is
// ready to use.
type MemoryStore struct {
	mu      sync.Mutex
	records map[string][]byte
	leases  map[string]chan struct{} // holds one element while the lease is taken
	tell    map[string]map[*func()]bool

	accounts *MemoryStore // where the Clients of this store keep the records of accounts
}

func (m *MemoryStore) shareAccounts(accounts *MemoryStore) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accounts = accounts
}

// accountsOf returns where the Clients of a store keep the records of accounts.
func accountsOf(store Store) Store {
	m, ok := store.(*MemoryStore)
	if !ok {
		return store
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.accounts == nil {
		return m
	}
	return m.accounts
}

// Load returns a copy of key's record.
func (m *MemoryStore) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records[key]), nil
}

// Keys lists the keys that have a record.
func (m *MemoryStore) Keys(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := make([]string, 0, len(m.records))
	for k := range m.records {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys, nil
}

// Acquire waits for key's lease or for the end of ctx.
func (m *MemoryStore) Acquire(ctx context.Context, key string) (Lease, error) {
	m.mu.Lock()
	if m.leases == nil {
		m.leases = make(map[string]chan struct{})
		m.records = make(map[string][]byte)
	}
	lease := m.leases[key]
	if lease == nil {
		lease = make(chan struct{}, 1)
		m.leases[key] = lease
	}
	m.mu.Unlock()

	select {
	case lease <- struct{}{}:
		return &memoryLease{store: m, key: key, lease: lease}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// onSave has tell called after each save of key's record, until stop is called.
func (m *MemoryStore) onSave(key string, tell func()) (stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tell == nil {
		m.tell = make(map[string]map[*func()]bool)
	}
	if m.tell[key] == nil {
		m.tell[key] = make(map[*func()]bool)
	}
	m.tell[key][&tell] = true
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.tell[key], &tell)
	}
}

// String keeps the records, which hold cookies, out of every print.
func (m *MemoryStore) String() string { return "sso.MemoryStore" }

type memoryLease struct {
	store *MemoryStore
	key   string
	lease chan struct{}
	once  sync.Once
	gone  bool // guarded by store.mu
}

func (l *memoryLease) Save(_ context.Context, data []byte) error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	switch {
	case l.gone:
		return errors.New("sso: save after the lease was released")
	case data == nil:
		delete(l.store.records, l.key)
	default:
		l.store.records[l.key] = slices.Clone(data)
	}
	for tell := range l.store.tell[l.key] {
		(*tell)() // only starts what looks at the record
	}
	return nil
}

func (l *memoryLease) Release() {
	l.once.Do(func() {
		l.store.mu.Lock()
		l.gone = true
		l.store.mu.Unlock()
		<-l.lease
	})
}
