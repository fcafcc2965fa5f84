package sso

import (
	"net/http"
	"sync/atomic"
	"time"
)

// counter is a Client's transport for checks and sign-ins: it counts requests, so that
// a Refresher can keep to its budget. What callers send through HTTP is their own and
// not counted. It also compares clocks.
type counter struct {
	next http.RoundTripper
	sent atomic.Int64
	time clockWatch
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	asked := time.Now()
	resp, err := c.next.RoundTrip(r)
	if err == nil {
		c.time.note(r.URL.Host, resp.Header, asked, time.Now())
	}
	return resp, err
}
