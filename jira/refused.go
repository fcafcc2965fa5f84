package jira

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/saml"
)

// RefusedError is the service provider's refusal of a user who signed in at the
// identity provider, in the SP's own words.
type RefusedError struct {
	Status int    // HTTP status of the answer to the assertion
	ID     string // the SP's error id, which its log holds too; may be empty
	Words  string // title, headings and first sentence of the page, or the code in a redirect; for display only
	Cause  Cause  // what those words, or the answer's own headers, tell of the reason; often nothing

	Gateway string // what answered in the SP's place, with CauseGateway; "" if it does not say
	hint    string // of the gateway
	// Mismatch is what of the assertion does not fit what is known of the SP: its audience,
	// or one of its times by the SP's own clock. nil: nothing, or another cause is known.
	Mismatch *saml.CheckError
}

// Cause is the reason of a refusal as far as the SP tells it. Pages for users tell
// little on purpose; the whole reason is in the SP's log, under the error's ID.
type Cause string

// The causes that can be told apart.
const (
	CauseUnknown   Cause = ""
	CauseUser      Cause = "user"              // does not exist at the SP, or may not log in
	CauseLicence   Cause = "licence"           // the SP's licence does not cover single sign-on
	CauseIdP       Cause = "identity_provider" // the SP does not know who issued the assertion
	CauseAudience  Cause = "audience"          // the assertion is for another entity ID
	CauseAddress   Cause = "address"           // the SP was asked at another address than it believes
	CauseClock     Cause = "clock"             // the SP's clock is outside of the assertion's validity
	CauseRequest   Cause = "in_response_to"    // the SP does not remember the request that was answered
	CauseReplay    Cause = "replay"            // the SP has seen the assertion before
	CauseSignature Cause = "signature"         // the SP has another certificate of the identity provider
	CauseConsumer  Cause = "consumer"          // there is no assertion consumer at the address
	CauseGateway   Cause = "gateway"           // something in front of the SP answered
)

func (e *RefusedError) Error() string {
	var b strings.Builder
	knows := "the SP still knows nobody"
	if e.Gateway != "" {
		knows = e.Gateway + " answered in place of the SP"
	}
	fmt.Fprintf(&b, "jira: the assertion was posted, and %s (status %d", knows, e.Status)
	if e.Words != "" {
		fmt.Fprintf(&b, ", %q", e.Words)
	}
	if e.ID != "" {
		fmt.Fprintf(&b, ", error id %s", e.ID)
	}
	b.WriteByte(')')
	if m := e.Mismatch; m != nil {
		fmt.Fprintf(&b, "; the assertion's %s is %q, and what fits the SP is %q", m.Field, cmp.Or(m.Got, "missing"), m.Want)
	}
	return b.String()
}

// Is reports whether target is ErrExchangeRefused.
func (e *RefusedError) Is(target error) bool { return target == autherr.ErrExchangeRefused }

// HintText returns what to look at.
func (e *RefusedError) HintText() string {
	where := "look for it in the SP's log (atlassian-jira.log, \"invalid SAML response\")"
	if e.ID != "" {
		where = "look for " + e.ID + " in the SP's log"
	}
	if e.hint != "" {
		return e.hint
	}
	if e.ID == "" && (e.Cause == CauseConsumer || e.Cause == CauseGateway) {
		return causeHints[e.Cause] // the SP has not seen it
	}
	if hint, told := causeHints[e.Cause]; told {
		return hint + "; " + where
	}
	if e.Status == http.StatusForbidden {
		return "the user may lack permission or a licence seat at the SP, or a gateway refuses the request; " + where
	}
	return "usual causes: the user does not exist or may not log in at the SP, the entity ID at the IdP is not the SP's, a reverse proxy hides the SP's public address from it, " +
		"the SP has an old certificate of the IdP, clocks differ by more than 3 minutes; " + where
}

var causeHints = map[Cause]string{
	CauseUser:      "the user must exist at the SP under the name that the assertion gives (NameID or mapped attribute), be active, and be allowed to log in",
	CauseLicence:   "ask the SP's administrator to renew the Data Center licence: single sign-on is part of it",
	CauseIdP:       "the SP must know this identity provider by its entity ID (issuer), have it enabled, and know it only once; its Data Center licence must be valid",
	CauseAudience:  "the audience (entity ID) at the identity provider must be the SP's own: its base URL without a trailing slash for Atlassian's SSO, the consumer's address for resolution and Kantega; the conditions' times count, too",
	CauseAddress:   "the SP sees another address than its public one: behind a reverse proxy its connector needs proxyName, proxyPort and scheme, and the base URL must be the public one",
	CauseClock:     "the SP's clock differs from the identity provider's by more than it tolerates (3 minutes): synchronise both with NTP",
	CauseRequest:   "the SP did not recognise the request that this answers: it keeps one for 5 minutes (Kantega 30) and accepts an answer from a sign-in that began at the IdP only without InResponseTo; see SSOFlow",
	CauseReplay:    "an assertion is good for one use; sign in again",
	CauseSignature: "the SP must have the identity provider's current signing certificate, and the identity provider must sign the assertion itself",
	CauseConsumer:  "the SP has no SAML consumer at this address: check SSOExchangeURL, context path included",
	CauseGateway:   "something in front of the SP answered and the SP itself was not reached: let SSOExchangeURL's path through the gateway, or use a way in that bypasses it",
}

// refusalOf explains the answers to an assertion that led to no session: the one to
// the POST, and the one at the end of the redirects that it began (the same if
// there was none).
func (v *Visit) refusalOf(first, last *httpclient.Response, resp *saml.Response) error {
	switch first.Status {
	case http.StatusTooManyRequests:
		return &autherr.Error{Kind: autherr.ErrRateLimited, Text: "jira: the SP asks to wait", Wait: httpclient.RetryAfter(first.Header)}
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		520, 521, 522, 523, 524, 525, 526, 527, 530: // Cloudflare's
		return &autherr.Error{Kind: autherr.ErrUnreachable, Text: fmt.Sprintf("jira: the assertion consumer answered %d", first.Status), Hint: "the SP or the proxy in front of it is in trouble: try again later"}
	}
	e := &RefusedError{Status: first.Status, Words: wordsOf(last), ID: errorIDOf(last)}
	if code := samlError(first, last); code != "" {
		e.Words = code
	}
	e.Cause = causeOf(e.Words + " " + htmlform.Text(last.Body, errorPanels))
	if stray := last.Location(); stray != nil && !v.OnSite(stray) {
		e.Words, e.Cause = "redirect to "+stray.Host, CauseGateway
	}
	v.blame(e, first, last)
	m := v.mismatch(first, resp, e.Cause)
	if e.Cause == CauseUnknown || e.Cause == CauseAudience {
		e.Cause = v.causeByEvidence(first, resp, e.Cause, m)
	}
	if e.Cause == CauseAudience || e.Cause == CauseClock {
		e.Mismatch = m
	}
	return e
}

// mismatch holds the assertion against what is known of the SP that has refused it: its
// clock, as its answer has it, and what it calls itself, by the connection or its own
// request, or as Atlassian's plugin does. told is what the SP has said.
func (v *Visit) mismatch(a *httpclient.Response, resp *saml.Response, told Cause) *saml.CheckError {
	var e saml.Expect
	if at, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		e.Now = at
	}
	if told != CauseClock {
		e.Audience, e.AudienceHost = cmp.Or(v.cfg.SSOAudience, v.issuer), v.cfg.SSOExchangeURL.Hostname()
		if e.Audience == "" && config.IsAtlassianConsumer(v.cfg.SSOExchangeURL) {
			e.Audience = v.Address("").String()
		}
	}
	return resp.Mismatch(e)
}

// causeByEvidence finds what no page tells but can be seen: m, an assertion that nobody
// signed, and a request that is too old.
func (v *Visit) causeByEvidence(a *httpclient.Response, resp *saml.Response, told Cause, m *saml.CheckError) Cause {
	switch {
	case m != nil && m.Field != "Audience":
		return CauseClock
	case told != CauseUnknown:
		return told
	case a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed:
		return CauseConsumer
	case !resp.Signed && !resp.Encrypted:
		return CauseSignature
	case !v.Started.IsZero() && time.Since(v.Started) > requestLife:
		return CauseRequest
	case m != nil:
		return CauseAudience
	}
	return CauseUnknown
}

// requestLife is how long Atlassian's plugin remembers a request that it made.
const requestLife = 5 * time.Minute

// errorPanels are where the vendors' pages say what went wrong; the first in the
// page that has any text counts.
const errorPanels = "#authentication-error, .samlsso-error, .aui-message, main, body"

// causes are the words of logs, codes and pages that give a cause away, the more
// special first. They are English: a page in another language is shown as it is.
var causes = []struct {
	words func() *regexp.Regexp
	cause Cause
}{
	{lazyregexp.New(`(?i)\blicen[cs]e`), CauseLicence},
	{lazyregexp.New(`(?i)in_?response_?to\b`), CauseRequest},
	{lazyregexp.New(`(?i)already been used`), CauseReplay},
	{lazyregexp.New(`(?i)timing issues|clock settings`), CauseClock},
	{lazyregexp.New(`(?i)\baudience\b|INVALID_CONDITIONS`), CauseAudience},
	{lazyregexp.New(`(?i)was received at .* instead of|valid recipient|empty destination`), CauseAddress},
	{lazyregexp.New(`(?i)invalid_signature|signature validation|no signature|is not signed`), CauseSignature},
	{lazyregexp.New(`(?i)invalid.issuer|could not log in from identity provider|identity provider.{0,40}(not exist|unknown|switched off|disabled)|single sign-on is not (set up|configured|enabled)`), CauseIdP},
	{lazyregexp.New(`(?i)cant_signin|user_not_found|have no access|(does|do) not exist or may not log in|user .{0,60}does not exist|not permitted to log in|user .{0,60}not found`), CauseUser},
}

func causeOf(words string) Cause {
	for _, c := range causes {
		if c.words().MatchString(words) {
			return c.cause
		}
	}
	return CauseUnknown
}

var (
	errorID  = lazyregexp.New(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	longWord = lazyregexp.New(`\S{48,}`)
	// What may be as long as a token: a vendor's code, and an address without a query.
	spelt     = lazyregexp.New(`^([A-Z]+(_[A-Z]+)+|https?://[A-Za-z0-9.:-]{1,80}(/[A-Za-z0-9._-]{1,40}){0,6}/?[.,;)]?)$`)
	errorCode = lazyregexp.New(`^[A-Za-z0-9_.-]{1,64}$`)
)

// maxErrorPage is how many bytes of a page are searched for an id.
const maxErrorPage = 256 << 10

// errorIDOf finds the id that a page shows; only if it shows none, one that it
// carries unseen.
func errorIDOf(a *httpclient.Response) string {
	if id := errorID().FindString(htmlform.Text(a.Body, errorPanels)); id != "" {
		return id
	}
	return string(errorID().Find(a.Body[:min(len(a.Body), maxErrorPage)]))
}

// samlError returns miniOrange's code, which travels in the redirect.
func samlError(answers ...*httpclient.Response) string {
	for _, a := range answers {
		for _, u := range []*url.URL{a.Location(), a.URL} {
			if u == nil {
				continue
			}
			if code := u.Query().Get("samlerror"); errorCode().MatchString(code) {
				return code
			}
		}
	}
	return ""
}

// wordsOf returns what a page says first, for a person. What has the length of a
// token is left out: nothing makes a page keep to itself what was posted to it.
func wordsOf(a *httpclient.Response) string {
	var words string
	for _, selector := range []string{"title", "h1", "h2", "p"} {
		text := longWord().ReplaceAllStringFunc(htmlform.Text(a.Body, selector), func(word string) string {
			if spelt().MatchString(word) {
				return word
			}
			return "…"
		})
		if text != "" && !strings.Contains(words, text) {
			words = strings.TrimPrefix(words+": "+text, ": ")
		}
	}
	if runes := []rune(words); len(runes) > htmlform.MaxText {
		words = string(runes[:htmlform.MaxText-1]) + "…"
	}
	return words
}
