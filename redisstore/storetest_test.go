package redisstore_test

import (
	"testing"

	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
	"github.com/ssoexchange/ssoexchange/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		storetest.TestStore(t, func(t *testing.T) sso.Store { return open(t, server.url(), redisstore.Options{}) })
	})
}
