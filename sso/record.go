package sso

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// record is all that outlives a sign-in. It is a secret as a whole.
type record struct {
	Version    int             `json:"version"`
	Identity   Identity        `json:"identity"`
	Connection string          `json:"connection"`           // the connection string without its secrets
	Source     json.RawMessage `json:"source,omitempty"`     // what the credential's source remembers
	Credential json.RawMessage `json:"credential,omitempty"` // as it encodes itself; none if it is obtained anew
	User       string          `json:"user,omitempty"`       // as the SP names it
	Obtained   time.Time       `json:"obtained,omitzero"`    // when the session was obtained
	Verified   time.Time       `json:"verified,omitzero"`    // when the SP last confirmed it
	Lost       time.Time       `json:"lost,omitzero"`        // when the SP said that it does not know the session any more
	Answered   time.Time       `json:"answered,omitzero"`    // when Jira itself last opened a session
	Failed     *failure        `json:"failed,omitempty"`     // how the last sign-in ended, if it failed
	Accounts   []account       `json:"accounts,omitempty"`   // whose secrets the sign-in sends, for Entries

	// refusals is what programs of before there were records of accounts noted; of it
	// only RefusalKey is still written, which keys the seal of a stop.
	refusals
	Care refreshState `json:"care,omitzero"` // what keeps the identity in bounds
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
	Source  bool   `json:"source,omitempty"`  // what a secret or a code is read from failed: see sourceFailed
}

func newRecord(cfg *Config) *record {
	return &record{Version: recordVersion, Identity: cfg.Identity(), Connection: cfg.Public(), Accounts: accountsIn(cfg)}
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
		r.Connection, r.Accounts = cfg.Public(), accountsIn(cfg)
	}
	return &r, nil
}

// dropSession forgets the session of cred, and keeps of it what outlives sessions; nil: nothing.
func (r *record) dropSession(cred credential.Credential) {
	r.Credential, r.User, r.Obtained, r.Verified, r.Lost = nil, "", time.Time{}, time.Time{}, time.Time{}
	if k, ok := cred.(remainder); ok {
		r.Credential, _ = credential.Encode(k.Remainder()) // cookies, which can be encoded
	}
}

// reset forgets every refusal that is noted here, and every stop.
func (r *record) reset() {
	r.forget()
	r.Failed = nil
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
