package okta

import (
	"slices"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// SetSessionAside makes the next sign-in one without Okta's session, so that the
// password is asked for; the remembered device stays. A transaction that waits for a
// code stays too, if it was begun with the password. takeBack is called when the
// sign-in is over: it restores the session unless there is a new one.
func (c *Client) SetSessionAside() (takeBack func()) {
	var aside []cookiejar.Cookie
	c.note(func(m *memory) {
		goes := func(k cookiejar.Cookie) bool { return k.Name != cookieDevice }
		if m.pending != nil && m.pending.Password {
			goes = isSession // the transaction has cookies of its own
		} else {
			m.pending = nil
		}
		for _, k := range m.jar.All() {
			if goes(k) {
				aside = append(aside, k)
			}
		}
		m.jar.Remove(goes)
	})
	return func() {
		c.note(func(m *memory) {
			now := m.jar.All()
			if slices.ContainsFunc(now, isSession) {
				return
			}
			for _, k := range aside {
				if !slices.ContainsFunc(now, func(n cookiejar.Cookie) bool { return n.Name == k.Name }) {
					m.jar.Add(k)
				}
			}
		})
	}
}

// PasswordTried reports whether the last sign-in that succeeded rests on the password:
// it was sent, then or when the transaction began that was finished then, and accepted.
// It is false after one for which Okta's session was enough.
func (c *Client) PasswordTried() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proved
}

// HasSession reports whether a session of Okta's is remembered, live or not.
func (c *Client) HasSession() bool { return slices.ContainsFunc(c.memory().jar.All(), isSession) }
