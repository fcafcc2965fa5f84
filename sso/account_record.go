package sso

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// accountRecord is what is known of the secrets of an account, whichever identity found
// it out. It is written with the account's lease.
type accountRecord struct {
	Version int     `json:"version"`
	Account account `json:"account"`
	refusals

	// Carried holds refusals that were noted in the records of identities, with other
	// keys, by programs of before there were records of accounts.
	Carried []carried `json:"carried,omitempty"`

	// Unsure marks secrets of a shared account whose last fate somebody does not know:
	// see guard.
	Unsure map[string][]byte `json:"unsure,omitempty"` // MAC, by property

	Rest    *rest `json:"rest,omitempty"`    // the server has asked to wait
	Cleared int   `json:"cleared,omitempty"` // how often a person had the refusals forgotten

	// ClearedAt is when that was last: what other identities' records noted before it is
	// forgotten, too, when it comes to light.
	ClearedAt time.Time `json:"cleared_at,omitzero"`

	changed bool // since it was loaded, beside what its holder does
}

// carried are the refusals of one identity's record.
type carried struct {
	Owner string `json:"owner,omitempty"` // went into the MACs: the user or application as it was written then
	refusals
}

// rest is for how long a server did not want to be asked again.
type rest struct {
	Since time.Time     `json:"since"`
	Wait  time.Duration `json:"wait"`
}

// left returns what is left of a rest; 0 of none.
func (r *rest) left(now time.Time) time.Duration {
	if r == nil {
		return 0
	}
	return min(r.Wait, max(0, r.Since.Add(r.Wait).Sub(now)))
}

// accountVersion is written into every record of an account; see recordVersion.
const accountVersion = 1

// accountHead is how a record of an account begins, which no record of an identity does.
var accountHead = fmt.Appendf(nil, `{"version":%d,"account":`, accountVersion)

func isAccountRecord(data []byte) bool { return bytes.HasPrefix(data, accountHead) }

// decodeAccount reads the stored record of an account; an empty one is a new one.
func decodeAccount(data []byte, a account) (*accountRecord, error) {
	if len(data) == 0 {
		return &accountRecord{Version: accountVersion, Account: a}, nil
	}
	var r accountRecord
	switch err := json.Unmarshal(data, &r); {
	case err != nil:
		return nil, errUnreadableRecord
	case r.Version > accountVersion:
		return nil, &autherr.Error{Kind: ErrConfig,
			Text: fmt.Sprintf("sso: what is stored of the account has version %d, this program knows %d", r.Version, accountVersion),
			Hint: "use the newer program that wrote it, or another state directory"}
	case r.Account != a:
		return nil, &autherr.Error{Kind: ErrConfig, Text: "sso: what is stored of the account belongs to another one"}
	}
	r.changed = r.presentAt(time.Now())
	return &r, nil
}

// encode returns the record as it is stored, nil if there is nothing to store.
func (r *accountRecord) encode() ([]byte, error) {
	if r.empty() && len(r.Carried)+len(r.Unsure) == 0 && r.Rest == nil && r.Cleared == 0 {
		return nil, nil
	}
	return json.Marshal(r)
}

// knows reports whether this very secret was refused before. user is from Config.userOf.
func (r *accountRecord) knows(property, secret, user string) (refusal, bool) {
	if f, ok := r.refused(property, "", secret, user); ok {
		return f, true
	}
	for i := range r.Carried {
		c := &r.Carried[i]
		if user != "" && !sameUser(foldAccountName(c.Owner), user) {
			continue
		}
		if f, ok := c.refused(property, c.Owner, secret, ""); ok {
			return f, true
		}
	}
	return refusal{}, false
}

// carry takes over what an identity's record has noted of the account's refusals, and
// removes it there. It reports whether there was anything.
func (r *accountRecord) carry(from *refusals, owner string) bool {
	taken := from.take(r.Account.properties())
	taken.forgetUntil(r.ClearedAt)
	if taken.empty() {
		return false
	}
	r.Carried = append(r.Carried, carried{owner, taken})
	r.Carried = r.Carried[max(0, len(r.Carried)-maxRefusedBefore):]
	return true
}

// forgive forgets every refusal, pause and doubt, and lets refreshers know.
func (r *accountRecord) forgive() {
	r.forget()
	r.Carried, r.Unsure, r.Rest = nil, nil, nil
	r.Cleared, r.ClearedAt = r.Cleared+1, time.Now()
}

// presentAt is refusals.presentAt for the whole record.
func (r *accountRecord) presentAt(now time.Time) (changed bool) {
	changed = r.refusals.presentAt(now)
	for i := range r.Carried {
		changed = r.Carried[i].presentAt(now) || changed
	}
	if r.ClearedAt.After(now) {
		r.ClearedAt, changed = now, true
	}
	if r.Rest != nil && r.Rest.Since.After(now) {
		r.Rest.Since, changed = now, true
	}
	return changed
}

// refusedNow lists the refusals that the account's secrets had last. user is from Config.userOf.
func (r *accountRecord) refusedNow(user string) map[string]refusal {
	now := make(map[string]refusal)
	for i := range r.Carried {
		for property, f := range r.Carried[i].Refused {
			if user == "" || sameUser(foldAccountName(r.Carried[i].Owner), user) {
				now[property] = f
			}
		}
	}
	for property, f := range r.Refused {
		if sameUser(f.User, user) {
			now[property] = f
		}
	}
	return now
}
