package sso

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// What happens to an identity that a Refresher keeps, and the state it is in after
// that. The values are good for logs and metrics.
const (
	RefreshPending = "pending" // nothing is known yet
	RefreshLive    = "live"    // the SP has just confirmed the session
	RefreshRenewed = "renewed" // the session, live, has other cookies than before
	RefreshWaiting = "waiting" // it failed, and will be tried again
	RefreshStopped = "stopped" // a person or a change is needed
)

// RefreshEvent is what came of a turn. A stop is told once, not again by a later
// turn, another process or a restart.
type RefreshEvent struct {
	Name     string
	Identity Identity
	Kind     string        // RefreshLive, RefreshRenewed, RefreshWaiting or RefreshStopped
	At       time.Time     // when the turn ended
	Elapsed  time.Duration // what it took
	Next     time.Time     // when the next one is
	Requests int           // made for this turn
	Session  *Session      // when live or renewed
	Err      error         // when waiting or stopped
	Told     bool          // nothing was tried, and it was told before; Observe never sees such
}

// String names identity and kind.
func (e RefreshEvent) String() string { return fmt.Sprintf("%s: %s", e.Name, e.Kind) }

// Format prints String, whatever the verb.
func (e RefreshEvent) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// LogValue returns String.
func (e RefreshEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

// RefreshStatus is how an identity is, without any secret.
type RefreshStatus struct {
	Name     string    `json:"name"`
	Identity Identity  `json:"identity"`
	State    string    `json:"state"` // RefreshPending, RefreshLive, RefreshWaiting or RefreshStopped
	Since    time.Time `json:"since"` // when that state began
	User     string    `json:"user,omitempty"`
	Obtained time.Time `json:"obtained_at,omitzero"`
	Verified time.Time `json:"verified_at,omitzero"`
	Expires  time.Time `json:"expires_at_estimate,omitzero"`
	Next     time.Time `json:"next_at,omitzero"`
	Code     string    `json:"code,omitempty"` // when waiting or stopped, as Code returns
	Reason   string    `json:"reason,omitempty"`
	Hint     string    `json:"hint,omitempty"`
}

// apply brings the status up to date with what happened.
func (s *RefreshStatus) apply(e RefreshEvent) {
	state := e.Kind
	if state == RefreshRenewed {
		state = RefreshLive
	}
	if s.State != state {
		s.State, s.Since = state, e.At
	}
	s.Next, s.Code, s.Reason, s.Hint = e.Next, Code(e.Err), "", Hint(e.Err)
	if e.Err != nil {
		s.Reason = e.Err.Error()
	}
	if e.Session != nil {
		s.User, s.Obtained, s.Verified, s.Expires = e.Session.User, e.Session.Obtained, e.Session.Verified, e.Session.Expires()
	}
}

// outdate takes back that a session lives if its proof is older than most; 0: no bound.
func (s *RefreshStatus) outdate(now time.Time, most time.Duration) {
	if s.State != RefreshLive || most <= 0 || now.Sub(s.Verified) <= most {
		return
	}
	s.State, s.Since = RefreshPending, s.Verified.Add(most)
	s.Reason = "not looked at since " + s.Verified.UTC().Format(time.RFC3339)
}
