package crowd

import "time"

// SetSessionAside makes the next sign-in one without Crowd's token and the console's
// session, so that the password is sent. takeBack is called when the sign-in is over:
// it restores both unless there is a new token.
func (c *Client) SetSessionAside() (takeBack func()) {
	m := c.memory()
	m.mu.Lock()
	token, expires, cookies := m.token, m.expires, m.jar.All()
	m.token, m.expires = "", time.Time{}
	m.jar.Clear()
	m.mu.Unlock()
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.token == "" {
			m.token, m.expires = token, expires
			m.jar.Clear()
			m.jar.Add(cookies...)
		}
	}
}

// HasSession reports whether a token, or a session of the console, is remembered, live
// or not.
func (c *Client) HasSession() bool {
	m := c.memory()
	return m.current() != "" || len(m.jar.All()) > 0
}
