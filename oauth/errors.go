package oauth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Error is a refusal by an authorization server (RFC 6749, section 5.2). It never holds the answer's
// body, which may quote a token.
type Error struct {
	Endpoint    string // "token", "device", "revocation" or "authorization"
	Grant       string // the grant_type that was refused; "" if it was none
	Status      int    // of the answer; 0 if it came by the browser
	Code        string // error: "invalid_grant", …; "" if the server named none
	Description string // error_description, bounded and cleaned; may be ""
	Wait        time.Duration
}

func (e *Error) Error() string {
	text := "oauth: "
	if e.Status != 0 {
		text += fmt.Sprintf("%d ", e.Status)
	}
	if e.Code != "" {
		text += e.Code
	} else {
		text += "the " + e.Endpoint + " endpoint refused without a reason"
	}
	if e.Description != "" {
		text += " (" + e.Description + ")"
	}
	return text
}

const hintAuthorize = "authorize anew: a person has to consent in a browser"

// verdict is what an error code means, and what to do.
type verdict struct {
	kind error
	hint string
}

var verdicts = map[string]verdict{
	"invalid_client":             {autherr.ErrCredentials, "check OAuthClientId and OAuthClientSecret (or OAuthJWTCert and its key ID); a secret may have expired"},
	"invalid_grant":              {autherr.ErrPassCodeNeeded, hintAuthorize + "; the grant has expired, was revoked, or was spent"},
	"interaction_required":       {autherr.ErrPassCodeNeeded, hintAuthorize},
	"consent_required":           {autherr.ErrPassCodeNeeded, hintAuthorize},
	"login_required":             {autherr.ErrPassCodeNeeded, hintAuthorize},
	"account_selection_required": {autherr.ErrPassCodeNeeded, hintAuthorize},
	"authorization_pending":      {autherr.ErrPassCodeNeeded, "the person has not decided yet"},
	"expired_token":              {autherr.ErrPassCodeNeeded, "nobody entered the code in time: begin again"},
	"access_denied":              {autherr.ErrExchangeRefused, "the person, or a policy, refused the access"},
	"insufficient_scope":         {autherr.ErrExchangeRefused, "the token lacks a scope: extend Scope, have it granted to the application, and authorize anew"},
	"unauthorized_client":        {autherr.ErrConfig, "the application may not use this grant: allow it where the application is registered"},
	"unsupported_grant_type":     {autherr.ErrConfig, "the server does not offer this grant: choose another AuthScheme or InitiateOAuth"},
	"unsupported_response_type":  {autherr.ErrConfig, "the server does not offer the authorization code grant to this application"},
	"invalid_scope":              {autherr.ErrConfig, "Scope asks for more than the application may have, or for a name that the server does not know"},
	"invalid scope":              {autherr.ErrConfig, "Scope asks for more than the application link allows: Jira Data Center knows READ, WRITE, ADMIN and SYSTEM_ADMIN"},
	"redirect_uri_mismatch":      {autherr.ErrConfig, "CallbackURL must equal what is registered, port and path included"},
	"invalid_redirect_uri":       {autherr.ErrConfig, "CallbackURL must equal what is registered, port and path included"},
	"invalid_request":            {autherr.ErrConfig, "check CallbackURL, Scope and the endpoints"},
	"invalid_dpop_proof":         {autherr.ErrConfig, "the server wants a proof of possession: set OAuthDPoP=True; or the clock of this computer is wrong"},
	"use_dpop_nonce":             {autherr.ErrConfig, "the server wants a proof of possession: set OAuthDPoP=True"},
	"slow_down":                  {autherr.ErrRateLimited, "wait"},
	"temporarily_unavailable":    {autherr.ErrUnreachable, "try again later"},
	"server_error":               {autherr.ErrUnreachable, "try again later"},
}

func (e *Error) verdict() verdict {
	if e.Status >= 500 { // a server in trouble, or a gateway before it, refuses nothing for good
		return verdict{autherr.ErrUnreachable, "try again later"}
	}
	// Atlassian says access_denied for a wrong client, a wrong secret and a wrong code alike.
	if e.Code == "access_denied" && e.Status == http.StatusUnauthorized {
		if e.Grant == "authorization_code" {
			return verdict{autherr.ErrPassCodeNeeded, "the code or the client's secret was refused: check OAuthClientSecret, and authorize anew"}
		}
		return verdicts["invalid_client"]
	}
	if e.Code == "invalid_grant" && e.Grant == "client_credentials" { // no person has a part in it
		return verdict{autherr.ErrConfig, "check Scope, and set OAuthDPoP=True if the application must prove possession of a key"}
	}
	if v, ok := verdicts[e.Code]; ok {
		return v
	}
	switch {
	case e.Status == http.StatusTooManyRequests:
		return verdict{autherr.ErrRateLimited, "wait"}
	case e.Status == http.StatusNotFound:
		return verdict{autherr.ErrConfig, "there is no such endpoint: check URL, or give OAuthAccessTokenURL"}
	}
	return verdict{autherr.ErrBadAnswer, "is it the right address, and does a gateway in front of it answer?"}
}

// Is reports whether target is the kind of the refusal.
func (e *Error) Is(target error) bool { return target == e.verdict().kind }

// HintText returns what to do next.
func (e *Error) HintText() string { return e.verdict().hint }

// RetryAfter returns how long the server asks to wait, 0 where it does not say.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// RefusedSecret names the secret that was refused, for whoever remembers that.
func (e *Error) RefusedSecret() string {
	if e.verdict().kind == autherr.ErrCredentials {
		return "OAuthClientSecret"
	}
	return ""
}

// answerError reads a refusal of the request that was made with sent. Whatever else is wrong with the
// answer, its error code counts, unless the server is in trouble.
func answerError(endpoint string, sent params, a *httpclient.Response) *Error {
	e := &Error{Endpoint: endpoint, Grant: sent["grant_type"], Status: a.Status, Wait: httpclient.RetryAfter(a.Header)}
	var body struct {
		Code        json.RawMessage `json:"error"`
		Description json.RawMessage `json:"error_description"`
		OktaCode    string          `json:"errorCode"`
		Summary     string          `json:"errorSummary"`
	}
	if json.Unmarshal(a.Body, &body) == nil {
		var text string
		if json.Unmarshal(body.Code, &text) == nil {
			e.Code = code(sent.hidden(text))
		}
		text = ""
		if json.Unmarshal(body.Description, &text) == nil {
			e.Description = clean(sent.hidden(text))
		}
		if e.Code == "" {
			e.Code, e.Description = code(sent.hidden(body.OktaCode)), clean(sent.hidden(body.Summary))
		}
	}
	if e.Code == "" { // DPoP and bearer errors come without a body
		e.Code, e.Description = challenge(a.Header, sent)
	}
	return e
}

// challenge reads error and error_description of a WWW-Authenticate header (RFC 6750, section 3).
func challenge(h http.Header, sent params) (errorCode, description string) {
	for _, line := range h.Values("WWW-Authenticate") {
		_, line, _ = strings.Cut(line, " ")
		for pair := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			switch strings.ToLower(name) {
			case "error":
				errorCode = code(sent.hidden(strings.Trim(value, `"`)))
			case "error_description":
				description = clean(sent.hidden(strings.Trim(value, `"`)))
			}
		}
	}
	return errorCode, description
}

// code returns s if it can be an error code (RFC 6749, section 5.2), else "".
func code(s string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.' || r == ' ')
	}) {
		return ""
	}
	return s
}

// maxDescription bounds the server's words in an error text, in bytes.
const maxDescription = 200

// clean bounds the server's words and takes out what may be a token: long words without a space, and
// the queries of addresses.
func clean(s string) string {
	var words []string
	for word := range strings.FieldsSeq(strings.ToValidUTF8(s, "")) {
		word = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				return -1
			}
			return r
		}, word)
		if before, _, found := strings.Cut(word, "://"); found {
			word, _, _ = strings.Cut(word, "?")
			word, _, _ = strings.Cut(word, "#")
			if len(before) > 24 {
				word = "…"
			}
		} else if len(word) > 24 {
			word = "…"
		}
		words = append(words, word)
	}
	s = strings.Join(words, " ")
	if len(s) > maxDescription {
		s = strings.ToValidUTF8(s[:maxDescription], "") + "…"
	}
	return s
}
