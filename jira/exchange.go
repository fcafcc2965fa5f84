package jira

import (
	"context"
	"net/http"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// Exchange checks the response, posts it once, and believes only the session check, or
// the answer itself if that was asked for (Options.TrustExchange).
// It returns the name by which the SP knows the user.
//
// The POST is never repeated: an assertion is good for one use (SAML Profiles
// 4.1.4.5), and after a lost answer nobody knows whether it was used.
func (v *Visit) Exchange(ctx context.Context, resp *saml.Response, req *saml.Request) (string, error) {
	if err := v.checkResponse(resp, req); err != nil {
		return "", autherr.AtStep(autherr.StepExchange, err)
	}
	before := v.sessionValue()
	answer, err := v.Client.Do(ctx, httpclient.Request{
		Step: autherr.StepExchange, Method: http.MethodPost, URL: v.cfg.SSOExchangeURL,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html,application/xhtml+xml"}},
		Body:   []byte(resp.Form().Encode()), Secret: true,
	})
	if err != nil {
		return "", err
	}
	if user := v.welcomed(answer, before); user != "" {
		return user, nil
	}
	user, err := v.WhoAmI(ctx)
	if err != nil || user != "" {
		return user, err
	}
	// Some SPs set the session only on the page that they redirect to, and most
	// that say no by a redirect explain it there.
	last := answer
	if next := answer.Location(); next != nil && v.OnSite(next) {
		if last, err = v.Client.Follow(ctx, httpclient.Request{Step: autherr.StepExchange, Method: http.MethodGet, URL: next}, v.OnSite); err != nil {
			return "", err
		}
		if user, err = v.WhoAmI(ctx); err != nil || user != "" {
			return user, err
		}
	}
	return "", autherr.AtStep(autherr.StepExchange, v.refusalOf(answer, last, resp))
}

// welcomed returns the user whom the answer to the assertion names as the owner of the
// session that it opens, "" if that is not to be trusted, or says nothing of the kind.
// before is the session of before.
func (v *Visit) welcomed(answer *httpclient.Response, before string) string {
	if now := v.sessionValue(); !v.cfg.TrustExchange || now == "" || now == before || answer.Status >= 400 {
		return ""
	}
	return headerName(answer)
}

// sessionValue returns the JSESSIONID that REST requests would carry, "" for none.
func (v *Visit) sessionValue() string {
	return strings.Trim(sessionIn(v.Jar.Header(v.Address("/rest/"))), `"`)
}

// checkResponse makes sure, before the response leaves, that it is for this SP's
// consumer and for this request. Its audience and its times are not looked at: what the
// SP calls itself and what its clock says, it knows better. See mismatch.
func (v *Visit) checkResponse(resp *saml.Response, req *saml.Request) error {
	e := saml.Expect{ACS: v.cfg.SSOExchangeURL, Unsolicited: req == nil}
	if req != nil {
		e.InResponseTo = req.ID
	}
	return resp.Check(e)
}
