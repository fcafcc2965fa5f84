package sso

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
)

// spentMemo recognises secrets that are good for one use, or were refused, by keyed hashes. It is
// safe for concurrent use.
type spentMemo struct {
	mu    sync.Mutex
	state memoState
}

// memoState is what is stored of it. The newest of each list are kept.
type memoState struct {
	Key     []byte   `json:"key,omitempty"`
	Spent   []string `json:"spent,omitempty"`   // answers and given tokens that were used
	Dead    []string `json:"dead,omitempty"`    // refresh tokens that were refused
	Refused string   `json:"refused,omitempty"` // the application's secret that was refused
}

// maxRemembered bounds each list of hashes.
const maxRemembered = 16

func (m *spentMemo) restore(s memoState) {
	if len(s.Key) == 0 {
		s.Key = []byte(rand.Text())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
}

func (m *spentMemo) snapshot() memoState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// hash is by what a secret is recognised and not known. m.mu is held.
func (m *spentMemo) hash(secret string) string {
	h := hmac.New(sha256.New, m.state.Key)
	h.Write([]byte(secret))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// fingerprint tells secrets apart in a log: the beginning of the hash.
func (m *spentMemo) fingerprint(secret string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hash(secret)[:8]
}

func (m *spentMemo) spend(secret string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Spent = lastOf(append(slices.Clone(m.state.Spent), m.hash(secret)))
}

// unspend forgets that a secret was spent, which was not sent after all.
func (m *spentMemo) unspend(secret string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hash := m.hash(secret)
	m.state.Spent = slices.DeleteFunc(slices.Clone(m.state.Spent), func(h string) bool { return h == hash })
}

func (m *spentMemo) spent(secret string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.state.Spent, m.hash(secret))
}

func (m *spentMemo) bury(secret string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Dead = lastOf(append(slices.Clone(m.state.Dead), m.hash(secret)))
}

func (m *spentMemo) dead(secret string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.state.Dead, m.hash(secret))
}

func (m *spentMemo) refuse(secret string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Refused = m.hash(secret)
}

func (m *spentMemo) refused(secret string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Refused != "" && m.state.Refused == m.hash(secret)
}

// forgive lets what was refused be tried once more.
func (m *spentMemo) forgive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Refused, m.state.Dead = "", nil
}

func lastOf(list []string) []string { return list[max(0, len(list)-maxRemembered):] }
