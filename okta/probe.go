package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Probe asks the organisation's public description of itself, which needs no session and
// counts for no user, at the host that the password is sent to. It returns nil if Okta
// answered, and an ErrUnreachable or ErrRateLimited if something else did, or nothing.
func (c *Client) Probe(ctx context.Context) error {
	w, err := c.inner().NewFlow(nil)
	if err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	h := &httpclient.Client{Server: "okta", Transport: c.Transport, UserAgent: c.UserAgent, Logger: c.Logger}
	a, err := h.Do(ctx, httpclient.Request{
		Step: autherr.StepLogin, Method: http.MethodGet, URL: w.Endpoint("/.well-known/okta-organization"),
		Header: http.Header{"Accept": {"application/json"}}, Limit: 64 << 10,
	})
	if err != nil {
		return err
	}
	var org struct {
		ID       string `json:"id"`
		Pipeline string `json:"pipeline"`
	}
	switch {
	case a.Status == http.StatusOK && json.Unmarshal(a.Body, &org) == nil && org.ID+org.Pipeline != "":
		return nil
	case a.Status == http.StatusTooManyRequests:
		return autherr.AtStep(autherr.StepLogin, &autherr.Error{Kind: autherr.ErrRateLimited,
			Wait: httpclient.RetryAfter(a.Header), Text: "okta: the organisation asks to wait"})
	}
	return autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnreachable,
		fmt.Sprintf("okta: what answers at %s is not Okta as it should be (status %d)", w.API.Host, a.Status),
		"try again later"))
}
