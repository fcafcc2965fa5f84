package jira

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/jsstring"
	"github.com/ssoexchange/ssoexchange/saml"
)

// maxStartPages is how many pages of the SP may send a browser on to the next one, beside
// redirects. Two are seen: a login page, and the vendor's own.
const maxStartPages = 4

// requestFrom opens a page of the SP and returns the request that it sends to the
// identity provider: by redirect, by a form (posted or not), by a Refresh header or a
// meta element of that name, or by a script. A page that sends the browser on to another
// page of the SP is followed.
//
// The error is an errNoStart if nothing of the kind is found.
func (v *Visit) requestFrom(ctx context.Context, address string) (*saml.Request, error) {
	u, err := url.Parse(address)
	if err != nil || !httpclient.SameOrigin(u, v.cfg.URL) {
		return nil, autherr.New(autherr.ErrConfig, "jira: the start page is not on the SP's host",
			"SSOStartURL must share the host of SSOExchangeURL")
	}
	var stray error = errNoStart
	seen := map[string]bool{}
	for pages := []*url.URL{u}; len(pages) > 0 && len(seen) < maxStartPages; {
		u, pages = pages[0], pages[1:]
		if seen[u.String()] {
			continue
		}
		seen[u.String()] = true
		req, next, err := v.requestAt(ctx, u)
		if req != nil || err != nil && !errors.Is(err, errNoStart) {
			return req, err
		}
		for _, to := range next {
			if v.OnSite(to) {
				pages = append(pages, to)
			} else if stray == errNoStart {
				stray = &strayError{to.Host}
			}
		}
	}
	return nil, stray
}

// requestAt opens one page. Without a request it returns where the page sends the browser
// to instead.
func (v *Visit) requestAt(ctx context.Context, u *url.URL) (*saml.Request, []*url.URL, error) {
	a, err := v.Client.Follow(ctx, httpclient.Request{Step: autherr.StepStart, Method: http.MethodGet, URL: u,
		Header: http.Header{"Accept": {"text/html,application/xhtml+xml"}}}, v.OnSite)
	if err != nil {
		return nil, nil, err
	}
	if loc := a.Location(); loc != nil {
		req, err := saml.ParseRequest(loc)
		if errors.Is(err, saml.ErrNoRequest) {
			return nil, []*url.URL{loc}, errNoStart
		}
		return v.noteRequest(req), nil, err
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		return nil, nil, &autherr.Error{Kind: autherr.ErrRateLimited, Text: "jira: the SP asks to wait",
			Wait: httpclient.RetryAfter(a.Header)}
	case a.Status >= 502 && a.Status <= 504:
		return nil, nil, autherr.New(autherr.ErrUnreachable, fmt.Sprintf("jira: the start page answered %d", a.Status),
			"try again later")
	case a.Status != http.StatusOK && a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden:
		return nil, nil, errNoStart
	}
	return v.requestIn(a)
}

// requestIn reads a page. Of several requests the one for our identity provider counts.
func (v *Visit) requestIn(a *httpclient.Response) (*saml.Request, []*url.URL, error) {
	requests, problem := saml.ReadRequests(a.URL, a.Body)
	if errors.Is(problem, saml.ErrNoRequest) {
		problem = errNoStart
	}
	var next []*url.URL
	for _, to := range addressesIn(a) {
		req, err := saml.ParseRequest(to.URL)
		switch {
		case err == nil:
			requests = append(requests, req)
		case !errors.Is(err, saml.ErrNoRequest):
			problem = err
		case to.goes:
			next = append(next, to.URL)
		}
	}
	for _, req := range requests {
		if v.forOurs(req) {
			return v.noteRequest(req), nil, nil
		}
	}
	if len(requests) > 0 {
		return v.noteRequest(requests[0]), nil, nil
	}
	return nil, append(next, submitted(a)...), problem
}

// submitted lists the addresses of the forms that a page submits by itself, by GET: what
// a script submits has nothing to fill in.
func submitted(a *httpclient.Response) (all []*url.URL) {
	forms, err := htmlform.Parse(a.URL, a.Body)
	if err != nil || !bytes.Contains(a.Body, []byte("submit(")) {
		return nil
	}
	for _, f := range forms {
		visible := func(x htmlform.Field) bool { return x.Type != "hidden" && x.Type != "submit" && x.Type != "button" }
		if f.Method == http.MethodGet && f.Action != nil && !slices.ContainsFunc(f.Fields, visible) {
			to := *f.Action
			to.RawQuery = f.Values().Encode()
			all = append(all, &to)
		}
	}
	return all
}

// noteRequest notes when the SP made a request, and what it calls itself.
func (v *Visit) noteRequest(req *saml.Request) *saml.Request {
	if req != nil {
		v.Started, v.issuer = time.Now(), req.Issuer
	}
	return req
}

// pageAddress is an address in a page. goes is set if the page sends a browser there by
// itself; the others are links and strings, and count only if they carry a request.
type pageAddress struct {
	*url.URL
	goes bool
}

// addressesIn lists the addresses to which a page may send the browser.
func addressesIn(a *httpclient.Response) (all []pageAddress) {
	add := func(raw string, goes bool) {
		if u, err := a.URL.Parse(raw); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			u.Fragment, u.RawFragment = "", ""
			all = append(all, pageAddress{u, goes})
		}
	}
	if raw, ok := htmlform.RefreshTarget(a.Header.Get("Refresh")); ok {
		add(raw, true)
	}
	if u := htmlform.Refresh(a.URL, a.Body); u != nil {
		all = append(all, pageAddress{u, true})
	}
	texts := [][]byte{a.Body}
	if bytes.Contains(a.Body, []byte("&#")) || bytes.Contains(a.Body, []byte("&quot;")) {
		texts = append(texts, []byte(html.UnescapeString(string(a.Body)))) // a script in an attribute
	}
	for _, text := range texts {
		for _, raw := range jsstring.Locations(text) {
			add(raw, true)
		}
		for _, raw := range jsstring.Addresses(text) {
			add(raw, false)
		}
	}
	return all
}
