package filestore_test

import (
	"testing"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/sso"
	"github.com/ssoexchange/ssoexchange/storetest"
)

func TestStore(t *testing.T) {
	dir := stateDir(t)
	storetest.TestStore(t, func(t *testing.T) sso.Store { return open(t, dir, filestore.Options{}) })
}
