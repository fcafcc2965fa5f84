package sso_test

import (
	"errors"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestRemoteAddressAtOkta: a policy that lets one address in lets a trusted application
// in that signs in for somebody there, and nobody who just says so.
func TestRemoteAddressAtOkta(t *testing.T) {
	const user = "passwordonly@example.com"
	w, opts, ca := world(t)
	w.Okta.ChangePolicy(func(p *fixtures.Policy) { p.Addresses = []string{"192.0.2.7"} })
	token := "APIToken=" + w.Okta.AddAPIToken()
	for _, tt := range []struct {
		name  string
		props []string
		err   error
	}{
		{"neither", nil, sso.ErrExchangeRefused},
		{"the address alone", []string{"RemoteAddress=192.0.2.7"}, sso.ErrExchangeRefused},
		{"another address", []string{token, "RemoteAddress=192.0.2.8"}, sso.ErrExchangeRefused},
		{"token and address", []string{token, "RemoteAddress=192.0.2.7"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := w.OktaConnection(append([]string{"User=" + user, ca}, tt.props...)...)
			if _, err := open(t, conn, opts).Session(t.Context()); !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
		})
	}
}
