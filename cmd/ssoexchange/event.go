package main

import (
	"encoding/json"
	"time"

	"github.com/ssoexchange/ssoexchange/mfa"
)

// eventJSON is what happens on the way, with --json: one line on standard error for
// each, {"event":{…}}. Keys that do not apply are absent; fields are only ever added.
type eventJSON struct {
	Name     string     `json:"name"`    // "push", "code_asked", "code_refused", "waiting", "warning"
	Message  string     `json:"message"` // one line for people
	Kind     string     `json:"kind,omitempty"`
	Factor   string     `json:"factor,omitempty"`
	Device   string     `json:"device,omitempty"`
	Question string     `json:"question,omitempty"`
	Number   *int       `json:"number,omitempty"` // of a push: to choose on the telephone
	Server   string     `json:"server,omitempty"`
	For      string     `json:"for,omitempty"`    // what is waited for, if no server
	Holder   string     `json:"holder,omitempty"` // of the lease that is waited for
	Since    *time.Time `json:"since,omitempty"`
}

// about adds what the challenge is.
func (e eventJSON) about(c mfa.Challenge) eventJSON {
	e.Kind, e.Factor, e.Device, e.Question, e.Number = string(c.Kind), c.Factor, c.Device, c.Question, c.Number
	return e
}

func (t *tui) event(e eventJSON) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.eventLocked(e)
}

func (t *tui) eventLocked(e eventJSON) {
	if !t.events {
		return
	}
	line := json.NewEncoder(t.err)
	line.SetEscapeHTML(false)
	line.Encode(map[string]eventJSON{"event": e})
}
