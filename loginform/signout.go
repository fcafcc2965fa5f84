package loginform

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// SignOut ends the session at the identity provider, where the product has an address that
// does so when it is opened (AD FS, Shibboleth, LemonLDAP::NG, CAS), and forgets it. With
// the others it is forgotten only; it ends there by itself. Without a session nothing is sent.
func (c *Client) SignOut(ctx context.Context) error {
	if !c.HasSession() {
		return nil
	}
	leave, err := c.takeTurn(ctx)
	if err != nil {
		return autherr.AtStep(autherr.StepLogout, err)
	}
	defer leave()
	w, err := c.newWalk(nil)
	if err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	if to := c.logoutURL(); to != nil {
		a, err := w.http.Follow(ctx, httpclient.Request{Step: autherr.StepLogout, Method: http.MethodGet, URL: to,
			Header: http.Header{"Accept": {accept}}}, w.hosts.visits)
		if err != nil {
			return err
		}
		if a.Status >= 500 || a.Status == http.StatusTooManyRequests {
			return autherr.AtStep(autherr.StepLogout, &autherr.Error{Kind: autherr.ErrUnreachable,
				Wait: httpclient.RetryAfter(a.Header),
				Text: fmt.Sprintf("loginform: the session's end was answered %d", a.Status), Hint: "try again later"})
		}
	}
	c.Forget(false)
	return nil
}

// logoutURL returns the address that ends the session, nil if the product has none: below
// the product's root, which LoginURL may name with a path of its own before it.
func (c *Client) logoutURL() *url.URL {
	p := productNamed(c.Product)
	if p.logout == "" {
		return nil
	}
	before, _, found := strings.Cut(c.LoginURL.Path+"/", p.root+"/")
	if !found {
		before = ""
	}
	path, query, _ := strings.Cut(p.logout, "?")
	return &url.URL{Scheme: c.LoginURL.Scheme, Host: c.LoginURL.Host, Path: before + path, RawQuery: query}
}

// Probe opens LoginURL without a session. It returns nil unless nothing answers there, or
// something that is in no state to.
func (c *Client) Probe(ctx context.Context) error {
	if c.LoginURL == nil {
		return autherr.AtStep(autherr.StepConfig, missing("SSOLoginURL", "an address of the identity provider"))
	}
	h := &httpclient.Client{Server: "loginform", Transport: c.Transport, UserAgent: c.UserAgent, Logger: c.Logger}
	a, err := h.Do(ctx, httpclient.Request{Step: autherr.StepLogin, Method: http.MethodGet, URL: c.LoginURL,
		Header: http.Header{"Accept": {accept}}})
	if err != nil {
		return err
	}
	return autherr.AtStep(autherr.StepLogin, (&walk{Client: c}).statusError(&page{Response: a}))
}
