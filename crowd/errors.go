package crowd

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
	"github.com/ssoexchange/ssoexchange/internal/xmltext"
)

// Error is a REST call or a login form that Crowd refused, in Crowd's own words.
type Error struct {
	Status  int    // HTTP status
	Reason  string // Crowd's reason, such as INVALID_USER_AUTHENTICATION; "" if it gave none
	Message string // Crowd's message, at most 200 characters, secrets removed; may be empty
	Wait    time.Duration

	call    call
	kind    error
	hint    string
	gateway bool // 401 or 403, and not from Crowd
}

// Error returns, for example, "crowd: 400 INVALID_USER_AUTHENTICATION the user was refused".
func (e *Error) Error() string {
	text := fmt.Sprintf("crowd: %d", e.Status)
	if e.Reason != "" {
		text += " " + e.Reason
	}
	text += " " + e.call.refusal(e)
	if e.Message != "" {
		text += " (" + e.Message + ")"
	}
	return text
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { return target == e.kind }

// HintText returns what to do next.
func (e *Error) HintText() string { return e.hint }

// RetryAfter returns how long to wait, 0 where Crowd did not say.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// RefusedSecret names the property whose secret a refusal with ErrCredentials is
// about: the user's or the application's.
func (e *Error) RefusedSecret() string {
	if e.Status == http.StatusUnauthorized && e.call != callForm && reasons[e.Reason].kind != autherr.ErrCredentials {
		return "SSOAppPassword"
	}
	return "Password"
}

// call is what was refused: one of the REST calls, or the login form.
type call int

const (
	callSession call = iota
	callCookie
	callSignOut
	callForm
)

func (c call) refusal(e *Error) string {
	switch {
	case c == callForm:
		return "the login form does not let the user in"
	case e.gateway:
		return "something in front of Crowd refused the call"
	case e.Status == http.StatusUnauthorized && e.RefusedSecret() == "SSOAppPassword":
		return "the application was refused"
	case e.Status == http.StatusForbidden && e.Reason == "":
		return "this address may not call Crowd's REST API"
	case c == callCookie:
		return "the cookie configuration was refused"
	case c == callSignOut:
		return "the token was not ended"
	case e.kind == autherr.ErrCredentials:
		return "the user was refused"
	}
	return "the session was refused"
}

type meaning struct {
	kind error
	hint string
}

const (
	hintUser     = "check User and Password; the password is not sent again by itself"
	hintInternal = "Crowd's log says more; the call is not one that should end like this"
	hintGateway  = "a gateway or proxy in front of Crowd wants a sign-in of its own, or refuses this machine: let " +
		"requests to " + restPath +
		"/ below Crowd's base URL through, or name the address at which Crowd itself answers in SSOLoginURL"
)

// reasons holds every reason that Crowd's REST API can give, including those that
// make no sense as the answer to a sign-in: they are still better named than not.
var reasons = map[string]meaning{
	"INVALID_USER_AUTHENTICATION": {autherr.ErrCredentials, hintUser},
	"USER_NOT_FOUND":              {autherr.ErrCredentials, "check User: no directory of the application knows that name"},
	"INVALID_USER":                {autherr.ErrCredentials, hintUser},
	"INVALID_CREDENTIAL":          {autherr.ErrCredentials, hintUser},
	"INACTIVE_ACCOUNT": {autherr.ErrCredentials,
		"the account is not active: an administrator of the directory can activate it"},
	"EXPIRED_CREDENTIAL": {autherr.ErrCredentials,
		"the password has expired: change it in a browser, then change Password"},

	"APPLICATION_ACCESS_DENIED": {autherr.ErrExchangeRefused,
		"the user may not use the application SSOAppName: add one of the user's groups to it in Crowd (Applications, " +
			"Directories & groups)"},

	"APPLICATION_PERMISSION_DENIED": {autherr.ErrConfig,
		"the application SSOAppName lacks a permission for this call: see its Permissions and Options in Crowd"},
	"PERMISSION_DENIED": {autherr.ErrConfig,
		"the application SSOAppName lacks a permission for this call: see its Permissions and Options in Crowd"},
	"APPLICATION_NOT_FOUND": {autherr.ErrConfig, "check SSOAppName"},
	"DIRECTORY_NOT_FOUND":   {autherr.ErrConfig, "the application SSOAppName has no directory in Crowd"},
	"ILLEGAL_ARGUMENT":      {autherr.ErrConfig, "check RemoteAddress (an IP address) and User"},
	"INVALID_SSO_TOKEN":     {autherr.ErrUnreachable, "the token has ended meanwhile: try again"},
	"EVENT_TOKEN_EXPIRED":   {autherr.ErrUnreachable, "try again"},
	"OPERATION_FAILED": {autherr.ErrUnreachable,
		"Crowd could not ask the user's directory: try again, and see Crowd's log if it stays"},
	"UNSUPPORTED_OPERATION":          {autherr.ErrUnsupported, "the user's directory does not support this call"},
	"NESTED_GROUPS_NOT_SUPPORTED":    {autherr.ErrUnsupported, "the user's directory does not support this call"},
	"INCREMENTAL_SYNC_NOT_AVAILABLE": {autherr.ErrUnsupported, hintInternal},

	"GROUP_NOT_FOUND":                 {autherr.ErrBadAnswer, hintInternal},
	"INVALID_EMAIL":                   {autherr.ErrBadAnswer, hintInternal},
	"INVALID_GROUP":                   {autherr.ErrBadAnswer, hintInternal},
	"MEMBERSHIP_NOT_FOUND":            {autherr.ErrBadAnswer, hintInternal},
	"MEMBERSHIP_ALREADY_EXISTS":       {autherr.ErrBadAnswer, hintInternal},
	"INVALID_MEMBERSHIP":              {autherr.ErrBadAnswer, hintInternal},
	"WEBHOOK_NOT_FOUND":               {autherr.ErrBadAnswer, hintInternal},
	"APPLICATION_MODIFICATION_FAILED": {autherr.ErrBadAnswer, hintInternal},
	"APPLICATION_ALREADY_EXISTS":      {autherr.ErrBadAnswer, hintInternal},
	"INVALID_CHANGE_EMAIL_TOKEN":      {autherr.ErrBadAnswer, hintInternal},
	"SAME_EMAIL_ADDRESS":              {autherr.ErrBadAnswer, hintInternal},
}

// readRefusal reads the answer to a call that failed. secrets are taken out of
// Crowd's message, in case a directory quotes what it was given.
//
// Four refusals are kept apart: 401 is the application's, 403 with a page or text
// is the caller's address, 403 with a reason is the application's permission, and
// 400 with a reason is the user's.
func readRefusal(a *httpclient.Response, c call, secrets ...string) error {
	e := &Error{Status: a.Status, call: c}
	if entity, ok := readError(a.Body); ok {
		e.Reason, e.Message = entity.Reason, printable(entity.Message, secrets)
	}
	e.gateway = e.Reason == "" && notCrowds(a)
	m := meaningOf(a, e)
	e.kind, e.hint = m.kind, m.hint
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		e.Wait = httpclient.RetryAfter(a.Header)
	}
	return e
}

func meaningOf(a *httpclient.Response, e *Error) meaning {
	m, known := reasons[e.Reason]
	switch {
	case known && m.kind == autherr.ErrCredentials: // the user's, whatever the status
		return m
	case e.gateway && a.Status == http.StatusUnauthorized:
		return meaning{autherr.ErrBadAnswer, hintGateway}
	case a.Status == http.StatusUnauthorized:
		return meaning{autherr.ErrCredentials,
			"check SSOAppName and SSOAppPassword: they are an application's in Crowd, not a user's"}
	case a.Status == http.StatusTooManyRequests:
		return meaning{autherr.ErrRateLimited, "wait before the next sign-in"}
	}
	if known {
		return m
	}
	switch {
	case e.gateway:
		return meaning{autherr.ErrConfig, hintGateway + "; or, if Crowd itself answered, add " + callerIn(a.Body) +
			" to the Remote Addresses of the application SSOAppName"}
	case a.Status == http.StatusForbidden && e.Reason == "":
		return meaning{autherr.ErrConfig,
			"add " + callerIn(a.Body) + " to the Remote Addresses of the application SSOAppName in Crowd"}
	case a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed:
		return meaning{autherr.ErrConfig,
			"there is no Crowd REST API at this address: check SSOLoginURL, which is Crowd's base URL + " + Suffix}
	case a.Status >= 500:
		return meaning{autherr.ErrUnreachable, "try again; see Crowd's log if it stays"}
	case a.Location() != nil:
		return meaning{autherr.ErrBadAnswer,
			"a redirect to " + a.Location().Host + " is not followed with credentials: use the address at which Crowd itself " +
				"answers"}
	}
	return meaning{autherr.ErrBadAnswer, hintInternal}
}

// notCrowds reports whether a 401 or 403 without a reason comes from something in front
// of Crowd, which is no verdict on any secret. Crowd's own 401 is a line of text, its
// 403 a page of its servlet container; the rest is known by Crowd's header or realm.
func notCrowds(a *httpclient.Response) bool {
	text := bytes.ToLower(xmltext.Repair(a.Body))
	challenge := strings.ToLower(strings.Join(a.Header.Values("WWW-Authenticate"), ", "))
	switch {
	case a.Header.Get("X-Embedded-Crowd-Version") != "", strings.Contains(challenge, "crowd"),
		bytes.Contains(text, []byte("application failed to authenticate")):
		return false
	case a.Status == http.StatusForbidden:
		return bytes.Contains(text, []byte("<html")) && !bytes.Contains(text, []byte("is forbidden")) &&
			!bytes.Contains(text, []byte("refuses to authorize"))
	case a.Status == http.StatusUnauthorized:
		markup := bytes.IndexAny(bytes.TrimSpace(text), "<{[") == 0
		return markup || challenge != "" && !strings.Contains(challenge, "basic")
	}
	return false
}

// forbidden is how Crowd's page names the address that it does not know.
var forbidden = lazyregexp.New(`address "?([0-9A-Fa-f:.]{2,45})"? is forbidden`)

// callerIn returns the caller's address as Crowd's page names it: behind a proxy
// that is the one thing that the caller cannot find out for itself.
func callerIn(page []byte) string {
	if m := forbidden().FindStringSubmatch(html.UnescapeString(string(page))); m != nil {
		if ip, err := netip.ParseAddr(m[1]); err == nil {
			return ip.String() + ", this machine or its proxy,"
		}
	}
	return "this machine's address, or its proxy's,"
}

// printable makes a server's message fit for a log line.
func printable(message string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			message = strings.ReplaceAll(message, s, "[redacted]")
		}
	}
	return wiretext.Line(message, 200)
}

func badAnswer(what string, cause error) error {
	return &autherr.Error{Kind: autherr.ErrBadAnswer, Text: "crowd: " + what + " cannot be read", Cause: cause,
		Hint: "check that SSOLoginURL names Crowd itself and not a gateway in front of it"}
}
