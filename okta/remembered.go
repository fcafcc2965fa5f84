package okta

// SetSessionAside makes the next sign-in one without Okta's session, so that the
// password is asked for; the remembered device stays. A transaction that waits for a
// code stays too, if it was begun with the password. takeBack is called when the
// sign-in is over: it restores the session unless there is a new one.
func (c *Client) SetSessionAside() (takeBack func()) { return c.inner().SetSessionAside() }

// PasswordTried reports whether the last sign-in that succeeded rests on the password:
// it was sent, then or when the transaction began that was finished then, and accepted.
// It is false after one for which Okta's session was enough.
func (c *Client) PasswordTried() bool { return c.inner().PasswordTried() }

// HasSession reports whether a session of Okta's is remembered, live or not.
func (c *Client) HasSession() bool { return c.inner().KnowsSession() }

// Snapshot returns what is remembered, as versioned JSON: Okta's cookies, among
// them the session and the remembered device, the engine, a transaction that waits
// for a code, and keyed hashes of the codes that were used. It is as secret as a
// password.
func (c *Client) Snapshot() ([]byte, error) { return c.inner().Snapshot() }

// Restore takes back what [Client.Snapshot] returned, in place of what is
// remembered. Empty data means that nothing is known. Data that is damaged, of
// another user or of another organisation is an error and leaves the client with
// nothing remembered. It is called before the first sign-in, not during one.
func (c *Client) Restore(data []byte) error { return c.inner().Restore(data) }

// Forget drops the session and a transaction that waits for a code. With device it
// also drops the remembered device and everything else: the next sign-in is that of
// a stranger.
func (c *Client) Forget(device bool) { c.inner().Forget(device) }

// Resumable reports whether a session or an open transaction is remembered, with which
// the next sign-in may do without the password. Okta may have ended either.
func (c *Client) Resumable() bool { return c.inner().Resumable() }
