package saml

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// DefaultSkew is how far the clocks may differ. It is what Atlassian's service
// provider allows.
const DefaultSkew = 3 * time.Minute

// Expect is what a service provider will expect of a response.
type Expect struct {
	ACS          *url.URL      // the assertion consumer's address; required
	Audience     string        // the SP's entity ID; "" if unknown
	AudienceHost string        // where Audience is unknown: if audiences are http(s) addresses, one must be on this host
	InResponseTo string        // ID of the request; "" if unknown
	Unsolicited  bool          // no request was made: InResponseTo must be absent
	Now          time.Time     // by the SP's clock; zero: times are left to the SP
	Skew         time.Duration // 0: DefaultSkew
}

// Check tells whether the service provider that e describes can accept r, before r
// is posted to it. It looks at, in this order: Action (unless r has none), version,
// status, number of assertions, Destination, Recipient, Audience, InResponseTo and
// the periods of validity. Of several subject confirmations one has to fit. Inside an
// encrypted assertion it can see nothing, then the latter are left to the service
// provider.
//
// What e leaves empty is not looked at. Before a response is posted, audience and
// times are best left empty: they are the service provider's business, which may have
// an entity ID of its own and another clock. After it has refused, they tell why.
//
// The error is a [*StatusError] if the identity provider refused and a
// [*CheckError] for every other mismatch.
//
// The rules are those of SAML Profiles 2.0 section 4.1.4.
func (r *Response) Check(e Expect) error {
	if e.ACS == nil {
		return autherr.New(autherr.ErrConfig, "saml: no assertion consumer address to check against", "set SSOExchangeURL")
	}
	for _, check := range []func(Expect) error{
		r.checkAction, r.checkVersion, r.checkStatus, r.checkAssertions, r.checkDestination,
		r.checkRecipient, r.checkAudience, r.checkInResponseTo, r.checkTimes,
	} {
		if err := check(e); err != nil {
			return err
		}
	}
	return nil
}

// Mismatch tells which of audience and times does not fit e, nil if both do or if the
// assertion is encrypted. It is for a response that a service provider has refused: Now
// is then that provider's clock. A time that the assertion does not give is no mismatch.
func (r *Response) Mismatch(e Expect) *CheckError {
	var mismatch *CheckError
	valid := period{r.NotBefore, r.NotOnOrAfter}
	if !r.Encrypted && !e.Now.IsZero() && !valid.to.IsZero() && errors.As(e.outside(valid), &mismatch) {
		return mismatch
	}
	if errors.As(r.checkAudience(e), &mismatch) {
		return mismatch
	}
	return nil
}

func (r *Response) checkAction(e Expect) error {
	if r.Action == nil || sameAddress(r.Action, e.ACS) {
		return nil
	}
	return &CheckError{"Action", showURL(r.Action.String()), showURL(e.ACS.String())}
}

func (r *Response) checkVersion(Expect) error {
	if r.Version != "2.0" {
		return &CheckError{"Version", show(r.Version), "2.0"}
	}
	return nil
}

func (r *Response) checkStatus(Expect) error {
	if r.Status != statusSuccess {
		return &StatusError{Code: show(r.Status), SubCode: show(r.SubStatus), Message: r.StatusMessage}
	}
	return nil
}

// checkAssertions counts wherever in the document an assertion stands: a second
// one in a corner is how signatures are wrapped, and service providers refuse it.
func (r *Response) checkAssertions(Expect) error {
	switch {
	case r.Assertions == 0:
		return &CheckError{"Assertion", "", "one"}
	case r.Assertions > 1:
		return &CheckError{"Assertion", "more than one", "one"}
	case r.inPlace != 1:
		return &CheckError{"Assertion", "inside another element", "one"}
	case !r.Encrypted && r.assertionVersion != "2.0":
		return &CheckError{"Version", show(r.assertionVersion), "2.0"}
	}
	return nil
}

// checkDestination: it may be absent where the response is not signed, Bindings 3.5.5.2.
func (r *Response) checkDestination(e Expect) error {
	if r.Destination == "" || isAddress(r.Destination, e.ACS) {
		return nil
	}
	return &CheckError{"Destination", showURL(r.Destination), showURL(e.ACS.String())}
}

func (r *Response) checkRecipient(e Expect) error {
	if r.Encrypted || len(r.confirmedFor(e)) > 0 {
		return nil
	}
	var got string
	if len(r.Recipients) > 0 {
		got = showURL(r.Recipients[0])
	}
	return &CheckError{"Recipient", got, showURL(e.ACS.String())}
}

// confirmedFor returns the confirmations whose recipient is the ACS.
func (r *Response) confirmedFor(e Expect) (all []confirmation) {
	for _, c := range r.confirmations {
		if isAddress(c.recipient, e.ACS) {
			all = append(all, c)
		}
	}
	return all
}

func (r *Response) checkAudience(e Expect) error {
	if r.Encrypted || e.Audience == "" && e.AudienceHost == "" {
		return nil
	}
	var got string
	if len(r.Audiences) > 0 {
		got = showURL(r.Audiences[0])
	}
	if e.Audience != "" {
		if slices.Contains(r.Audiences, e.Audience) {
			return nil
		}
		return &CheckError{"Audience", got, showURL(e.Audience)}
	}
	web := 0
	for _, a := range r.Audiences {
		u, err := url.Parse(a)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" {
			continue
		}
		if web++; sameHost(u, e.AudienceHost) {
			return nil
		}
	}
	if web == 0 && len(r.Audiences) > 0 {
		return nil // urn:… says nothing about hosts
	}
	return &CheckError{"Audience", got, show(e.AudienceHost)}
}

func (r *Response) checkInResponseTo(e Expect) error {
	if !e.Unsolicited && e.InResponseTo == "" {
		return nil
	}
	if r.InResponseTo != e.InResponseTo {
		return &CheckError{"InResponseTo", show(r.InResponseTo), show(e.InResponseTo)}
	}
	ours := r.confirmedFor(e)
	for _, c := range ours {
		if c.answers(e) {
			return nil
		}
	}
	if len(ours) == 0 { // the assertion is encrypted
		return nil
	}
	return &CheckError{"InResponseTo", show(ours[0].inResponseTo), show(e.InResponseTo)}
}

// answers reports whether c names the request of e, or none.
func (c confirmation) answers(e Expect) bool {
	return c.inResponseTo == "" || c.inResponseTo == e.InResponseTo || !e.Unsolicited && e.InResponseTo == ""
}

// checkTimes: NotOnOrAfter is mandatory for bearer assertions, Profiles 4.1.4.2.
func (r *Response) checkTimes(e Expect) error {
	if r.Encrypted || e.Now.IsZero() {
		return nil
	}
	var objection error
	for _, c := range r.confirmedFor(e) {
		if !c.answers(e) {
			continue
		}
		err := e.outside(r.conditions.within(c.valid))
		if err == nil {
			objection = nil
			break
		}
		objection = cmp.Or(objection, err)
	}
	if end := r.SessionNotOnOrAfter; objection == nil && !end.IsZero() && e.outside(period{to: end}) != nil {
		return &CheckError{"SessionNotOnOrAfter", stamp(end), "later than " + stamp(e.Now)}
	}
	return objection
}

// outside returns in what way e's time is not within p, nil if it is.
func (e Expect) outside(p period) error {
	skew := cmp.Or(e.Skew, DefaultSkew)
	switch {
	case p.to.IsZero():
		return &CheckError{"NotOnOrAfter", "", "later than " + stamp(e.Now)}
	case e.Now.Add(skew).Before(p.from):
		return &CheckError{"NotBefore", stamp(p.from), "not after " + stamp(e.Now)}
	case !e.Now.Add(-skew).Before(p.to):
		return &CheckError{"NotOnOrAfter", stamp(p.to), "later than " + stamp(e.Now)}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// isAddress reports whether raw is the address acs.
func isAddress(raw string, acs *url.URL) bool {
	u, err := url.Parse(strings.TrimSpace(raw))
	return err == nil && sameAddress(u, acs)
}

// sameAddress compares origin, path and query; case of scheme and host and the
// default port make no difference, everything else does.
func sameAddress(a, b *url.URL) bool {
	return origin(a) == origin(b) && path(a) == path(b) && a.RawQuery == b.RawQuery &&
		a.User == nil && a.Opaque == ""
}

// sameHost compares u's host with a host name, or with host:port.
func sameHost(u *url.URL, host string) bool {
	return strings.EqualFold(u.Hostname(), host) || origin(u) == origin(&url.URL{Scheme: u.Scheme, Host: host})
}

func origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		switch scheme {
		case "https":
			port = "443"
		case "http":
			port = "80"
		}
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

func path(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}
