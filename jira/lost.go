package jira

import (
	"net/http"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Lost reports whether an answer suggests that the session is over, or that it is not
// Jira's. It is a suspicion: renew asks the SP before it signs in.
func (c Config) Lost(r *http.Response) bool {
	if r.StatusCode == http.StatusUnauthorized || AnonymousHeader(r.Header) || markedLoggedOut(r.Header) {
		return true
	}
	if loc := r.Header.Get("Location"); r.StatusCode >= 300 && r.StatusCode <= 399 && loc != "" {
		u, err := r.Request.URL.Parse(loc)
		return err == nil && (!httpclient.SameOrigin(u, c.URL) || c.SignInPage(u) || c.OutagePage(u) || c.GatewayPage(u) != "")
	}
	// A page in place of data: nothing below /rest answers in HTML, but for some of
	// Jira's refusals.
	switch r.StatusCode {
	case http.StatusOK:
		return IsREST(r.Request.URL) && IsPage(r, false)
	case http.StatusForbidden, http.StatusNotFound:
		return IsREST(r.Request.URL) && !FromJira(r.Header) && IsPage(r, false)
	}
	return false
}

// markedLoggedOut reports whether the SP gives the caller the XSRF token of somebody
// who is logged out: its suffix is _lout then, |lout in old versions, and _lin or
// |lin otherwise. It is a hint like the others.
func markedLoggedOut(h http.Header) bool {
	for _, line := range h["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		if strings.TrimSpace(name) == xsrfCookie && strings.HasSuffix(strings.Trim(value, `" `), "lout") {
			return true
		}
	}
	return false
}
