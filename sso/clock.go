package sso

import (
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// skewOf tells how far a server's clock is ahead of ours, by the Date of an answer that
// was made between the two times. It reports false if the answer does not tell.
func skewOf(h http.Header, asked, answered time.Time) (time.Duration, bool) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	if age, err := strconv.Atoi(h.Get("Age")); err == nil && age > 0 && age < 86400 {
		date = date.Add(time.Duration(age) * time.Second) // a cache answered (RFC 9111, section 5.1)
	}
	// Date is cut to the second; half a second is its middle.
	middle := asked.Add(answered.Sub(asked) / 2)
	return date.Add(500 * time.Millisecond).Sub(middle).Round(time.Second), true
}

// maxClocks is how many hosts' clocks are kept; a connection has two or three hosts.
const maxClocks = 8

// clockWatch compares our clock with the servers' by what they answer. It warns, once, of
// ours: when two hosts agree with each other and not with us. Whether an assertion is
// still good is the SP's business and does not depend on it.
type clockWatch struct {
	log *slog.Logger

	mu     sync.Mutex
	ahead  map[string]time.Duration // host → how far its clock is ahead of ours
	warned bool
}

func (w *clockWatch) note(host string, h http.Header, asked, answered time.Time) {
	skew, told := skewOf(h, asked, answered)
	if !told {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.ahead[host]; !known && len(w.ahead) == maxClocks {
		return
	}
	if w.ahead == nil {
		w.ahead = make(map[string]time.Duration)
	}
	w.ahead[host] = skew
	for other, theirs := range w.ahead {
		if !w.warned && other != host && skew.Abs() > skewFail && (theirs-skew).Abs() <= skewWarn {
			w.warned = true
			w.log.Warn("this computer's clock is wrong: the servers agree on another time",
				"servers_ahead", skew.String(), "servers", other+", "+host)
		}
	}
}

// minAhead is the difference up to which clocks count as the same: a code of an
// authenticator is good for its step of 30 s and the one after it.
const minAhead = 30 * time.Second

// idpAhead tells how far the IdP's clock is ahead of ours, 0 if that is next to nothing
// or not known.
func (c *Client) idpAhead() time.Duration {
	idp := firstStop(c.cfg)
	if idp == nil {
		return 0
	}
	w := &c.counted.time
	w.mu.Lock()
	defer w.mu.Unlock()
	if skew := w.ahead[idp.Host]; skew.Abs() > minAhead {
		return skew
	}
	return 0
}
