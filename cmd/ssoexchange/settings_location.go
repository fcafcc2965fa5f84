package main

import (
	"os"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// storeFor returns the store of a connection: the one of OAuthSettingsLocation if it names one, else
// that of all. The driver's own settings file cannot be read: it is encrypted in a way that is not
// public.
func (a *app) storeFor(cfg *sso.Config, all sso.Store) (sso.Store, error) {
	at := cfg.OAuth.Settings
	switch {
	case at == "":
		return all, nil
	case strings.HasPrefix(strings.ToLower(at), "memory://"):
		return &sso.MemoryStore{}, nil // the process has this connection alone
	}
	if info, err := os.Stat(at); err == nil && !info.IsDir() {
		return nil, configError("OAuthSettingsLocation names a file", "name a directory, which is made if it is missing; settings of the driver cannot be read")
	}
	s, err := filestore.Open(at, filestore.Options{Logger: a.logger()})
	if err != nil {
		return nil, clierror.State(err)
	}
	return s, nil
}
