package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
	"github.com/ssoexchange/ssoexchange/internal/jsstring"
	"github.com/ssoexchange/ssoexchange/saml"
)

// starter returns how the sign-in begins: nil for a sign-in that begins at the
// identity provider, else a function that asks the SP for its request.
//
// By default Okta starts at the identity provider, which saves a request. Crowd
// answers nothing but requests, and Jira refuses an answer to a request that it did
// not make, so Crowd starts at the SP.
func (c *Client) starter(v *visit, r *record) saml.Start {
	flow := c.cfg.SSOFlow
	if flow == "IdPInitiated" || (flow == "" || flow == "Auto") && c.cfg.Scheme != "Crowd" {
		return nil
	}
	known := r.StartURL
	return func(ctx context.Context) (*saml.Request, error) {
		req, learnt, err := v.startAtSP(ctx, known)
		if err != nil {
			return nil, autherr.AtStep(autherr.StepStart, err)
		}
		c.signInState().guard.change(func(r *record) { r.StartURL = learnt })
		return req, nil
	}
}

// startAtSP makes the SP start a sign-in and returns the request with which it
// sends the browser to the identity provider, and the address that did it.
func (v *visit) startAtSP(ctx context.Context, known string) (*saml.Request, string, error) {
	if v.cfg.SSOStartURL != nil {
		known = v.cfg.SSOStartURL.String()
	}
	if known != "" {
		req, err := v.requestFrom(ctx, known)
		switch {
		case v.cfg.SSOStartURL != nil && errors.Is(err, errNoStart):
			return nil, "", &autherr.Error{Kind: ErrConfig, Text: "jira: the page that SSOStartURL names starts no SAML sign-in",
				Hint: "name a page that redirects a stranger to the identity provider"}
		case v.cfg.SSOStartURL != nil, err == nil && v.forOurs(req), err != nil && !errors.Is(err, errNoStart):
			return req, known, err
		}
	}
	candidates, err := v.startCandidates(ctx)
	if err != nil {
		return nil, "", err
	}
	other := "" // where the SP would rather send its users
	for _, address := range candidates {
		req, err := v.requestFrom(ctx, address)
		switch {
		case err == nil && v.forOurs(req):
			return req, address, nil
		case err == nil:
			other = req.URL.Host
		case !errors.Is(err, errNoStart):
			return nil, "", err
		}
	}
	if other != "" {
		return nil, "", &autherr.Error{Kind: ErrConfig, Text: "jira: the SP sends its users to " + other + ", not to " + v.cfg.SSOLoginURL.Host,
			Hint: "check SSOLoginURL, or name the page that starts at the right identity provider with SSOStartURL"}
	}
	return nil, "", &autherr.Error{Kind: ErrConfig, Text: "jira: no page was found that starts a SAML sign-in",
		Hint: "name it with SSOStartURL (a page that redirects to the identity provider), or use SSOFlow=IdPInitiated if the identity provider can start"}
}

// forOurs reports whether a request is meant for the identity provider of the
// connection: an SP may know several.
func (v *visit) forOurs(req *saml.Request) bool {
	return v.cfg.SSOLoginURL == nil || strings.EqualFold(req.URL.Host, v.cfg.SSOLoginURL.Host) ||
		v.cfg.Domain != "" && strings.EqualFold(req.URL.Host, v.cfg.Domain)
}

var errNoStart = errors.New("the page starts no SAML sign-in")

// startCandidates lists the pages that may start a sign-in, likeliest first.
func (v *visit) startCandidates(ctx context.Context) ([]string, error) {
	acs := v.cfg.SSOExchangeURL
	if !strings.HasSuffix(acs.Path, "/plugins/servlet/samlconsumer") {
		// The other vendors' consumer address starts a sign-in when it is opened.
		return []string{acs.String(), v.url("/").String()}, nil
	}
	external := v.url("/plugins/servlet/external-login")
	ids, err := v.loginOptions(ctx)
	if err != nil {
		return nil, err
	}
	var candidates []string
	for _, id := range ids {
		candidates = append(candidates, external.JoinPath(strconv.Itoa(id)).String())
	}
	return append(candidates, external.String(), v.url("/login.jsp").String(), v.url("/").String()), nil
}

// loginOptions returns the ids of the identity providers that Atlassian's SSO
// plugin offers, none where the plugin is absent or older than the list.
func (v *visit) loginOptions(ctx context.Context) ([]int, error) {
	a, err := v.sp.Do(ctx, hop.Request{
		Step: autherr.StepStart, Method: http.MethodGet, URL: v.url("/rest/authconfig/1.0/login-options"),
		Header: http.Header{"Accept": {"application/json"}}, Limit: 256 << 10,
	})
	if err != nil {
		return nil, err
	}
	var options struct {
		Results []struct {
			Type string          `json:"type"`
			ID   json.RawMessage `json:"id"`
			Link string          `json:"login-link"`
			URL  string          `json:"loginLink"`
		} `json:"results"`
	}
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &options) != nil {
		return nil, nil
	}
	var ids []int
	for _, o := range options.Results {
		if o.Type != "IDP" || len(ids) == 16 {
			continue
		}
		// The names of the fields are not documented; a number is found in any of them.
		last := func(s string) string { return s[strings.LastIndex(s, "/")+1:] }
		for _, s := range []string{strings.Trim(string(o.ID), `"`), last(o.Link), last(o.URL)} {
			if id, err := strconv.Atoi(s); err == nil && id >= 0 {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids, nil
}

// requestFrom opens a page of the SP and returns the request that it sends to the
// identity provider: by redirect, or as an address in a page that navigates by
// script (Atlassian's plugin does so when it saves the URL's fragment).
func (v *visit) requestFrom(ctx context.Context, address string) (*saml.Request, error) {
	u, err := url.Parse(address)
	if err != nil || !hop.SameOrigin(u, v.cfg.URL) {
		return nil, &autherr.Error{Kind: ErrConfig, Text: "jira: the start page is not on the SP's host", Hint: "SSOStartURL must share the host of SSOExchangeURL"}
	}
	a, err := v.sp.Follow(ctx, hop.Request{Step: autherr.StepStart, Method: http.MethodGet, URL: u,
		Header: http.Header{"Accept": {"text/html,application/xhtml+xml"}}}, v.onSP)
	if err != nil {
		return nil, err
	}
	if loc := a.Location(); loc != nil {
		return parseStart(loc)
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		return nil, &autherr.Error{Kind: ErrRateLimited, Text: "jira: the SP asks to wait", Wait: hop.RetryAfter(a.Header)}
	case a.Status >= 502 && a.Status <= 504:
		return nil, &autherr.Error{Kind: ErrUnreachable, Text: fmt.Sprintf("jira: the start page answered %d", a.Status), Hint: "try again later"}
	case a.Status != http.StatusOK:
		return nil, errNoStart
	}
	for _, s := range jsstring.Addresses(a.Body) {
		if loc, err := a.URL.Parse(s); err == nil && loc.Query().Has("SAMLRequest") {
			return parseStart(loc)
		}
	}
	return nil, errNoStart
}

func parseStart(loc *url.URL) (*saml.Request, error) {
	req, err := saml.ParseRequest(loc)
	if errors.Is(err, saml.ErrNoRequest) {
		return nil, errNoStart
	}
	return req, err
}
