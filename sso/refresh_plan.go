package sso

import "time"

// The bounds of the schedule.
const (
	minPause  = time.Minute      // between two turns of one identity
	maxPause  = 12 * time.Hour   // no session is left alone for longer
	minIdle   = 15 * time.Minute // the shortest idle time that is believed
	firstWait = time.Minute      // after a first failure; doubles
	maxWait   = time.Hour        // after many
	stopPoll  = 15 * time.Minute // how often a stopped identity's secrets are looked at
)

// lifetimes is what is known of how long things last if nothing is done; a zero time
// is unknown, and no reason to act.
type lifetimes struct {
	sp     time.Time // the service provider's session
	idp    time.Time // the identity provider's session
	device time.Time // the remembered device
}

// next decides when an identity's next turn is: when between a half and two thirds of
// what ends first have passed, by a throw of die, a number in [0, 1). So wide a span
// lets identities that were started together drift apart within a few turns. What has
// ended already is due at once; whatever is said, the turn is between a minute and
// half a day away.
func next(now time.Time, l lifetimes, die float64) time.Time {
	end := now.Add(maxPause * 3 / 2)
	for _, t := range []time.Time{l.sp, l.idp, l.device} {
		if !t.IsZero() && t.Before(end) {
			end = t
		}
	}
	left := end.Sub(now)
	return now.Add(max(minPause, left/2+time.Duration(die*float64(left/6))))
}

// nextCheck is when a session that was just proved alive is looked at again, so that its
// proof never becomes older than most, with time for the check itself.
func nextCheck(now time.Time, most time.Duration, die float64) time.Time {
	return now.Add(most/2 + time.Duration(die*float64(most/6)))
}

// backoff returns how long to wait after so many failures in a row. The server's own
// word (asked, 0 for none) is the least; the throw of die is added to it, so that
// those who were turned away together do not come back together.
func backoff(failures int, asked time.Duration, die float64) time.Duration {
	wait := maxWait
	if failures < 8 {
		wait = min(maxWait, firstWait<<max(0, failures-1))
	}
	if asked > 0 {
		return asked + minPause/12 + time.Duration(die*float64(max(wait, asked/10)))
	}
	return wait/2 + time.Duration(die*float64(wait/2))
}

// dueAfter is when a turn is due that was decided at now to be at next. It is reckoned
// from now and so on the clock that nobody sets: next may be a stored time, and the other
// clock may be put right in the meantime.
func dueAfter(now, next time.Time) time.Time {
	return now.Add(min(maxNotUntil, next.Sub(now)))
}

// tomorrow is when the budget of a day is new: after midnight UTC, spread over an hour.
func tomorrow(now time.Time, die float64) time.Time {
	return now.UTC().Truncate(24 * time.Hour).Add(24*time.Hour + time.Duration(die*float64(time.Hour)))
}

// updateEstimate adapts the idle time that is believed of the SP after a check that came gap
// after the last proof of life. Nobody says how long a session may be idle, and it may
// have ended for another reason, such as a restart. So one death after a series of good
// checks means nothing; another one soon after it halves the belief, and a longer
// series raises it again, up to most.
func (c *refreshState) updateEstimate(gap time.Duration, alive bool, most time.Duration) {
	belief := c.Idle
	if belief <= 0 || belief > most {
		belief = most
	}
	switch {
	case !alive:
		if c.Alive < 3 && gap < belief { // one that was overdue proves nothing
			belief = max(minIdle, gap/2)
		}
		c.Alive = 0
	case c.Alive < 8:
		c.Alive++
	default:
		c.Alive, belief = 3, belief+belief/4
	}
	c.Idle = min(belief, most)
}

// lifetimesOf puts together what is known of a session that was just proved alive. A
// remember-me cookie does not count, although it would make a new session of a dead
// one: who reads the cookies from a file must not find a dead one beside it.
func (c *refreshState) lifetimesOf(s *Session) lifetimes {
	if !s.HasCookies() { // nothing is idle there
		return lifetimes{sp: s.cred.Expiry(), idp: c.IdPEnds, device: c.DeviceEnds}
	}
	return lifetimes{sp: s.Verified.Add(c.Idle), idp: c.IdPEnds, device: c.DeviceEnds}
}
