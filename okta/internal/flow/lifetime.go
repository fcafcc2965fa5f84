package flow

import (
	"fmt"
	"net/http"
	"time"
)

const (
	// assumedLife is how long a transaction is taken to live when Okta does not say:
	// the shortest that it lives without a call.
	assumedLife = 5 * time.Minute

	// MaxLife is the longest that a transaction may live. One of Identity Engine has two
	// hours; what is longer comes of a date that is not Okta's.
	MaxLife = 24 * time.Hour

	// codeLife is how long the code of a message is good, unless an administrator has
	// made that longer.
	codeLife = 5 * time.Minute

	// MaxSession is the same for a session.
	MaxSession = 400 * 24 * time.Hour
)

// EndOf returns by this computer's clock when something ends of which the server says
// that it does at end. The server's clock and this one need not agree, so what is left is
// measured by the Date of the same answer. Without one, or if nothing or more than longest
// would be left, which cannot be true of what was just handed out, the time is zero: not
// known.
func EndOf(end time.Time, h http.Header, longest time.Duration) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || end.IsZero() {
		return time.Time{}
	}
	// In seconds, since a far date must not overflow a Duration.
	left := end.Unix() - date.Unix()
	if left <= 0 || left > int64(longest/time.Second) {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(left) * time.Second)
}

// inWords is a length of time for people: "40 seconds", "5 minutes", "2 hours".
func inWords(d time.Duration) string {
	n, unit := d.Round(time.Hour).Hours(), "hours"
	switch {
	case d < 2*time.Minute:
		n, unit = d.Round(time.Second).Seconds(), "seconds"
	case d < 2*time.Hour:
		n, unit = d.Round(time.Minute).Minutes(), "minutes"
	}
	return fmt.Sprintf("%.0f %s", n, unit)
}

// OrAssumed is the end of a transaction, or what is assumed of one that is not known.
func OrAssumed(end time.Time) time.Time {
	if end.IsZero() {
		return time.Now().Add(assumedLife)
	}
	return end
}
