package jira

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// xsrfCookie holds the token that Jira wants back on actions such as /logout.
const xsrfCookie = "atlassian.xsrf.token"

// SignOut ends the session as the user interface does, which also ends the
// remembered login, and by REST where that did not help. The proof is, as ever,
// that the SP no longer names the user: a remembered login that is still good would
// name them.
func (v *Visit) SignOut(ctx context.Context) error {
	for _, try := range []func() httpclient.Request{v.logoutPage, v.logoutPage, v.logoutREST} {
		request := try()
		if _, err := v.Client.Do(ctx, request); err != nil {
			return err
		}
		user, err := v.WhoAmI(ctx)
		if err != nil {
			return &autherr.StepError{Step: autherr.StepLogout, Err: err}
		}
		if user == "" {
			return nil
		}
	}
	return &autherr.StepError{Step: autherr.StepLogout, Err: autherr.New(autherr.ErrBadAnswer, "jira: the SP still knows the user after the logout",
		"end the session in a browser, or forget it here with: ssoexchange logout --local")}
}

// logoutPage asks for the page /logout with the XSRF token that the jar holds now.
// Without the right one the page only asks whether one is sure, and its answer
// brings the token, so that a second request ends the session.
func (v *Visit) logoutPage() httpclient.Request {
	logout := v.Address("/logout")
	for _, cookie := range v.Jar.For(logout) {
		if cookie.Name == xsrfCookie {
			logout.RawQuery = url.Values{"atl_token": {cookie.Value}}.Encode()
		}
	}
	return httpclient.Request{Step: autherr.StepLogout, Method: http.MethodGet, URL: logout, Header: http.Header{"Accept": {"text/html,application/xhtml+xml"}}}
}

func (v *Visit) logoutREST() httpclient.Request {
	return httpclient.Request{Step: autherr.StepLogout, Method: http.MethodDelete, URL: v.Address("/rest/auth/1/session"),
		Header: http.Header{"X-Atlassian-Token": {"no-check"}, "Accept": {"application/json"}}}
}
