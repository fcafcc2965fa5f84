package terminal

import (
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// Event is what happens on the way, with --json: one line on standard error for
// each, {"event":{…}}. Keys that do not apply are absent; fields are only ever added.
type Event struct {
	Name     string     `json:"name"`    // "push", "code_asked", "code_refused", "waiting", "warning"
	Message  string     `json:"message"` // one line for people
	Kind     string     `json:"kind,omitempty"`
	Factor   string     `json:"factor,omitempty"`
	Device   string     `json:"device,omitempty"`
	Question string     `json:"question,omitempty"`
	Number   *int       `json:"number,omitempty"`     // of a push: to choose on the telephone
	Sent     *time.Time `json:"sent_at,omitempty"`    // of a message with a code
	Expires  *time.Time `json:"expires_at,omitempty"` // when the provider gives up
	Server   string     `json:"server,omitempty"`
	For      string     `json:"for,omitempty"`    // what is waited for, if no server
	Holder   string     `json:"holder,omitempty"` // of the lease that is waited for
	Since    *time.Time `json:"since,omitempty"`
}

// about adds what the challenge is.
func (e Event) about(c mfa.Challenge) Event {
	e.Kind, e.Factor, e.Device, e.Question, e.Number = string(c.Kind), c.Factor, c.Device, c.Question, c.Number
	e.Sent, e.Expires = Second(c.Sent), Second(c.Expires)
	return e
}

// Second is a time for JSON, in whole seconds of UTC; nil for the zero time.
func Second(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// Emit writes an event, if Events.
func (t *Terminal) Emit(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.eventLocked(e)
}

// JSON writes v as one line, not in the middle of an event.
func (t *Terminal) JSON(v any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	display.JSONLine(t.err, v)
}

func (t *Terminal) eventLocked(e Event) {
	if !t.Events {
		return
	}
	display.JSONLine(t.err, map[string]Event{"event": e})
}
