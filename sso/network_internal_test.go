package sso

import (
	"crypto/x509"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestTrustIsSharedByClients: what two Clients trust is in memory once.
func TestTrustIsSharedByClients(t *testing.T) {
	w := fixtures.NewWorld(fixtures.WorldOptions{})
	defer w.Close()
	var pools [2]*x509.CertPool
	for i := range pools {
		ca, err := w.Net.CAFile(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		c, err := Open(t.Context(), "AuthScheme=Okta;User=ana;URL=https://jira.example.com;SSOLoginURL=https://acme.okta.com/home/a/b/c;"+
			"SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;SSLServerCert="+ca, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		pools[i] = c.net.TLSConfig().RootCAs
	}
	if pools[0] == nil || pools[0] != pools[1] {
		t.Error("two Clients with the same certificates have a pool each")
	}
}
