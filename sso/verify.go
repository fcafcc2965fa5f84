package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
)

// The cookies of which Jira's session consists.
const (
	sessionCookie    = "JSESSIONID"
	rememberMeCookie = "seraph.rememberme.cookie" // the persistent one: it makes a new session when that has died
)

// maxWhoAmI bounds the answers to the session check; they are short documents.
const maxWhoAmI = 1 << 20

// whoAmI asks the SP whose session the jar holds. It returns "" if the SP takes the
// caller for nobody, and an error only if the SP did not say.
//
// Neither a status nor the presence of a cookie proves a session: Jira serves
// anonymous callers with 200, gateways answer with login pages. So a name must be
// named. /rest/api/2/myself never falls back to an anonymous answer; where a site
// blocks it, /rest/auth/1/session and then the X-AUSERNAME header are asked.
//
// A JSESSIONID that the SP has forgotten can hide a remembered login that still
// works (REST refuses the one before it looks at the other), so then it is dropped
// and the SP is asked once more. The session that the SP makes of it is in the jar.
func (v *visit) whoAmI(ctx context.Context) (string, error) {
	name, status, err := v.askName(ctx)
	if err != nil || name != "" || status != http.StatusUnauthorized || !v.dropStaleSession() {
		return name, err
	}
	name, _, err = v.askName(ctx)
	return name, err
}

// dropStaleSession removes a refused JSESSIONID from the jar, and reports whether a
// remembered login was behind it.
func (v *visit) dropStaleSession() bool {
	sent := v.jar.For(v.url("/rest/"))
	has := func(name string) bool {
		return slices.ContainsFunc(sent, func(c cookiejar.Cookie) bool { return c.Name == name })
	}
	if !has(rememberMeCookie) || !has(sessionCookie) {
		return false
	}
	return v.jar.Remove(func(c cookiejar.Cookie) bool { return c.Name == sessionCookie }) > 0
}

// askName is whoAmI with the jar as it is. The status is that of the first answer.
func (v *visit) askName(ctx context.Context) (name string, status int, err error) {
	a, err := v.get(ctx, "/rest/api/2/myself")
	if err != nil {
		return "", 0, err
	}
	if name := namedIn(a); name != "" {
		return name, a.Status, nil
	}
	switch {
	case a.Status == http.StatusUnauthorized, a.Location() != nil:
		return "", a.Status, nil
	case a.Status == http.StatusOK:
		return "", a.Status, nil // anonymous, or somebody else's login page
	}
	if err := noVerdict(a); err != nil {
		return "", a.Status, err
	}
	// 403, 404 and the like: the site may block this address for everybody.
	b, err := v.get(ctx, "/rest/auth/1/session")
	if err != nil {
		return "", a.Status, err
	}
	for _, name := range []string{namedIn(b), headerName(a), headerName(b)} {
		if name != "" {
			return name, a.Status, nil
		}
	}
	return "", a.Status, noVerdict(b)
}

// noVerdict returns an error if an answer says nothing about who is signed in,
// because the SP or something in front of it is in trouble.
func noVerdict(a *hop.Answer) error {
	switch {
	case a.Status == http.StatusTooManyRequests:
		return verifyError(a, ErrRateLimited, "the SP asks to wait")
	case a.Status >= 500:
		return verifyError(a, ErrUnreachable, "the SP is in trouble")
	}
	return nil
}

func (v *visit) get(ctx context.Context, path string) (*hop.Answer, error) {
	return v.sp.Do(ctx, hop.Request{
		Step: autherr.StepVerify, Method: http.MethodGet, URL: v.url(path), Limit: maxWhoAmI,
		Header: http.Header{"Accept": {"application/json"}},
	})
}

// namedIn returns the user name in a 200 answer that really is JSON.
func namedIn(a *hop.Answer) string {
	if a.Status != http.StatusOK {
		return ""
	}
	if ct, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || ct != "application/json" {
		return ""
	}
	if anonymousHeader(a.Header) {
		return ""
	}
	var who struct {
		Name      string `json:"name"`
		Key       string `json:"key"`
		AccountID string `json:"accountId"`
	}
	if json.Unmarshal(a.Body, &who) != nil {
		return ""
	}
	for _, name := range []string{who.Name, who.Key, who.AccountID} {
		if plausible(name) {
			return name
		}
	}
	return ""
}

// plausible reports whether a name can be a user's. It will be printed.
func plausible(name string) bool {
	return name != "" && len(name) <= 255 && !strings.EqualFold(name, "anonymous") &&
		utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// headerName returns the user that Jira's X-AUSERNAME header names.
func headerName(a *hop.Answer) string {
	name := a.Header.Get("X-Ausername")
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	if !plausible(name) || a.Status == http.StatusUnauthorized || a.Status >= 500 || anonymousHeader(a.Header) {
		return ""
	}
	return name
}

// anonymousHeader reports whether the SP says that it does not know the caller.
func anonymousHeader(h http.Header) bool {
	reason := strings.Join(h.Values("X-Seraph-Loginreason"), ",")
	return strings.EqualFold(h.Get("X-Ausername"), "anonymous") ||
		strings.Contains(reason, "AUTHENTICATED_FAILED") || strings.Contains(reason, "AUTHENTICATION_DENIED")
}

func verifyError(a *hop.Answer, kind error, text string) error {
	return &StepError{Step: autherr.StepVerify, Err: &autherr.Error{
		Kind: kind, Text: fmt.Sprintf("jira: GET %s answered %d: %s", a.URL.EscapedPath(), a.Status, text),
		Hint: "try again later", Wait: hop.RetryAfter(a.Header),
	}}
}
