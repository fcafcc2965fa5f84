package oauth1

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Error is a refusal by the server (OAuth Problem Reporting, which Jira implements).
type Error struct {
	Status  int    // of the answer
	Problem string // oauth_problem: "token_rejected", "signature_invalid", …; "" if none was named
	Advice  string // the parameters that were rejected, or the server's advice; bounded and cleaned, may be ""
	Wait    time.Duration
}

func (e *Error) Error() string {
	text := fmt.Sprintf("oauth1: %d", e.Status)
	if e.Problem != "" {
		text += " " + e.Problem
	}
	if e.Advice != "" {
		text += " (" + e.Advice + ")"
	}
	return text
}

// problems says what each problem means for the caller, and what to do.
var problems = map[string]struct {
	kind error
	hint string
}{
	"consumer_key_unknown":      {autherr.ErrCredentials, "the consumer key is not that of an incoming application link of this Jira"},
	"signature_method_rejected": {autherr.ErrConfig, "the server does not accept RSA-SHA1: is it Jira Data Center?"},
	"signature_invalid": {autherr.ErrCredentials, "the public key in the application link is not that of this private key; or, behind a proxy, " +
		"Jira sees another scheme, host or port than this client: its connector needs scheme, proxyName and proxyPort"},
	"timestamp_refused":    {autherr.ErrConfig, "the clock of this computer or of the server is wrong by more than five minutes"},
	"nonce_used":           {autherr.ErrUnreachable, "something between here and the server repeats requests: try again"},
	"token_rejected":       {autherr.ErrPassCodeNeeded, "the token is unknown, or was revoked: authorize anew"},
	"token_expired":        {autherr.ErrPassCodeNeeded, "the token has expired: authorize anew"},
	"token_used":           {autherr.ErrPassCodeNeeded, "the request token was used before: authorize anew"},
	"token_revoked":        {autherr.ErrPassCodeNeeded, "the token was revoked: authorize anew"},
	"verifier_invalid":     {autherr.ErrMFARejected, "the verifier is not the one that the server showed: authorize anew"},
	"permission_denied":    {autherr.ErrExchangeRefused, "the person or the application link does not allow it; for a two-legged request it must allow impersonation"},
	"permission_unknown":   {autherr.ErrPassCodeNeeded, "the person has not decided yet: open the authorization page"},
	"user_refused":         {autherr.ErrExchangeRefused, "the person refused the access"},
	"parameter_absent":     {autherr.ErrBadAnswer, ""},
	"parameter_rejected":   {autherr.ErrConfig, "the callback must be an absolute http or https address, or oob"},
	"version_rejected":     {autherr.ErrBadAnswer, ""},
	"consumer_key_refused": {autherr.ErrExchangeRefused, "the application link is switched off"},
}

// kind returns the sentinel that e is.
func (e *Error) kind() error {
	if p, ok := problems[e.Problem]; ok {
		return p.kind
	}
	switch {
	case e.Status == http.StatusTooManyRequests:
		return autherr.ErrRateLimited
	case e.Status >= 500:
		return autherr.ErrUnreachable
	case e.Status == http.StatusNotFound:
		return autherr.ErrConfig
	}
	return autherr.ErrBadAnswer
}

// Is reports whether target is the kind of the problem.
func (e *Error) Is(target error) bool { return target == e.kind() }

// HintText returns what to do next.
func (e *Error) HintText() string {
	if p, ok := problems[e.Problem]; ok {
		return p.hint
	}
	switch e.kind() {
	case autherr.ErrConfig:
		return "there is no OAuth 1.0a provider at this address: check URL and its context path"
	case autherr.ErrUnreachable, autherr.ErrRateLimited:
		return "try again later"
	}
	return "is the address that of Jira, and does a gateway in front of it answer?"
}

// RetryAfter returns how long the server asks to wait, 0 where it does not say.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// problemOf reads a refusal from the WWW-Authenticate header, or from a form body.
func problemOf(a *httpclient.Response) *Error {
	e := &Error{Status: a.Status, Wait: httpclient.RetryAfter(a.Header)}
	for _, line := range a.Header.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.EqualFold(scheme, "OAuth") {
			e.read(headerParams(rest))
		}
	}
	if kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); e.Problem == "" && !strings.Contains(kind, "html") {
		if values, err := url.ParseQuery(string(a.Body)); err == nil {
			e.read(values)
		}
	}
	return e
}

// ProblemIn returns the refusal that the answer to a signed request names; nil: it names none.
func ProblemIn(status int, h http.Header) *Error {
	e := problemOf(&httpclient.Response{Status: status, Header: h})
	if e.Problem == "" {
		return nil
	}
	return e
}

func (e *Error) read(v url.Values) {
	problem := v.Get("oauth_problem")
	if e.Problem != "" || problem == "" || len(problem) > 64 || strings.Trim(problem, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return
	}
	e.Problem = problem
	e.Advice = clean(v.Get("oauth_parameters_rejected"))
	if e.Advice == "" {
		e.Advice = clean(v.Get("oauth_problem_advice"))
	}
}

// clean bounds the server's words. What looks like a value is cut: advice may quote a signature.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if name, _, found := strings.Cut(s, "="); found {
		s = name
	}
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}

// headerParams reads name="value" pairs of an OAuth challenge; values are percent-encoded.
func headerParams(text string) url.Values {
	v := make(url.Values)
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			continue
		}
		if plain, err := url.PathUnescape(strings.Trim(value, `"`)); err == nil {
			v.Add(name, plain)
		}
	}
	return v
}
