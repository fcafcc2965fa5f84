package sso

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// refusals is what is noted of the secrets that one record is about, by the name of the
// secret's property. It holds keyed hashes of secrets, never a secret.
type refusals struct {
	Refused map[string]refusal `json:"refused,omitempty"`

	// RefusedBefore holds the refusals that a later refusal, or a sign-in with another
	// secret, has replaced in Refused: a bot or a host that still has the old secret
	// must not try it between two of its successor's sessions.
	RefusedBefore map[string][]refusal `json:"refused_before,omitempty"`
	Sent          map[string]attempt   `json:"sent,omitempty"` // secrets without a verdict yet

	// SentBefore holds the marks of other secrets than the one in Sent.
	SentBefore map[string][]attempt `json:"sent_before,omitempty"`

	// Replaced is the MAC of the expired password that NewPassword took the place of.
	Replaced   []byte `json:"replaced,omitempty"`
	RefusalKey []byte `json:"refusal_key,omitempty"` // 32 random bytes that key the MACs
}

// refusal marks a secret that a server refused.
type refusal struct {
	MAC  []byte    `json:"mac"` // HMAC-SHA256 of the secret, never the secret
	At   time.Time `json:"at"`
	Text string    `json:"text"`           // the error that told of it
	SP   string    `json:"sp,omitempty"`   // the service provider that was to be signed in to
	User string    `json:"user,omitempty"` // whose it is, where an account may be several users'; see sameUser
}

// mac returns the keyed hash of a secret. owner is "" except in what programs noted of
// before there were records of accounts.
func (r *refusals) mac(property, owner, secret string) []byte {
	if len(r.RefusalKey) == 0 {
		r.RefusalKey = make([]byte, 32)
		rand.Read(r.RefusalKey) // never fails, crypto/rand promises
	}
	h := hmac.New(sha256.New, r.RefusalKey)
	for _, s := range []string{property, owner, secret} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return h.Sum(nil)
}

// refused reports whether this very secret was refused before, to user or, "", at all.
func (r *refusals) refused(property, owner, secret, user string) (refusal, bool) {
	if len(r.Refused)+len(r.RefusedBefore) == 0 {
		return refusal{}, false
	}
	mac := r.mac(property, owner, secret)
	if f, ok := r.Refused[property]; ok && f.about(mac, user) {
		return f, true
	}
	for _, f := range r.RefusedBefore[property] {
		if f.about(mac, user) {
			return f, true
		}
	}
	return refusal{}, false
}

// about reports whether a refusal is one of the secret of mac, to user or, "", at all.
func (f refusal) about(mac []byte, user string) bool {
	return hmac.Equal(f.MAC, mac) && sameUser(f.User, user)
}

// maxRefusedBefore bounds what is remembered for one property; the oldest go first. All
// who use one account share the list.
const maxRefusedBefore = 63

// refuse remembers a refusal beside the earlier ones of other secrets.
func (r *refusals) refuse(property string, f refusal) {
	r.setAside(property, f.MAC, f.User)
	if r.Refused == nil {
		r.Refused = make(map[string]refusal)
	}
	r.Refused[property] = f
}

// setAside moves the current refusal of a property to the earlier ones, and forgets
// what is noted against the secret of mac and user. It reports whether that changed anything.
func (r *refusals) setAside(property string, mac []byte, user string) (changed bool) {
	before := r.RefusedBefore[property]
	noted := len(before)
	f, current := r.Refused[property]
	if current {
		before = append(before, f)
		delete(r.Refused, property)
	}
	before = slices.DeleteFunc(before, func(f refusal) bool { return f.about(mac, user) })
	before = before[max(0, len(before)-maxRefusedBefore):]
	if r.RefusedBefore == nil {
		r.RefusedBefore = make(map[string][]refusal)
	}
	if r.RefusedBefore[property] = before; len(before) == 0 {
		delete(r.RefusedBefore, property)
	}
	return current || len(before) != noted
}

// forget drops everything but the key.
func (r *refusals) forget() {
	r.Refused, r.RefusedBefore, r.Sent, r.SentBefore = nil, nil, nil, nil
}

// empty reports whether nothing is noted.
func (r *refusals) empty() bool {
	return len(r.Refused)+len(r.RefusedBefore)+len(r.Sent)+len(r.SentBefore)+len(r.Replaced) == 0
}

// take removes from r what it has noted of the refusals of properties, and returns that.
// The marks of what was sent stay.
func (r *refusals) take(properties []string) refusals {
	taken := refusals{RefusalKey: r.RefusalKey}
	for _, property := range properties {
		if f, ok := r.Refused[property]; ok {
			taken.refuse(property, f)
			delete(r.Refused, property)
		}
		if before := r.RefusedBefore[property]; len(before) > 0 {
			if taken.RefusedBefore == nil {
				taken.RefusedBefore = make(map[string][]refusal)
			}
			taken.RefusedBefore[property] = before
			delete(r.RefusedBefore, property)
		}
	}
	return taken
}

// forgetUntil drops the refusals of before a time.
func (r *refusals) forgetUntil(end time.Time) {
	maps.DeleteFunc(r.Refused, func(_ string, f refusal) bool { return f.At.Before(end) })
	for property, before := range r.RefusedBefore {
		before = slices.DeleteFunc(before, func(f refusal) bool { return f.At.Before(end) })
		if r.RefusedBefore[property] = before; len(before) == 0 {
			delete(r.RefusedBefore, property)
		}
	}
}

// presentAt makes times of the future the present: they were written by a clock that
// was wrong, and nothing may last until that time comes. It reports whether there were any.
func (r *refusals) presentAt(now time.Time) (changed bool) {
	clamp := func(t *time.Time) {
		if t.After(now) {
			*t, changed = now, true
		}
	}
	for property, f := range r.Refused {
		clamp(&f.At)
		r.Refused[property] = f
	}
	for property := range maps.Keys(r.RefusedBefore) {
		for i := range r.RefusedBefore[property] {
			clamp(&r.RefusedBefore[property][i].At)
		}
	}
	for _, a := range r.Sent {
		for i := range a.At {
			clamp(&a.At[i])
		}
	}
	for _, others := range r.SentBefore {
		for _, a := range others {
			for i := range a.At {
				clamp(&a.At[i])
			}
		}
	}
	return changed
}
