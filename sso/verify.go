package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
)

// rememberMeCookie is Jira's persistent login cookie.
const rememberMeCookie = "seraph.rememberme.cookie"

// maxWhoAmI bounds the answers to the session check; they are short documents.
const maxWhoAmI = 1 << 20

// whoAmI asks the SP whose session the jar holds. It returns "" if the SP takes the
// caller for nobody, and an error only if the SP did not say.
//
// Neither a status nor the presence of a cookie proves a session: Jira serves
// anonymous callers with 200, gateways answer with login pages. So a name must be
// named. /rest/api/2/myself never falls back to an anonymous answer; where a site
// blocks it, /rest/auth/1/session and then the X-AUSERNAME header are asked.
func (v *visit) whoAmI(ctx context.Context) (string, error) {
	a, err := v.get(ctx, "/rest/api/2/myself")
	if err != nil {
		return "", err
	}
	if name := namedIn(a); name != "" {
		return name, nil
	}
	switch {
	case a.Status == http.StatusUnauthorized, a.Location() != nil:
		return "", nil
	case a.Status == http.StatusTooManyRequests:
		return "", verifyError(a, ErrRateLimited, "the SP asks to wait")
	case a.Status >= 500:
		return "", verifyError(a, ErrUnreachable, "the SP is in trouble")
	case a.Status == http.StatusOK:
		return "", nil // anonymous, or somebody else's login page
	}
	// 403, 404 and the like: the site may block this address for everybody.
	b, err := v.get(ctx, "/rest/auth/1/session")
	if err != nil {
		return "", err
	}
	if name := namedIn(b); name != "" {
		return name, nil
	}
	if name := headerName(a); name != "" {
		return name, nil
	}
	return headerName(b), nil
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
		if name != "" && name != "anonymous" {
			return name
		}
	}
	return ""
}

// headerName returns the user that Jira's X-AUSERNAME header names.
func headerName(a *hop.Answer) string {
	name := a.Header.Get("X-Ausername")
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	if strings.EqualFold(name, "anonymous") || a.Status == http.StatusUnauthorized {
		return ""
	}
	return name
}

// anonymousHeader reports whether the SP says that it does not know the caller.
func anonymousHeader(h http.Header) bool {
	return strings.EqualFold(h.Get("X-Ausername"), "anonymous") ||
		strings.Contains(h.Get("X-Seraph-Loginreason"), "AUTHENTICATED_FAILED")
}

func verifyError(a *hop.Answer, kind error, text string) error {
	return &StepError{Step: autherr.StepVerify, Err: &autherr.Error{
		Kind: kind, Text: fmt.Sprintf("jira: GET %s answered %d: %s", a.URL.EscapedPath(), a.Status, text),
		Hint: "try again later", Wait: hop.RetryAfter(a.Header),
	}}
}
