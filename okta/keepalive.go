package okta

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
)

// KeepAlive prolongs the session at Okta (Sessions API, refresh current session) and
// returns when it ends now and when the remembered device's cookie does, both by this
// computer's clock; a zero time is unknown, or none. Without a session nothing is sent, and one that Okta has ended
// is no error. Nothing that KeepAlive does signs anybody in.
func (c *Client) KeepAlive(ctx context.Context) (session, device time.Time, err error) {
	leave, err := c.takeTurn(ctx)
	if err != nil {
		return session, device, autherr.AtStep(autherr.StepVerify, ended(ctx, "waiting for a sign-in"))
	}
	defer leave()
	w, err := c.newWalk(nil)
	if err != nil {
		return session, device, autherr.AtStep(autherr.StepConfig, err)
	}
	if !w.hasSession() {
		return session, device, nil
	}
	// The cookie belongs to the host of the app's link, not to that of the API.
	u := &url.URL{Scheme: c.LoginURL.Scheme, Host: c.LoginURL.Host, Path: "/api/v1/sessions/me/lifecycle/refresh"}
	a, err := w.http.Do(ctx, httpclient.Request{Step: autherr.StepVerify, Method: http.MethodPost, URL: u,
		Header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}, Limit: maxTransaction})
	if err != nil {
		return session, device, err
	}
	switch {
	case a.Status == http.StatusNotFound:
		return session, device, nil
	case a.Status != http.StatusOK:
		return session, device, autherr.AtStep(autherr.StepVerify, readError(a))
	}
	var body struct {
		ExpiresAt time.Time `json:"expiresAt"`
	}
	if fixed, _, ok := jsonrepair.Bytes(a.Body); !ok || json.Unmarshal(fixed, &body) != nil {
		return session, device, autherr.AtStep(autherr.StepVerify, autherr.New(autherr.ErrBadAnswer, "okta: the session that was refreshed cannot be read", ""))
	}
	for _, k := range w.c.memory().jar.For(c.LoginURL) {
		if k.Name == cookieDevice {
			device = k.Expires
		}
	}
	return endOf(body.ExpiresAt, a.Header, maxSession), device, nil
}
