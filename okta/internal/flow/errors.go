package flow

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// Error is a refusal by Okta: by its AuthN API, with the fields of the error object,
// or by Identity Engine, with its messages.
//
// Only Code is stable; Summary and Causes are localised and meant for people. The
// error matches one of the sentinels of package sso with errors.Is, chosen by Code.
type Error struct {
	Status  int      // HTTP status
	Code    string   // "E0000004", or a message key as "idx.session.expired"; "" when there was neither
	Summary string   // at most 200 characters
	ID      string   // Okta's own reference, for its support
	Link    string   // usually the same as Code
	Causes  []string // at most 5 of at most 200 characters
	Wait    time.Duration

	kind    error
	hint    string
	refused string // see RefusedSecret; "" is Password
}

// Error returns, for example, "okta: 401 E0000004 Authentication failed".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "okta: %d", e.Status)
	for _, s := range []string{e.Code, e.Summary} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if len(e.Causes) > 0 && e.Causes[0] != e.Summary {
		b.WriteString(" (" + e.Causes[0] + ")")
	}
	return b.String()
}

// Is reports whether target is the sentinel that the error's code stands for.
func (e *Error) Is(target error) bool { return e.kind != nil && target == e.kind }

// HintText returns what to do next.
func (e *Error) HintText() string { return e.hint }

// RetryAfter returns how long to wait before trying again, 0 where nothing is known.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// RefusedSecret names the property whose secret a refusal with ErrCredentials is about:
// "Password", "NewPassword" or "APIToken".
func (e *Error) RefusedSecret() string {
	if e.refused == "" {
		return "Password"
	}
	return e.refused
}

// RefusedSecret returns a copy of e that is a refusal of another secret than the password:
// of the one of a property.
func RefusedSecret(e *Error, property, hint string) *Error {
	c := WithKind(e, autherr.ErrCredentials, hint)
	c.refused = property
	return c
}

// WithKind returns a copy of e of another kind: the same code means different things to
// different factors.
func WithKind(e *Error, kind error, hint string) *Error {
	c := *e
	c.kind, c.hint = kind, hint
	return &c
}

// UnlessNoSecret returns e, unless it is taken for the refusal of a secret by its status alone
// and none was posted: then the transaction is over.
func UnlessNoSecret(e *Error, posted bool) *Error {
	if _, known := Meanings[e.Code]; known || posted || e.kind != autherr.ErrCredentials {
		return e
	}
	return WithKind(e, autherr.ErrUnreachable, HintExpired)
}

const (
	maxErrorBytes = 256 << 10 // an error object has a few hundred bytes
	maxWait       = 10 * time.Minute
	maxPrintable  = 200
)

// CodeShape matches an error code of Okta's.
var CodeShape = lazyregexp.New(`^E\d{7}$`)

// Meaning is what an error code means to the caller.
type Meaning struct {
	Kind error
	Hint string
}

// The hints that several refusals share.
const (
	HintPassword = "check User and Password; a locked account and a sign-on policy that denies access look the same. " +
		"It is not tried again by itself"
	HintLocked       = "the account is locked: unlock it at Okta or ask an administrator"
	HintLater        = "try again later"
	HintExpired      = "the sign-in took too long or was overtaken by another one: try again"
	HintLimit        = "wait before trying again; fewer sign-ins at the same time also help"
	HintSomebodyElse = "a proxy, a captcha or a maintenance page may have answered instead of Okta"
	HintMessages     = "too many messages or calls: wait, or choose another factor with MFAType"
)

// Meanings maps Okta's error codes, release 2026.08, to what the caller can do.
var Meanings = map[string]Meaning{
	"E0000001": {autherr.ErrBadAnswer, "Okta did not accept the request as valid; its own words say why"},
	"E0000003": {autherr.ErrBadAnswer, ""},
	"E0000004": {autherr.ErrCredentials, HintPassword},
	"E0000005": {autherr.ErrUnreachable, HintExpired},
	"E0000006": {autherr.ErrExchangeRefused, "the account is not permitted to do this"},
	"E0000007": {autherr.ErrBadAnswer, ""},
	"E0000009": {autherr.ErrUnreachable, HintLater},
	"E0000010": {autherr.ErrUnreachable, "Okta is in read-only mode: try again later"},
	"E0000011": {autherr.ErrUnreachable, HintExpired},
	"E0000014": {autherr.ErrCredentials, ""},
	"E0000015": {autherr.ErrUnsupported, "the organisation has not enabled a feature that the sign-in needs"},
	"E0000022": {autherr.ErrBadAnswer, ""},
	"E0000047": {autherr.ErrRateLimited, HintLimit},
	"E0000057": {autherr.ErrExchangeRefused, "the app's sign-on policy denies access: ask an administrator"},
	"E0000058": {autherr.ErrExchangeRefused, "the app's sign-on policy asks for a second factor that was not accepted"},
	"E0000064": {autherr.ErrCredentials, "the password has expired: change it in a browser"},
	"E0000067": {autherr.ErrUnreachable, "the factor's own service did not answer: try again later"},
	"E0000068": {autherr.ErrMFARejected, "the code or answer is wrong"},
	"E0000069": {autherr.ErrCredentials, "too many wrong codes: " + HintLocked},
	"E0000073": {autherr.ErrMFARejected, "the request was refused on the device"},
	"E0000079": {autherr.ErrUnreachable, HintExpired},
	"E0000080": {autherr.ErrCredentials, "the password does not meet the organisation's rules: change it in a browser"},
	"E0000082": {autherr.ErrMFARejected, "each code works once: use the next one"},
	"E0000083": {autherr.ErrMFARejected,
		"the code is of another moment: check the clock of this machine and of the device"},
	"E0000085": {autherr.ErrExchangeRefused, "the sign-on policy denies access from here or now: ask an administrator"},
	"E0000087": {autherr.ErrMFARejected, "the answer to the question is wrong"},
	"E0000092": {autherr.ErrExchangeRefused, "the app asks for a fresh sign-in: forget the stored session and try again"},
	"E0000105": {autherr.ErrUnreachable, HintExpired},
	"E0000109": {autherr.ErrRateLimited, "a text message was sent less than 30 seconds ago: use its code, or wait"},
	"E0000113": {autherr.ErrPassCodeNeeded, "the token asks for its next code"},
	"E0000118": {autherr.ErrRateLimited, "a mail was sent less than 5 seconds ago: use its code, or wait"},
	"E0000119": {autherr.ErrCredentials, HintLocked},
	"E0000133": {autherr.ErrRateLimited, "a call was made less than 30 seconds ago: use its code, or wait"},
	"E0000138": {autherr.ErrUnreachable,
		"the telephone provider failed: try again later, or choose another factor with MFAType"},
	"E0000139": {autherr.ErrUnreachable,
		"the telephone provider failed: try again later, or choose another factor with MFAType"},
	"E0000146": {autherr.ErrRateLimited, HintMessages},
	"E0000147": {autherr.ErrRateLimited, HintMessages},
	"E0000150": {autherr.ErrRateLimited, HintMessages},
	"E0000151": {autherr.ErrRateLimited, HintMessages},
	"E0000154": {autherr.ErrUnreachable, "the factor was changed meanwhile: try again"},
	"E0000155": {autherr.ErrCredentials, "the account or its factor is not active: ask an administrator"},
	"E0000180": {autherr.ErrCredentials, "the account or its factor is not active: ask an administrator"},
	"E0000181": {autherr.ErrUnreachable, HintLater},
	"E0000186": {autherr.ErrRateLimited, HintMessages},
	"E0000191": {autherr.ErrUnreachable, "the verification timed out: try again"},
}

// fixedWaits are the pauses between two messages that Okta documents.
var fixedWaits = map[string]time.Duration{
	"E0000109": 30 * time.Second,
	"E0000118": 5 * time.Second,
	"E0000133": 30 * time.Second,
}

// ReadError turns an answer that is no transaction into an Error. The body is read
// by content, never by Content-Type: error objects are also served as text. Every
// string in secrets is blotted out of what Okta says.
func ReadError(a *httpclient.Response, secrets ...string) *Error {
	e := &Error{Status: a.Status}
	o := readErrorObject(a.Body[:min(len(a.Body), maxErrorBytes)])
	e.Link, e.ID, e.Summary = Printable(o.link, secrets), Printable(o.id, secrets), Printable(o.summary, secrets)
	if e.Code = o.code; !CodeShape().MatchString(e.Code) {
		e.Code = Printable(e.Code, secrets)
	}
	for _, c := range o.causes {
		e.Causes = append(e.Causes, Printable(c, secrets))
	}
	m, known := Meanings[e.Code]
	if !known {
		m = meaningOfStatus(a.Status, o.okta)
	}
	e.kind, e.hint = m.Kind, m.Hint
	if e.kind == autherr.ErrRateLimited || a.Status == http.StatusTooManyRequests {
		e.kind = autherr.ErrRateLimited
		e.Wait = WaitFor(e.Code, a.Header, time.Now())
	}
	return e
}

// meaningOfStatus serves answers without a known code: proxies, firewalls, and
// codes that Okta adds later. object says that the answer is Okta's error object: only
// then is its status a verdict on what was sent.
func meaningOfStatus(status int, object bool) Meaning {
	switch {
	case status == http.StatusTooManyRequests:
		return Meaning{autherr.ErrRateLimited, HintLimit}
	case status >= 500:
		return Meaning{autherr.ErrUnreachable, HintLater}
	case status == http.StatusNotFound && !object:
		return Meaning{autherr.ErrConfig, "there is no AuthN API at this host: check SSOLoginURL and Domain"}
	case status == http.StatusForbidden && !object:
		return Meaning{autherr.ErrExchangeRefused,
			"something in front of Okta blocks this client: check network zones and proxies"}
	case status == http.StatusUnauthorized && object:
		return Meaning{autherr.ErrCredentials, HintPassword}
	case status == http.StatusForbidden:
		return Meaning{autherr.ErrExchangeRefused, "the organisation does not permit this: ask an administrator"}
	case !object:
		return Meaning{autherr.ErrBadAnswer, HintSomebodyElse}
	}
	return Meaning{autherr.ErrBadAnswer, ""}
}

// WaitFor returns how long a rate limit lasts: the documented pause of the code,
// or what is left until X-Rate-Limit-Reset by the server's own clock, or a minute,
// the length of Okta's windows. It is between 1 second and 10 minutes.
func WaitFor(code string, h http.Header, now time.Time) time.Duration {
	if d, ok := fixedWaits[code]; ok {
		return d
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	wait := time.Minute
	if reset, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64); err == nil {
		// Compared in seconds: a far reset must not overflow a Duration.
		left := min(max(reset-now.Unix(), 0), int64(maxWait/time.Second))
		wait = time.Duration(left) * time.Second
	} else if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		wait = time.Duration(min(max(s, 0), int(maxWait/time.Second))) * time.Second
	}
	return max(wait, time.Second)
}

// Printable makes a server's words fit for an error: one line, bounded, printable, and
// without any of the secrets that the request carried.
func Printable(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) >= 4 { // a shorter one would blot out half of every text
			s = strings.ReplaceAll(s, secret, Redacted)
		}
	}
	return wiretext.Line(s, maxPrintable)
}

// deadKeys are those of a transaction that is over for no fault of the user's.
var deadKeys = []string{ion.MsgSessionExpired, ion.MsgTransactionGone, ion.MsgInvalidDevice, "E0000011", "E0000079"}

// died reports whether err says that the transaction was too old, or that the server
// has forgotten it.
func died(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.kind == autherr.ErrUnreachable && slices.Contains(deadKeys, e.Code)
}
