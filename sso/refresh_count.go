package sso

import (
	"net/http"
	"sync/atomic"
)

// counter is a Client's transport for checks and sign-ins: it counts requests, so that
// a Refresher can keep to its budget. What callers send through HTTP is their own and
// not counted.
type counter struct {
	next http.RoundTripper
	sent atomic.Int64
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	return c.next.RoundTrip(r)
}
