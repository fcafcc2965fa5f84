package saml

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Errors to test for with errors.Is. Each also has a kind, a text for people and a
// hint.
var (
	// ErrNoRequest says that an address carries no SAMLRequest.
	ErrNoRequest error = autherr.New(autherr.ErrBadAnswer,
		"saml: the address carries no SAMLRequest",
		"the service provider did not start a sign-in; check the address that starts it")

	// ErrNoForm says that a page has no form with an input named SAMLResponse:
	// usually the identity provider wants another step first.
	ErrNoForm error = autherr.New(autherr.ErrBadAnswer,
		"saml: the page has no form with a SAMLResponse",
		"the identity provider may want another step; open the sign-in address in a browser and look")

	// ErrForeignRequest says that a page carries a SAMLRequest instead: the
	// identity provider hands the user on to another one.
	ErrForeignRequest error = autherr.New(autherr.ErrUnsupported,
		"saml: the page carries a request to another identity provider",
		"sign in at that identity provider, or use an account that is local to this one")
)

// bad returns an error about an answer that does not follow the standard. Parsers'
// own texts quote their input, so they are not passed on.
func bad(format string, args ...any) error {
	return autherr.New(autherr.ErrBadAnswer, "saml: "+fmt.Sprintf(format, args...),
		"this is not what SAML 2.0 says; check that the address is the sign-in address of a SAML application")
}

// CheckError says that a response is not the one that was expected, and would not
// be accepted by the service provider. It is an autherr.ErrBadAnswer.
type CheckError struct {
	// Field is Action, Version, Assertion, Destination, Recipient, Audience, InResponseTo,
	// NotBefore, NotOnOrAfter or SessionNotOnOrAfter.
	Field string
	Got   string // addresses without their query, identifiers, times; never the assertion. "" for absent
	Want  string
}

// Error names the condition, what was wanted and what was got.
func (e *CheckError) Error() string {
	got := "is missing"
	if e.Got != "" {
		got = fmt.Sprintf("is %q", e.Got)
	}
	if e.Want == "" {
		return fmt.Sprintf("saml: response's %s %s, wanted none", e.Field, got)
	}
	return fmt.Sprintf("saml: response's %s %s, wanted %q", e.Field, got, e.Want)
}

// Is reports whether target is the error's kind.
func (e *CheckError) Is(target error) bool { return target == autherr.ErrBadAnswer }

// HintText returns what to do next.
func (e *CheckError) HintText() string {
	switch e.Field {
	case "Action", "Destination", "Recipient":
		return "SSOExchangeURL and the identity provider's setting for the consumer (ACS) address must be the same; " +
			"behind a reverse proxy both must be the public address"
	case "Audience":
		return "the identity provider's audience setting must be the service provider's entity ID"
	case "InResponseTo":
		return "the response answers another request; sign in again, " +
			"and see SSOFlow if the identity provider and the service provider differ on who starts"
	case "NotBefore", "NotOnOrAfter", "SessionNotOnOrAfter":
		return "compare this computer's clock with the identity provider's"
	case "Assertion":
		return "the service provider accepts exactly one assertion; check the application's settings at the identity provider"
	}
	return "check that the application at the identity provider is a SAML 2.0 application"
}

// StatusError is an identity provider's answer that it did not authenticate the
// user for this service provider (SAML Core 3.2.2). It is an
// autherr.ErrExchangeRefused.
type StatusError struct {
	Code    string // URI of the top-level status
	SubCode string // URI of the second-level status, may be empty
	Message string // the identity provider's words, one line of at most 200 runes; may be empty
}

// Error names the status codes and the identity provider's message.
func (e *StatusError) Error() string {
	s := "saml: identity provider answered " + statusName(e.Code)
	if e.SubCode != "" {
		s += "/" + statusName(e.SubCode)
	}
	if e.Message != "" {
		s += fmt.Sprintf(" (%q)", e.Message)
	}
	return s
}

// Is reports whether target is the error's kind.
func (e *StatusError) Is(target error) bool { return target == autherr.ErrExchangeRefused }

// HintText returns what to do next.
func (e *StatusError) HintText() string { return statusHint(e.Code, e.SubCode) }

// showURL returns an address fit for an error: without user info, query and
// fragment, in which tickets may travel.
func showURL(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return "(not an address)"
	}
	if u.Host == "" {
		// urn:… and the like; nothing of the kind carries a secret after a '?'
		before, _, _ := strings.Cut(raw, "?")
		return show(before)
	}
	s := u.Scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		s += "?…"
	}
	return show(s)
}

// show returns one printable line of at most 200 runes.
func show(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:199]) + "…"
	}
	return s
}
