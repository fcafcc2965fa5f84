package sso

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// refreshState is what keeps an identity in bounds, wherever and however often the programs
// that look after it are started. It is stored in the identity's record.
type refreshState struct {
	Day      string        `json:"day,omitempty"`      // the UTC day of the two counts, 2006-01-02
	Requests int           `json:"requests,omitempty"` // sent by refreshers
	SignIns  int           `json:"sign_ins,omitempty"` // begun by anybody
	Failures int           `json:"failures,omitempty"` // turns that failed since the last good one
	Late     int           `json:"late,omitempty"`     // of these, those whose mail did not come in time
	NotUntil time.Time     `json:"not_until,omitzero"` // when a refresher may try again
	Noted    time.Time     `json:"noted,omitzero"`     // when that was noted
	Idle     time.Duration `json:"idle,omitempty"`     // learnt: what the SP's idle time seems to be; 0: nothing
	Alive    int           `json:"alive,omitempty"`    // checks in a row that found the session alive
	IdPEnds  time.Time     `json:"idp_ends,omitzero"`  // when the identity provider's session ends, if it said so
	Stopped  *stop         `json:"stopped,omitempty"`  // why no refresher signs in

	Resumed    time.Time `json:"resumed,omitzero"`     // when a person last handed in a code
	DeviceEnds time.Time `json:"device_ends,omitzero"` // when the remembered device is forgotten, if known
}

// stop is why an identity waits for a person or for a change.
type stop struct {
	At   time.Time `json:"at"`
	Code string    `json:"code"`
	Step string    `json:"step,omitempty"`
	Text string    `json:"text"`
	Hint string    `json:"hint,omitempty"`
	Seal []byte    `json:"seal"` // of the configuration and the secrets at that time: see seal
}

func (s *stop) err() error {
	kind := kindOf(s.Code)
	if kind == nil {
		kind = ErrConfig
	}
	err := error(&autherr.Error{Kind: kind, Text: strings.TrimPrefix(s.Text, s.Step+": "), Hint: s.Hint})
	if s.Step != "" {
		err = &StepError{Step: s.Step, Err: err}
	}
	return err
}

// today begins the counts anew when the day has changed.
func (c *refreshState) today(now time.Time) {
	if day := now.UTC().Format(time.DateOnly); c.Day != day {
		c.Day, c.Requests, c.SignIns = day, 0, 0
	}
}

func (c *refreshState) countSignIn(now time.Time) {
	c.today(now)
	c.SignIns++
}

// forgive lets refreshers begin afresh. The counts of the day stay.
func (c *refreshState) forgive() {
	c.Stopped, c.Failures, c.Late, c.NotUntil, c.Noted = nil, 0, 0, time.Time{}, time.Time{}
}

// stopped returns why no sign-in may be made, nil if one may. A stop ends when the
// configuration or a secret has changed, or when somebody else has signed in.
func (r *record) stopped(seal []byte) *stop {
	s := r.Care.Stopped
	if s == nil || !hmac.Equal(s.Seal, seal) || r.Obtained.After(s.At) {
		return nil
	}
	return s
}

// pendingElsewhere returns the failure of a sign-in that somebody else has begun and that waits
// for a person now: a text message is on its way, or a push was refused. The refresher
// must not have a second one sent as long as that one is good. A mail that is late is
// nobody's: whoever is next looks for the same one. So is a command that failed: the
// next one goes on with the same message.
func (r *record) pendingElsewhere(now time.Time) *failure {
	f := r.Failed
	if f == nil || f.Late || f.Source || f.Code != "passcode_needed" && f.Code != "mfa_rejected" || !f.At.After(r.Care.Resumed) || now.Sub(f.At) > stopPoll {
		return nil
	}
	return f
}

// seal is a keyed hash of everything that can be changed here: the connection, the values
// of its secrets, and whether a person has had the refusals of an account forgotten.
// Secrets are read from where they come from, so a new line in a password file is a
// change. A source that fails for now is an error: nobody knows whether it has changed.
func (c *Client) seal(ctx context.Context, r *record) ([]byte, error) {
	known, err := c.knownAccounts(ctx)
	if err != nil {
		return nil, err
	}
	return c.sealWith(ctx, r, known, unread{mailboxToken: c.freshToken(ctx, r, known)})
}

// sealAfter is the seal of a stop because of err. What err says could not be used counts
// as unreadable, whatever would be read now: a command that failed once, or prints a
// new token each time, has printed something else by then, and the stop would outlive
// its reason.
func (c *Client) sealAfter(ctx context.Context, r *record, err error) []byte {
	known, bad := c.knownAccounts(ctx)
	if bad != nil {
		return nil // no seal equals it: the stop ends when the store can be read
	}
	skip := unread{mailboxToken: c.freshToken(ctx, r, known)}
	if refusedSecret(err) == mailboxToken {
		skip[mailboxToken] = staleToken
	}
	var source *ConfigError
	if errors.As(err, &source) && source.Property != "" {
		skip[source.Property] = "unreadable"
	}
	seal, bad := c.sealWith(ctx, r, known, skip)
	if bad != nil {
		return nil
	}
	return seal
}

// unread holds what stands in a seal for secrets that are not read, by property.
type unread map[string]string

func (c *Client) sealWith(ctx context.Context, r *record, known map[account]*accountRecord, skip unread) ([]byte, error) {
	r.mac("", "", "") // makes the key
	h := hmac.New(sha256.New, r.RefusalKey)
	write := func(s string) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	write("ssoexchange stop")
	write(c.cfg.Public())
	write(c.cfg.MFACommand)
	for name, s := range c.cfg.Secrets() {
		value, err := "", error(nil)
		if text, skipped := skip[name]; skipped {
			value = text
		} else {
			value, err = s.Reveal(ctx)
		}
		if sourceFailed(err) {
			return nil, err
		}
		write(name)
		write(value)
		write(Code(err))
	}
	cleared := 0
	for _, a := range known {
		cleared += a.Cleared
	}
	if cleared > 0 { // stops of before have none
		write(strconv.Itoa(cleared))
	}
	return h.Sum(nil), nil
}

// staleToken stands in a seal for a mailbox's token that was refused, or cannot be read.
const staleToken = "refused"

// freshToken says whether the mailbox's token is another one than that which was refused.
// Such a token may be new each time it is read: that alone is no change that ends a stop
// for another reason, and then it is not read at all.
func (c *Client) freshToken(ctx context.Context, r *record, known map[account]*accountRecord) string {
	box := known[accountOf(c.cfg, mailboxToken)]
	if box == nil {
		return ""
	}
	if _, noted := box.refusedNow("")[mailboxToken]; !noted && len(r.Refused[mailboxToken].MAC) == 0 {
		return ""
	}
	value, err := c.cfg.MFAMailboxToken.Reveal(ctx)
	if _, refused := box.knows(mailboxToken, value, ""); refused || err != nil {
		return staleToken
	}
	if _, refused := r.refused(mailboxToken, mailboxOwner(c.cfg.MFAMailbox), value, ""); refused {
		return staleToken
	}
	return ""
}

// sourceFailed reports whether err says that what a secret or a code is read from has
// failed, and may work the next time.
func sourceFailed(err error) bool {
	for e := range chain(err) {
		if s, ok := e.(interface{ SourceFailed() bool }); ok && s.SourceFailed() {
			return true
		}
	}
	return false
}

// needsChange reports whether trying again without a change is useless or harmful:
// the sign-in waits for a person. failures counts this one. A service provider that
// is being restarted turns good users away for a while, so it is asked three times. So
// is a mailbox whose mail is late, and a command that did not say the code; the source
// of another secret, of which nothing was sent yet, any number of times.
func needsChange(err error, failures int) bool {
	if Step(err) == autherr.StepState {
		return false // a full disk is nobody's refusal
	}
	if Step(err) == autherr.StepVerify {
		return false // a question whose answer was not Jira's, and nothing was sent
	}
	switch {
	case sourceFailed(err) && !errors.Is(err, ErrPassCodeNeeded):
		return false
	case errors.Is(err, ErrExchangeRefused), isLateMail(err), sourceFailed(err):
		return failures >= 3
	case errors.Is(err, ErrCredentials), errors.Is(err, ErrPassCodeNeeded), errors.Is(err, ErrMFARejected),
		errors.Is(err, ErrUnsupported), errors.Is(err, ErrConfig):
		return true
	}
	return false
}

// stopFor is the stop that err calls for.
func stopFor(err error, now time.Time, seal []byte) *stop {
	return &stop{At: now, Code: Code(err), Step: Step(err), Text: err.Error(), Hint: autherr.Lasting(Hint(err)), Seal: seal}
}
