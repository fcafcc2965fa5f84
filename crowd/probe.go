package crowd

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Probe makes a REST call without any credentials, which Crowd refuses and does not
// count. It returns nil if Crowd did so, and an ErrUnreachable or ErrRateLimited if
// something else answered, or nothing. By way of the login form it asks nothing: Crowd
// has just answered with the form.
func (c *Client) Probe(ctx context.Context) error {
	if c.AppName == "" {
		return nil
	}
	h := c.httpClient(nil)
	a, err := h.Do(ctx, httpclient.Request{
		Step: autherr.StepLogin, Method: http.MethodGet, URL: c.base().JoinPath(restPath, "config/cookie"),
		Header: http.Header{"Accept": {"application/xml"}}, Limit: maxREST,
	})
	if err != nil {
		return err
	}
	switch {
	case a.Status == http.StatusUnauthorized,
		a.Header.Get("X-Embedded-Crowd-Version") != "" && a.Status < http.StatusTooManyRequests:
		return nil
	case a.Status == http.StatusTooManyRequests:
		return autherr.AtStep(autherr.StepLogin, &autherr.Error{Kind: autherr.ErrRateLimited,
			Wait: httpclient.RetryAfter(a.Header), Text: "crowd: the server asks to wait"})
	}
	return autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnreachable,
		fmt.Sprintf("crowd: what answers at %s is not Crowd's REST API as it should be (status %d)",
			httpclient.Origin(c.LoginURL), a.Status),
		"try again later"))
}
