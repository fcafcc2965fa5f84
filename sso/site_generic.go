package sso

import (
	"context"
	"net/http"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/jira"
)

// genericSite is any site. Its answer to VerifyURL proves a credential: by naming the user, or else by
// the contrast with what it answers to nobody.
type genericSite struct{ client *Client }

// WhoAmI implements Site.
func (g genericSite) WhoAmI(ctx context.Context, c credential.Credential) (string, error) {
	v := &g.client.cfg.Verify
	if v.VerifyUser == "" {
		a, err := g.ask(ctx, nil)
		if err != nil {
			return "", err
		}
		if a.Status == http.StatusOK {
			return "", autherr.AtStep(
				autherr.StepVerify,
				autherr.New(ErrConfig, "site: VerifyURL answers everybody, and so proves nothing",
					"name a page that needs a sign-in, or say by VerifyUser where the answer names the user"),
			)
		}
	}
	a, err := g.ask(ctx, c)
	switch {
	case err != nil:
		return "", err
	case a.Status == http.StatusUnauthorized, a.Status >= 300 && a.Status <= 399:
		return "", nil // it asks for a sign-in
	case a.Status != http.StatusOK:
		return "", autherr.AtStep(autherr.StepVerify, apiRefusal("site", a))
	case v.VerifyUser == "" && g.client.cfg.User != "":
		return g.client.cfg.User, nil
	case v.VerifyUser == "":
		return unnamed, nil
	}
	for _, name := range []string{a.Header.Get(v.VerifyUser), textAt(a.Body, v.VerifyUser)} {
		if jira.PlausibleName(name) && name != "anonymous" {
			return name, nil
		}
	}
	return "", nil
}

// ask requests VerifyURL with a credential; nil: without one.
func (g genericSite) ask(ctx context.Context, c credential.Credential) (*httpclient.Response, error) {
	h := &httpclient.Client{
		Server:    "site",
		Transport: &g.client.counted,
		UserAgent: g.client.userAgent,
		Logger:    g.client.opts.Logger,
	}
	if c != nil {
		h.Authorize = c.Authorize
	}
	return h.Do(
		ctx,
		httpclient.Request{
			Step:   autherr.StepVerify,
			Method: http.MethodGet,
			URL:    g.client.cfg.Verify.VerifyURL,
			Limit:  jira.MaxAnswer,
		})
}

// Lost implements Site.
func (g genericSite) Lost(resp *http.Response) bool {
	if resp.StatusCode == http.StatusUnauthorized {
		return true
	}
	if loc := resp.Header.Get("Location"); resp.StatusCode >= 300 && resp.StatusCode <= 399 && loc != "" {
		u, err := resp.Request.URL.Parse(loc)
		return err == nil && (!httpclient.SameOrigin(u, g.client.cfg.URL) || g.client.jira().SignInPage(u))
	}
	return false
}

// Prepare implements Site.
func (g genericSite) Prepare(*http.Request) {}
