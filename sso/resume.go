package sso

import (
	"context"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// resume puts the stored cookies into the jar and asks the SP who they belong to.
// It returns nil, nil if there is no session or it is over.
func (c *Client) resume(ctx context.Context, r *record) (*Session, error) {
	if r.Obtained.IsZero() {
		return nil, nil
	}
	v := c.visit(r.Cookies)
	user, err := v.whoAmI(ctx)
	if err != nil || user == "" {
		return nil, err
	}
	r.User, r.Verified, r.Cookies = user, time.Now(), v.jar.All()
	return c.setSession(r.session(true), v.jar), nil
}

// resumeStored is resume for callers without the lease. Where the SP renewed the
// session by a remembered login, the new session is stored: the next process shall
// not begin with one that the SP has forgotten.
func (c *Client) resumeStored(ctx context.Context, r *record) (*Session, error) {
	before, lost := r.Cookies, !r.Lost.IsZero()
	s, err := c.resume(ctx, r)
	if s != nil && (lost || !sameSession(before, r.Cookies)) {
		c.storeRenewed(ctx, r.Obtained, r.Cookies, s)
	}
	return s, err
}

// storeWait bounds how long a session that works waits to be stored.
const storeWait = 2 * time.Second

// storeRenewed stores the cookies of a session that the SP has renewed, unless
// somebody has signed in since. Without it everything works as well, at the price of
// a request; so it is done if it can be done soon, and its errors are only logged.
func (c *Client) storeRenewed(ctx context.Context, obtained time.Time, cookies []cookiejar.Cookie, s *Session) {
	err := c.noteSession(ctx, obtained, func(r *record) {
		r.Cookies, r.User, r.Verified, r.Lost = cookies, s.User, s.Verified, time.Time{}
	})
	if err != nil {
		c.opts.Logger.Debug("the renewed session could not be stored", "error", err.Error())
	}
}

// markLost notes that Jira does not know the stored session any more, for those who
// share the store: a Refresher looks at once. The session itself stays until there is a
// new one.
func (c *Client) markLost(ctx context.Context, r *record) {
	if !r.Lost.IsZero() {
		return
	}
	r.Lost = time.Now()
	err := c.noteSession(ctx, r.Obtained, func(stored *record) { stored.Lost = r.Lost })
	if err != nil {
		c.opts.Logger.Debug("the loss of the session could not be noted", "error", err.Error())
	}
}

// noteSession changes what is stored of the session that was obtained then, if that can be
// done soon and it is still the one.
func (c *Client) noteSession(ctx context.Context, obtained time.Time, change func(*record)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWait)
	defer cancel()
	lease, err := c.store.Acquire(ctx, c.id.Key())
	if err != nil {
		return err
	}
	defer lease.Release()
	r, err := c.load(ctx)
	if err != nil || r.Obtained.IsZero() || !r.Obtained.Equal(obtained) {
		return err
	}
	change(r)
	return c.newSignInState(r, lease).store(ctx)
}

// sameSession reports whether two sets of cookies are the same session. Balancers
// change their cookies with every answer; that alone is not worth a write.
func sameSession(a, b []cookiejar.Cookie) bool {
	return slices.Equal(sessionParts(a), sessionParts(b))
}

func sessionParts(cs []cookiejar.Cookie) []string {
	var parts []string
	for _, c := range cs {
		if c.Name == sessionCookie || c.Name == rememberMeCookie {
			parts = append(parts, c.Domain+c.Path+c.Name+"="+c.Value)
		}
	}
	slices.Sort(parts)
	return parts
}
