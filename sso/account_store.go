package sso

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"sync"
)

// accountStore returns where the records of accounts are kept: with those of the
// identities, unless these live in memory. An account can be locked by all Clients of a
// process together, so those in memory share one MemoryStore.
//
// Only Clients that reach the same servers do: one that dials by a function of its own
// may be in another network, where the same name is another server. Such Clients
// share with those that trust the same certificates.
func accountStore(store Store, cfg *Config, ownDial bool) Store {
	m, ok := store.(*MemoryStore)
	if !ok {
		return store
	}
	network := ""
	if ownDial {
		// The file was read and found good just before; without it nothing is shared.
		data, _ := os.ReadFile(cfg.SSLServerCert)
		sum := sha256.Sum256(data)
		network = hex.EncodeToString(sum[:])
	}
	accounts := memoryAccounts.of(network)
	m.shareAccounts(accounts)
	return accounts
}

// memoryAccounts has what Clients whose records live in memory know of accounts. Of an
// account without refusals it keeps nothing but a lease.
var memoryAccounts accountMemory

type accountMemory struct {
	mu       sync.Mutex
	networks map[string]*MemoryStore
}

func (a *accountMemory) of(network string) *MemoryStore {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.networks == nil {
		a.networks = make(map[string]*MemoryStore)
	}
	m := a.networks[network]
	if m == nil {
		m = &MemoryStore{}
		a.networks[network] = m
	}
	return m
}
