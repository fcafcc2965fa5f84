package sso

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
)

// Identity is what a record belongs to: nothing that one identity has learnt (a
// session, a remembered device, a refusal) is ever used for another.
type Identity struct {
	Scheme string `json:"scheme"` // "Okta", "Crowd"
	IdP    string `json:"idp"`    // host[:port] of the identity provider
	SP     string `json:"sp"`     // base URL of Jira: two context paths of one host are two SPs
	User   string `json:"user"`
}

// Identity returns the identity that c signs in.
func (c *Config) Identity() Identity {
	id := Identity{Scheme: c.Scheme, User: c.User}
	if c.SSOLoginURL != nil {
		id.IdP = c.SSOLoginURL.Host
	}
	if c.URL != nil {
		id.SP = hop.Origin(c.URL) + trimSlash(c.URL.EscapedPath())
	}
	return id
}

// Key names the identity's record in a Store: 32 hexadecimal digits that tell
// nothing about it.
func (id Identity) Key() string {
	h := sha256.New()
	for _, s := range []string{"ssoexchange identity", id.Scheme, id.IdP, id.SP, id.User} {
		// Length first: no two identities may run together into one string.
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// record is all that outlives a sign-in. It is a secret as a whole.
type record struct {
	Version    int                `json:"version"`
	Identity   Identity           `json:"identity"`
	Connection string             `json:"connection"` // the connection string without its secrets
	Provider   json.RawMessage    `json:"provider,omitempty"`
	Cookies    []cookiejar.Cookie `json:"cookies,omitempty"`     // the SP's
	StartURL   string             `json:"start_url,omitempty"`   // learnt: where the SP's own sign-in starts
	User       string             `json:"user,omitempty"`        // as the SP names it
	Obtained   time.Time          `json:"obtained,omitzero"`     // when the session was obtained
	Verified   time.Time          `json:"verified,omitzero"`     // when the SP last confirmed it
	Lost       time.Time          `json:"lost,omitzero"`         // when the SP said that it does not know the session
	Answered   time.Time          `json:"answered,omitzero"`     // when Jira itself last opened a session
	Failed     *failure           `json:"failed,omitempty"`      // how the last sign-in ended, if it failed
	Refused    map[string]refusal `json:"refused,omitempty"`     // by the name of the secret's property
	Replaced   []byte             `json:"replaced,omitempty"`    // MAC of the expired password that NewPassword took the place of
	RefusalKey []byte             `json:"refusal_key,omitempty"` // 32 random bytes that key the refusals

	// RefusedBefore holds the refusals that a later refusal, or a sign-in with another
	// secret, has replaced in Refused: a bot or a host that still has the old secret
	// must not try it between two of its successor's sessions.
	RefusedBefore map[string][]refusal `json:"refused_before,omitempty"`
	Sent          map[string]attempt   `json:"sent,omitempty"` // secrets without a verdict yet, by property
	Care          care                 `json:"care,omitzero"`  // what keeps the identity in bounds
}

// failure is how a sign-in ended, so that a process that waited for it can report
// the same instead of sending a second push or trying the same secret again.
type failure struct {
	At   time.Time     `json:"at"`
	Code string        `json:"code"`
	Step string        `json:"step,omitempty"`
	Text string        `json:"text"`
	Hint string        `json:"hint,omitempty"`
	Wait time.Duration `json:"wait,omitempty"`

	Refused string `json:"refused,omitempty"` // the property whose secret was refused, if one was
	Late    bool   `json:"late,omitempty"`    // a mail was waited for in vain: see lateMailError
}

// refusal marks a secret that a server refused.
type refusal struct {
	MAC  []byte    `json:"mac"` // HMAC-SHA256 of the secret, never the secret
	At   time.Time `json:"at"`
	Text string    `json:"text"` // the error that told of it
}

func newRecord(cfg *Config) *record {
	return &record{Version: recordVersion, Identity: cfg.Identity(), Connection: cfg.Public()}
}

// currentHead is how a record of the current version begins; it saves reading the
// record twice.
var currentHead = fmt.Appendf(nil, `{"version":%d,`, recordVersion)

// decodeRecord reads a stored record; an empty one is a new one. A record of
// another identity or of a later version is an error: it is never overwritten.
func decodeRecord(data []byte, cfg *Config) (*record, error) {
	if len(data) == 0 {
		return newRecord(cfg), nil
	}
	if !bytes.HasPrefix(data, currentHead) {
		var err error
		if data, err = upToDate(data, migrations[:]); err != nil {
			return nil, err
		}
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, errUnreadableRecord
	}
	if cfg != nil {
		if r.Identity != cfg.Identity() {
			return nil, &autherr.Error{Kind: ErrConfig, Text: "sso: the stored state belongs to another identity"}
		}
		r.Connection = cfg.Public()
	}
	return &r, nil
}

// dropSession forgets the SP's session; see withoutSession.
func (r *record) dropSession() {
	r.Cookies = r.withoutSession()
	r.User, r.Obtained, r.Verified, r.Lost = "", time.Time{}, time.Time{}, time.Time{}
}

// withoutSession returns the SP's cookies as a browser that restarts has them: those
// with an expiry of their own (devices, preferences), without the remembered login.
func (r *record) withoutSession() []cookiejar.Cookie {
	var kept []cookiejar.Cookie
	for _, c := range r.Cookies {
		if !c.Expires.IsZero() && c.Name != rememberMeCookie {
			kept = append(kept, c)
		}
	}
	return kept
}

func (r *record) mac(property, owner, secret string) []byte {
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

// refused reports whether this very secret was refused before.
func (r *record) refused(property, owner, secret string) (refusal, bool) {
	mac := r.mac(property, owner, secret)
	if f, ok := r.Refused[property]; ok && hmac.Equal(f.MAC, mac) {
		return f, true
	}
	for _, f := range r.RefusedBefore[property] {
		if hmac.Equal(f.MAC, mac) {
			return f, true
		}
	}
	return refusal{}, false
}

// maxRefusedBefore bounds what is remembered for one property; the oldest go first.
const maxRefusedBefore = 15

// refuse remembers a refusal beside the earlier ones of other secrets.
func (r *record) refuse(property string, f refusal) {
	r.setAside(property, f.MAC)
	if r.Refused == nil {
		r.Refused = make(map[string]refusal)
	}
	r.Refused[property] = f
}

// setAside moves the current refusal of a property to the earlier ones, and forgets
// what is noted against the secret of mac.
func (r *record) setAside(property string, mac []byte) {
	before := r.RefusedBefore[property]
	if f, ok := r.Refused[property]; ok {
		before = append(before, f)
		delete(r.Refused, property)
	}
	before = slices.DeleteFunc(before, func(f refusal) bool { return hmac.Equal(f.MAC, mac) })
	before = before[max(0, len(before)-maxRefusedBefore):]
	if r.RefusedBefore == nil {
		r.RefusedBefore = make(map[string][]refusal)
	}
	if r.RefusedBefore[property] = before; len(before) == 0 {
		delete(r.RefusedBefore, property)
	}
}

// forgiven forgets every refusal, every pause and every stop.
func (r *record) forgiven() {
	r.Refused, r.RefusedBefore, r.Sent, r.Failed = nil, nil, nil, nil
	r.Care.forgive()
}

// stateError gives a store's error the words and the kind that callers expect.
func stateError(doing string, err error) error {
	if err == nil {
		return nil
	}
	if Code(err) != "internal" || errors.Is(err, context.Canceled) {
		return err
	}
	hint := Hint(err)
	if hint == "" {
		hint = "check that the state directory exists, belongs to you and is not full"
	}
	return &autherr.Error{Kind: ErrConfig, Text: "sso: " + doing + " the stored state", Hint: hint, Cause: err}
}

func trimSlash(s string) string {
	for len(s) > 0 && s[len(s)-1] == '/' {
		s = s[:len(s)-1]
	}
	return s
}
