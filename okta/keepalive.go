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
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// KeepAlive prolongs the session at Okta (Sessions API, refresh current session) and
// returns when it ends now and when the remembered device's cookie does, both by this
// computer's clock; a zero time is unknown, or none. Without a session nothing is sent, and one that Okta has ended
// is no error. Nothing that KeepAlive does signs anybody in.
func (c *Client) KeepAlive(ctx context.Context) (session, device time.Time, err error) {
	in := c.inner()
	leave, err := in.TakeTurn(ctx)
	if err != nil {
		return session, device, autherr.AtStep(autherr.StepVerify, flow.WaitEnded(ctx, "waiting for a sign-in"))
	}
	defer leave()
	w, err := in.NewFlow(nil)
	if err != nil {
		return session, device, autherr.AtStep(autherr.StepConfig, err)
	}
	if !w.HasSession() {
		return session, device, nil
	}
	// The cookie belongs to the host of the app's link, not to that of the API.
	u := &url.URL{Scheme: c.LoginURL.Scheme, Host: c.LoginURL.Host, Path: "/api/v1/sessions/me/lifecycle/refresh"}
	a, err := w.HTTP.Do(ctx, httpclient.Request{Step: autherr.StepVerify, Method: http.MethodPost, URL: u,
		Header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}},
		Limit:  flow.MaxTransaction})
	if err != nil {
		return session, device, err
	}
	switch {
	case a.Status == http.StatusNotFound:
		return session, device, nil
	case a.Status != http.StatusOK:
		return session, device, autherr.AtStep(autherr.StepVerify, flow.ReadError(a))
	}
	var body struct {
		ExpiresAt time.Time `json:"expiresAt"`
	}
	if fixed, _, ok := jsonrepair.Bytes(a.Body); !ok || json.Unmarshal(fixed, &body) != nil {
		return session, device, autherr.AtStep(autherr.StepVerify, autherr.New(autherr.ErrBadAnswer,
			"okta: the session that was refreshed cannot be read", ""))
	}
	for _, k := range w.Client.Memory().Jar.For(c.LoginURL) {
		if k.Name == flow.CookieDevice {
			device = k.Expires
		}
	}
	return flow.EndOf(body.ExpiresAt, a.Header, flow.MaxSession), device, nil
}
