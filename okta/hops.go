package okta

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// maxHops bounds how many organisations pass a user on to each other. Two are the
// most that are seen: from the spoke to the hub, and from the hub to the app.
const maxHops = 3

// hopOn posts one organisation's response to the other, as the page's script would,
// and goes on with what that answers. Only the hosts of SSOLoginURL and Domain take
// part: an assertion for any other never leaves.
func (w *flow) hopOn(ctx context.Context, p *page) (*saml.Response, error) {
	if w.hops++; w.hops > maxHops {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrBadAnswer,
			"okta: the organisations keep sending the user on to each other", "see in a browser how the app is reached"))
	}
	// Which audience the other organisation wants, and what time it is, is its own affair.
	if err := p.response.Check(saml.Expect{ACS: p.response.Action}); err != nil {
		return nil, autherr.AtStep(autherr.StepAssertion, err)
	}
	if err := w.countRequest(autherr.StepAssertion); err != nil {
		return nil, err
	}
	a, err := w.http.Follow(ctx, httpclient.Request{Step: autherr.StepAssertion, Method: http.MethodPost, URL: p.response.Action, Secret: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html,application/xhtml+xml"}},
		Body:   []byte(p.response.Form().Encode())}, w.ours)
	if err != nil {
		return nil, err
	}
	next := classify(a, w.ours)
	if next.kind == pageLogin {
		return nil, w.refuse(&page{kind: pageDenied, status: next.status, words: next.words})
	}
	return w.proceed(ctx, next)
}

// signInWhere makes the organisation whose sign-in page was reached the one that is
// signed in at: an app's link at one organisation may lead to the sign-in page of
// the other. The page's address says where to go back to (fromURI).
func (w *flow) signInWhere(p *page) {
	at := p.answer.URL
	if w.target == nil || httpclient.SameOrigin(at, w.target) || !w.ours(at) {
		return
	}
	back, err := url.Parse(at.Query().Get("fromURI"))
	if err != nil || back.Host != "" || !strings.HasPrefix(back.Path, "/") || back.Path == w.target.Path {
		return // the same path: one organisation under two names (custom domain)
	}
	w.api = &url.URL{Scheme: at.Scheme, Host: at.Host, Path: "/"}
	w.target = w.api.ResolveReference(back)
}

// routedElsewhere explains a refused password of a user whose password is not
// Okta's: who signs such a user in is told by webfinger. It returns refused where the
// user is Okta's own, or Okta does not say. The refusal stays one: the password is
// not to be posted here again.
func (w *flow) routedElsewhere(ctx context.Context, refused *Error) error {
	err := autherr.AtStep(autherr.StepLogin, refused)
	u := w.endpoint("/.well-known/webfinger")
	u.RawQuery = url.Values{"resource": {"okta:acct:" + w.c.User}, "rel": {"okta:idp"}}.Encode()
	a, asked := w.http.Do(ctx, httpclient.Request{Step: autherr.StepLogin, Method: http.MethodGet, URL: u, Limit: 64 << 10,
		Header: http.Header{"Accept": {"application/jrd+json"}}})
	if asked != nil || a.Status != http.StatusOK {
		return err
	}
	kind := routedTo(a.Body)
	if kind == "" || strings.EqualFold(kind, "OKTA") {
		return err
	}
	return &autherr.StepError{Step: autherr.StepLogin, Err: &autherr.Error{Kind: autherr.ErrUnsupported, Cause: refused,
		Text: "okta: this user is signed in by another identity provider (" + shown(kind, nil) + ")",
		Hint: "only users whose password Okta itself checks can sign in without a browser: ask for an account of that kind, or for a routing rule"}}
}
