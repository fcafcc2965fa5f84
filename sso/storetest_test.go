package sso_test

import (
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
	"github.com/ssoexchange/ssoexchange/storetest"
)

func TestMemoryStore(t *testing.T) {
	store := &sso.MemoryStore{}
	storetest.TestStore(t, func(*testing.T) sso.Store { return store })
}
