package okta

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/saml"
)

// maxOrg2Org bounds how many organisations pass a user on to each other. Two are the
// most that are seen: from the spoke to the hub, and from the hub to the app.
const maxOrg2Org = 3

// postToNext posts one organisation's response to the other, as the page's script would,
// and goes on with what that answers. Only the hosts of SSOLoginURL and Domain take
// part: an assertion for any other never leaves.
func (w *signIn) postToNext(ctx context.Context, p *flow.Page) (*saml.Response, error) {
	if w.Org2Org++; w.Org2Org > maxOrg2Org {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrBadAnswer,
			"okta: the organisations keep sending the user on to each other", "see in a browser how the app is reached"))
	}
	// Which audience the other organisation wants, and what time it is, is its own affair.
	if err := p.Response.Check(saml.Expect{ACS: p.Response.Action}); err != nil {
		return nil, autherr.AtStep(autherr.StepAssertion, err)
	}
	if err := w.CountRequest(autherr.StepAssertion); err != nil {
		return nil, err
	}
	a, err := w.HTTP.Follow(ctx, httpclient.Request{Step: autherr.StepAssertion, Method: http.MethodPost,
		URL: p.Response.Action, Secret: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"},
			"Accept": {"text/html,application/xhtml+xml"}},
		Body: []byte(p.Response.Form().Encode())}, w.Ours)
	if err != nil {
		return nil, err
	}
	next := flow.Classify(a, w.Ours)
	if next.Kind == flow.PageLogin {
		return nil, w.Refuse(&flow.Page{Kind: flow.PageDenied, Status: next.Status, Words: next.Words})
	}
	return w.proceed(ctx, next)
}

// signInAt makes the organisation whose sign-in page was reached the one that is
// signed in at: an app's link at one organisation may lead to the sign-in page of
// the other. The page's address says where to go back to (fromURI).
func (w *signIn) signInAt(p *flow.Page) {
	at := p.Answer.URL
	if w.Target == nil || httpclient.SameOrigin(at, w.Target) || !w.Ours(at) {
		return
	}
	back, err := url.Parse(at.Query().Get("fromURI"))
	if err != nil || back.Host != "" || !strings.HasPrefix(back.Path, "/") || back.Path == w.Target.Path {
		return // the same path: one organisation under two names (custom domain)
	}
	w.API = &url.URL{Scheme: at.Scheme, Host: at.Host, Path: "/"}
	w.Target = w.API.ResolveReference(back)
}
