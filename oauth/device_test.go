package oauth_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Whatever interval and lifetime a server names, it is not asked more than once a second, and what is
// shown to a person cannot steer a terminal.
func TestDeviceLimits(t *testing.T) {
	for _, times := range []string{`"interval":1e300,"expires_in":600`, `"interval":1e-9,"expires_in":600`, `"interval":5,"expires_in":1e300`} {
		synctest.Test(t, func(t *testing.T) {
			begin := `{"device_code":"d","user_code":"ABCD-EFGH","verification_uri":"https://as.example.com/device",` + times + `}`
			e := &endpoint{answers: []answer{{200, begin, nil}, {400, `{"error":"authorization_pending"}`, nil}, {400, `{"error":"authorization_pending"}`, nil},
				{400, `{"error":"access_denied"}`, nil}}}
			c := newClient(e, custom())
			start := time.Now()
			d, err := c.Device(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.AwaitDevice(t.Context(), d)
			if took := time.Since(start); !errors.Is(err, autherr.ErrExchangeRefused) || took < 3*time.Second {
				t.Errorf("%s: three polls in %s, %v", times, took, err)
			}
		})
	}
	e := &endpoint{answers: []answer{{200, `{"device_code":"d","user_code":"u","verification_uri":"https://as.example.com/?\u009b2J\u202e"}`, nil}}}
	if d, err := newClient(e, custom()).Device(t.Context()); !errors.Is(err, autherr.ErrBadAnswer) {
		t.Errorf("%v, %v", d, err)
	}
}
