package okta

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// SignOut ends the session at Okta and forgets it; the device stays remembered.
// Without a session nothing is sent. A session that Okta has ended already is no
// error.
func (c *Client) SignOut(ctx context.Context) error {
	in := c.inner()
	leave, err := in.TakeTurn(ctx)
	if err != nil {
		return autherr.AtStep(autherr.StepLogout, flow.WaitEnded(ctx, "waiting for a sign-in"))
	}
	defer leave()
	w, err := in.NewFlow(nil)
	if err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	if !w.HasSession() {
		return nil
	}
	// The cookie belongs to the host of the app's link, not to that of the API.
	u := &url.URL{Scheme: c.LoginURL.Scheme, Host: c.LoginURL.Host, Path: "/api/v1/sessions/me"}
	a, err := w.HTTP.Do(ctx, httpclient.Request{Step: autherr.StepLogout, Method: http.MethodDelete, URL: u,
		Header: http.Header{"Accept": {"application/json"}}, Limit: flow.MaxTransaction})
	if err != nil {
		return err
	}
	if err := ended204(a); err != nil {
		return autherr.AtStep(autherr.StepLogout, err)
	}
	c.Forget(false)
	return nil
}

// ended204 returns an error unless Okta itself says that the session is over: by 204,
// or by an error that says that there is none. A maintenance page, a gateway's 404 or a
// redirect says nothing about it.
func ended204(a *httpclient.Response) error {
	if a.Status == http.StatusNoContent || a.Status == http.StatusOK && len(bytes.TrimSpace(a.Body)) == 0 {
		return nil
	}
	e := flow.ReadError(a)
	switch {
	case e.Code == "E0000005", e.Code == "E0000007", e.Code == "E0000011": // invalid session, not found, invalid token
		return nil
	case e.Code == "" && a.Status != http.StatusTooManyRequests:
		return &autherr.Error{Kind: autherr.ErrUnreachable,
			Text: fmt.Sprintf("okta: the session's end was answered %d, and not by Okta's API", a.Status),
			Hint: "is the organisation in maintenance, or something in front of it? try again " +
				"later", Wait: httpclient.RetryAfter(a.Header)}
	}
	return e
}
