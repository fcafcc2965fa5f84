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

// clockWatch warns, once, of our own clock: two hosts that agree with each other and not
// with us. Nothing depends on it, for whether an assertion is still good is decided by
// the SP; but codes that are computed here, and a person who reads a log, do.
type clockWatch struct {
	log *slog.Logger // nil: silent

	mu     sync.Mutex
	off    map[string]time.Duration // host → how far its clock is ahead of ours, if that is too far
	warned bool
}

func (w *clockWatch) note(host string, h http.Header, asked, answered time.Time) {
	skew, told := skewOf(h, asked, answered)
	if w.log == nil || !told {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.warned {
		return
	}
	delete(w.off, host)
	if skew.Abs() <= skewFail {
		return
	}
	for other, theirs := range w.off {
		if (theirs - skew).Abs() <= skewWarn {
			w.warned = true
			w.log.Warn("this computer's clock is wrong: the servers agree on another time", "servers_ahead", skew.String(), "servers", other+", "+host)
			return
		}
	}
	if w.off == nil {
		w.off = make(map[string]time.Duration)
	}
	if len(w.off) < maxClocks {
		w.off[host] = skew
	}
}
