package sso

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/saml"
)

// RefusedError is the service provider's refusal of a user who signed in at the
// identity provider, in the SP's own words.
type RefusedError struct {
	Status int    // HTTP status of the answer to the assertion
	ID     string // the SP's error id, which its log holds too; may be empty
	Words  string // title or heading of the page, or the code in a redirect; for display only
}

func (e *RefusedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "jira: the assertion was posted, and the SP still knows nobody (status %d", e.Status)
	if e.Words != "" {
		fmt.Fprintf(&b, ", %q", e.Words)
	}
	if e.ID != "" {
		fmt.Fprintf(&b, ", error id %s", e.ID)
	}
	b.WriteByte(')')
	return b.String()
}

// Is reports whether target is ErrExchangeRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrExchangeRefused }

// HintText returns what to look at.
func (e *RefusedError) HintText() string {
	where := "look for it in the SP's log (atlassian-jira.log, \"invalid SAML response\")"
	if e.ID != "" {
		where = "look for " + e.ID + " in the SP's log"
	}
	switch e.Status {
	case http.StatusNotFound:
		return "the SP has no SAML consumer at this address: check SSOExchangeURL"
	case http.StatusForbidden:
		return "the user may lack permission or a licence at the SP, or a gateway refuses the request; " + where
	}
	return "usual causes: the user does not exist or may not log in at the SP, audience or consumer URL differ between IdP and SP, clocks differ by more than 3 minutes; " + where
}

// exchange checks the response, posts it once, and believes only the session check.
// It returns the name by which the SP knows the user.
//
// The POST is never repeated: an assertion is good for one use (SAML Profiles
// 4.1.4.5), and after a lost answer nobody knows whether it was used.
func (v *visit) exchange(ctx context.Context, resp *saml.Response, req *saml.Request) (string, error) {
	if err := v.checkResponse(resp, req); err != nil {
		return "", autherr.AtStep(autherr.StepExchange, err)
	}
	answer, err := v.sp.Do(ctx, hop.Request{
		Step: autherr.StepExchange, Method: http.MethodPost, URL: v.cfg.SSOExchangeURL,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html,application/xhtml+xml"}},
		Body:   []byte(resp.Form().Encode()), Secret: true,
	})
	if err != nil {
		return "", err
	}
	user, err := v.whoAmI(ctx)
	if err != nil || user != "" {
		return user, err
	}
	// Some SPs set the session only on the page that they redirect to.
	if next := answer.Location(); next != nil && v.onSP(next) {
		if _, err := v.sp.Follow(ctx, hop.Request{Step: autherr.StepExchange, Method: http.MethodGet, URL: next}, v.onSP); err != nil {
			return "", err
		}
		if user, err = v.whoAmI(ctx); err != nil || user != "" {
			return user, err
		}
	}
	return "", autherr.AtStep(autherr.StepExchange, refusalOf(answer))
}

// checkResponse holds the response against what is known before it leaves.
func (v *visit) checkResponse(resp *saml.Response, req *saml.Request) error {
	e := saml.Expect{ACS: v.cfg.SSOExchangeURL, Audience: v.cfg.SSOAudience, AudienceHost: v.cfg.SSOExchangeURL.Hostname(), Now: time.Now(), Unsolicited: req == nil}
	if req != nil {
		e.InResponseTo = req.ID
		if e.Audience == "" {
			e.Audience = req.Issuer
		}
	}
	return resp.Check(e)
}

var errorID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// refusalOf explains the answer to an assertion that led to no session.
func refusalOf(a *hop.Answer) error {
	switch a.Status {
	case http.StatusTooManyRequests:
		return &autherr.Error{Kind: ErrRateLimited, Text: "jira: the SP asks to wait", Wait: hop.RetryAfter(a.Header)}
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &autherr.Error{Kind: ErrUnreachable, Text: fmt.Sprintf("jira: the assertion consumer answered %d", a.Status), Hint: "the SP or the proxy in front of it is in trouble: try again later"}
	}
	e := &RefusedError{Status: a.Status, Words: htmlform.Title(a.Body)}
	if h := htmlform.Text(a.Body, "h1"); h != "" && h != e.Words {
		e.Words = strings.TrimPrefix(e.Words+": "+h, ": ")
	}
	if loc := a.Location(); loc != nil {
		if code := loc.Query().Get("samlerror"); code != "" && len(code) <= 64 { // miniOrange
			e.Words = code
		}
	}
	e.ID = string(errorID.Find(a.Body))
	return e
}
