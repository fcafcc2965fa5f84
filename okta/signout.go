package okta

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
)

// SignOut ends the session at Okta and forgets it; the device stays remembered.
// Without a session nothing is sent. A session that Okta has ended already is no
// error.
func (c *Client) SignOut(ctx context.Context) error {
	leave, err := c.takeTurn(ctx)
	if err != nil {
		return autherr.AtStep(autherr.StepLogout, ended(ctx, "waiting for a sign-in"))
	}
	defer leave()
	w, err := c.newWalk(nil)
	if err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	if !w.hasSession() {
		return nil
	}
	// The cookie belongs to the host of the app's link, not to that of the API.
	u := &url.URL{Scheme: c.LoginURL.Scheme, Host: c.LoginURL.Host, Path: "/api/v1/sessions/me"}
	a, err := w.http.Do(ctx, hop.Request{Step: autherr.StepLogout, Method: http.MethodDelete, URL: u,
		Header: http.Header{"Accept": {"application/json"}}, Limit: maxTransaction})
	if err != nil {
		return err
	}
	if a.Status >= 300 && a.Status != http.StatusNotFound {
		return autherr.AtStep(autherr.StepLogout, readError(a))
	}
	c.Forget(false)
	return nil
}
