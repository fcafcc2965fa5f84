package sso

import (
	"net/http"
	"time"
)

// SetTransport has c's checks and sign-ins answered without a network: a month of a
// thousand identities has no time for handshakes.
func SetTransport(c *Client, rt http.RoundTripper) { c.counted.next = rt }

// Next is next, with its lifetimes in a row.
func Next(now, sp, idp, device time.Time, die float64) time.Time {
	return next(now, lifetimes{sp: sp, idp: idp, device: device}, die)
}

// Backoff and Tomorrow are the other decisions about time.
var (
	Backoff  = backoff
	Tomorrow = tomorrow
)

// Learn returns the idle time that is believed after a check.
func Learn(idle, gap time.Duration, alive bool, inARow int, most time.Duration) (time.Duration, int) {
	c := refreshState{Idle: idle, Alive: inARow}
	c.updateEstimate(gap, alive, most)
	return c.Idle, c.Alive
}

// CheckAddresses is what stands between a wrong address and a secret.
func CheckAddresses(c *Config) error {
	if bad := grammar().CheckAddresses(c, &schemeNamed(c.Scheme).Scheme); bad != nil {
		return bad
	}
	return nil
}
