package sso_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// While the store cannot be written to, the newest refresh token is in memory alone, and the stored one
// is spent: it is not presented again, which would end the grant.
func TestOAuthDiskStaysFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, opts, conn := newAuthServer(t)
		conn = elsewhere(conn)
		endedToken(t, s, opts, conn)
		full := *opts
		full.Store = fullStore{opts.Store.(*sso.MemoryStore)}
		c := open(t, conn, &full)
		for range 3 {
			if _, err := c.Token(t.Context(), 0); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * time.Hour)
		}
		if s.reuses != 0 || s.grants("refresh_token") != 3 {
			t.Errorf("%d refresh tokens came twice, %d refreshes", s.reuses, s.grants("refresh_token"))
		}
	})
}
