package main

import (
	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// filestore does not import sso; that it is a Store all the same is held here.
var _ sso.Store = (*filestore.Store)(nil)
