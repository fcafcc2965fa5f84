package ion

import (
	"net/http"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// Severity of a message. Answers spell them in capitals or not; where one is missing
// it follows from the HTTP status.
const (
	SeverityError   = "ERROR"
	SeverityWarning = "WARNING"
	SeverityInfo    = "INFO"
)

// Message is something that the server says to the person. Only Key is stable: Text
// comes in the language of the organisation or of Accept-Language.
type Message struct {
	Text     string // one line, at most 600 characters
	Severity string // one of the constants
	Key      string // "errors.E0000004", "incorrectPassword"; may be empty
	Params   []string
	Links    []Link
	Field    string // name of the form or field that it is about, "" for the whole answer
}

// Link is an address that a message points people to. URL is as received: show it,
// never open it.
type Link struct{ Label, URL string }

// The message keys that decide how a sign-in goes on. A key may come with or without
// its prefix "errors.": compare with Is.
const (
	MsgBadCredentials       = "errors.E0000004" // also: no such user
	MsgIncorrectPassword    = "incorrectPassword"
	MsgPassCodeInvalid      = "api.authn.error.PASSCODE_INVALID"
	MsgSoftTokenInvalid     = "authfactor.challenge.soft_token.invalid_passcode"
	MsgSoftTokenUsed        = "authfactor.challenge.soft_token.used_passcode"
	MsgSuspendedFactor      = "authfactor.challenge.suspended_factor"
	MsgWebAuthnInvalid      = "authfactor.webauthn.error.assertion_validation_failure"
	MsgPushRejected         = "api.authn.poll.error.push_rejected"
	MsgNumberUpgrade        = "oie.authenticator.app.method.push.force.upgrade.number_challenge"
	MsgBiometrics           = "*.verify.enable.biometrics*" // Okta Verify and custom apps, any method
	MsgSessionExpired       = "idx.session.expired"
	MsgTooManyRequests      = "tooManyRequests"
	MsgOIETooManyRequests   = "oie.tooManyRequests"
	MsgAPIRateLimit         = "errors.E0000047"
	MsgSMSLimit             = "errors.E0000150"
	MsgCallLimit            = "errors.E0000151"
	MsgNextToken            = "errors.E0000113" // RSA and the like: wait for the next code
	MsgAccessDenied         = "security.access_denied*"
	MsgDeviceAssurance      = "idx.error.code.access_denied.device_assurance.*"
	MsgAssuranceUnsatisfied = "oie.assurance.unsatisfiable"
	MsgNotAssigned          = "idx.error.user.not.assigned.to.app"
	MsgUserNotAssigned      = "idx.error.code.user_not_assigned"
	MsgSafeMode             = "idx.error.server.safe.mode.*"
	MsgReadOnly             = "errors.E0000010"
	MsgInternal             = "errors.E0000009"
	MsgTransactionGone      = "core.system.transaction_resource_not_found"
	MsgInvalidDevice        = "core.auth.factor.signedNonce.error.invalidDevice"
	MsgOriginalTab          = "idx.return.to.original.tab"              // said where a link was opened
	MsgNewTab               = "idx.transferred.to.new.tab"              // the sign-in goes on where its link was opened
	MsgCancelledElsewhere   = "idx.operation.cancelled.on.other.device" // whoever opened the link said no
	MsgGracePeriod          = "idx.device_assurance.grace_period.*"
	MsgPasswordExpiring     = "idx.password.expiring.message"
)

// Is reports whether the message's key is pattern, in which a leading and a trailing *
// stand for anything. The prefix "errors." counts on neither side.
func (m Message) Is(pattern string) bool {
	key := strings.TrimPrefix(m.Key, "errors.")
	pattern = strings.TrimPrefix(pattern, "errors.")
	if key == "" {
		return false
	}
	core := strings.Trim(pattern, "*")
	switch head, tail := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*"); {
	case head && tail:
		return strings.Contains(key, core)
	case head:
		return strings.HasSuffix(key, core)
	case tail:
		return strings.HasPrefix(key, core)
	}
	return key == core
}

// AllMessages returns the messages of the whole answer, then those of its forms and
// their fields, in order. The same message in two places is returned once.
func (a *Answer) AllMessages() []Message {
	all := append([]Message(nil), a.Messages...)
	for i := range a.Remediations {
		all = append(all, a.Remediations[i].Messages...)
		all = fieldMessages(a.Remediations[i].Fields, all)
	}
	type said struct{ key, text string }
	seen := make(map[said]bool, len(all))
	kept := all[:0]
	for _, m := range all {
		if s := (said{m.Key, m.Text}); !seen[s] {
			seen[s] = true
			kept = append(kept, m)
		}
	}
	return kept
}

func fieldMessages(fields []Field, all []Message) []Message {
	for i := range fields {
		all = append(all, fields[i].Messages...)
		all = fieldMessages(fields[i].Form, all)
		for j := range fields[i].Options {
			all = fieldMessages(fields[i].Options[j].Form, all)
		}
	}
	return all
}

// Find returns the first message whose key is one of keys, patterns as in Message.Is;
// nil if there is none.
func (a *Answer) Find(keys ...string) *Message {
	for _, m := range a.AllMessages() {
		for _, key := range keys {
			if m.Is(key) {
				return &m
			}
		}
	}
	return nil
}

// Errors returns the messages of severity ERROR.
func (a *Answer) Errors() []Message {
	var all []Message
	for _, m := range a.AllMessages() {
		if m.Severity == SeverityError {
			all = append(all, m)
		}
	}
	return all
}

func readMessages(n *node, status int, about string) []Message {
	var all []Message
	for _, item := range n.list() {
		m := Message{
			Text:     wiretext.Line(item.get("message").str(), maxMessage),
			Severity: strings.ToUpper(item.get("class").str()),
			Field:    about,
		}
		i18n := item.get("i18n")
		m.Key = i18n.get("key").label()
		for _, p := range i18n.get("params").list() {
			if s := wiretext.Line(p.str(), maxMessage); s != "" {
				m.Params = append(m.Params, s)
			}
		}
		for _, l := range item.get("links").list() {
			if u := wiretext.Line(l.get("url", "href").str(), maxMessage); u != "" {
				m.Links = append(m.Links, Link{Label: l.get("label").label(), URL: u})
			}
		}
		switch m.Severity {
		case SeverityError, SeverityWarning, SeverityInfo:
		default:
			m.Severity = SeverityInfo
			if status >= http.StatusBadRequest {
				m.Severity = SeverityError
			}
		}
		if m.Text != "" || m.Key != "" {
			all = append(all, m)
		}
	}
	return all
}
