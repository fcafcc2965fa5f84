package sso

import (
	"context"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
)

// LoginFresh is [Client.Login] without the identity provider's session, which may be
// enough to sign in, whatever the password is. So the password is really tried, and the
// second factor asked for as a new session needs it; the remembered device stays. If the
// sign-in fails, the old session at the identity provider is kept. A provider of the
// caller's own takes part if it has a method SetSessionAside() (takeBack func()).
func (c *Client) LoginFresh(ctx context.Context) (*Session, error) {
	return c.flight.do(ctx, "login fresh", func(ctx context.Context) (*Session, error) {
		return c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, r *record) (*Session, error) {
			c.signInState().fresh = true
			return c.authenticate(ctx, r, time.Time{})
		})
	})
}

// setAside sets the provider's session aside if the sign-in is to be a fresh one.
func (c *Client) setAside(state *signInState) (takeBack func()) {
	if p, ok := credential.As[asideSetter](c.source); ok && state.fresh {
		return p.SetSessionAside()
	}
	return func() {}
}

// passwordTried reports whether the sign-in that has just succeeded rests on the password.
func (c *Client) passwordTried(g *secretGuard) bool {
	if p, ok := credential.As[passwordTeller](c.source); ok && p.PasswordTried() {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	_, sent := g.sentSecrets["Password"]
	return sent
}
