package sso

import (
	"net/http"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Jira refuses writes that a page of another site could have sent with a user's
// cookies. It takes them from a client that sends X-Atlassian-Token, and from one
// that calls itself a browser only with an Origin (or Referer) that is Jira's own.

const (
	xsrfHeader = "X-Atlassian-Token"
	xsrfValue  = "no-check"
)

// Headers returns the headers that requests with the session's cookies need beside
// Cookie, for programs that use the cookies by themselves: without X-Atlassian-Token
// Jira refuses many writes, and a User-Agent of a browser needs an Origin as well.
func (c *Client) Headers() http.Header {
	h := http.Header{xsrfHeader: {xsrfValue}, "User-Agent": {c.agent()}}
	if likeBrowser(c.agent()) {
		h.Set("Origin", httpclient.Origin(c.cfg.URL))
	}
	return h
}

// allowWrite adds to a write what Jira wants to see, unless the caller has said
// something else.
func (c *Client) allowWrite(r *http.Request) {
	if r.Method == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return
	}
	if r.Header.Get(xsrfHeader) == "" {
		r.Header.Set(xsrfHeader, xsrfValue)
	}
	if likeBrowser(r.Header.Get("User-Agent")) && r.Header.Get("Origin") == "" && r.Header.Get("Referer") == "" {
		r.Header.Set("Origin", httpclient.Origin(c.cfg.URL))
	}
}

func (c *Client) agent() string {
	if c.userAgent == "" {
		return "ssoexchange"
	}
	return c.userAgent
}

// likeBrowser reports whether a User-Agent is that of a browser: all of them, and
// few others, begin with Mozilla/ or Opera/.
func likeBrowser(agent string) bool {
	return strings.HasPrefix(agent, "Mozilla/") || strings.HasPrefix(agent, "Opera/")
}
