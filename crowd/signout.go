package crowd

import (
	"context"
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// SignOut ends the token at Crowd, and with it the user's single sign-on wherever
// the token was used. It returns nil if there is none, or if Crowd no longer
// knows it. After success the client has forgotten the token and the console's
// cookies.
//
// It is DELETE rest/usermanagement/1/session/{token}.
func (c *Client) SignOut(ctx context.Context) error {
	m := c.remembered()
	m.mu.Lock()
	token := m.token
	m.mu.Unlock()
	if token == "" {
		return nil
	}
	if err := c.check(); err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	app, err := c.AppPassword(ctx)
	if err != nil {
		return autherr.AtStep(autherr.StepLogout, err)
	}
	if app == "" {
		return autherr.AtStep(autherr.StepLogout, missing("SSOAppPassword", "the password of the Crowd application"))
	}
	a, err := c.call(ctx, http.MethodDelete, "/session", token, app, nil)
	if err != nil {
		return err
	}
	if gone := a.Status == http.StatusNotFound && isGone(a.Body); a.Status/100 != 2 && !gone {
		return autherr.AtStep(autherr.StepLogout, refused(a, callSignOut, app, token))
	}
	m.forget()
	return nil
}

// isGone tells a token that has ended from an address without a REST API.
func isGone(body []byte) bool {
	e, ok := readError(body)
	return ok && e.Reason == "INVALID_SSO_TOKEN"
}
