package sso

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// HTTP returns an http.Client that is signed in whenever it is used, and stays so.
//
// It is confined to the SP's origin: a request to any other fails with ErrConfig
// before anything is sent. Redirects are followed for GET and HEAD, within that origin,
// and not to a sign-in page; any other is handed to the caller, whom [Client.Diverted] tells
// that it is no answer. Requests carry the session's cookies and the header that
// Jira wants to see on writes (X-Atlassian-Token: no-check). When an answer shows
// that the session is lost, it is renewed once for all callers, and the request is
// sent again if that is safe: its body can be read again, and the SP turned the
// first one away before it acted on it. It is the caller's request that is sent again,
// not one for the login page to which redirects have led from it.
//
// While Jira is starting or in maintenance, or a gateway lets nobody through, nobody
// signs in: a request whose answer looks like a lost session fails then with
// ErrUnreachable, or with ErrUnsupported where a gateway wants a browser.
func (c *Client) HTTP() *http.Client {
	t := &transport{client: c}
	return &http.Client{Transport: t, CheckRedirect: c.mayFollow}
}

type transport struct{ client *Client }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := t.client
	if !c.reaches(req.URL) {
		closeBody(req)
		return nil, &autherr.Error{Kind: ErrConfig, Text: "sso: request to " + req.URL.Host + " not sent: this client is confined to " + httpclient.Origin(c.cfg.URL),
			Hint: "use another http.Client for other hosts: this one would have to keep its cookies from them"}
	}
	session, err := c.current(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, renewed, err := t.send(req, req.Body, session.cred)
	if err == nil {
		resp, renewed, err = t.corrected(req, resp, renewed, session.cred)
	}
	if err != nil {
		return nil, err
	}
	if !c.site.Lost(resp) {
		if !safe(req.Method) && resp.StatusCode >= 300 && resp.Header.Get("Location") != "" {
			// It may lead to a sign-in at an address that nobody knows, and is not followed.
			// Whether the SP has acted nobody knows either, so that the answer stands.
			_, _ = c.renew(req.Context(), session)
		}
		if renewed { // by a remembered login
			c.storeRenewed(req.Context(), session)
		}
		return resp, nil
	}
	next, err := c.renew(req.Context(), session)
	if err != nil {
		drop(resp)
		return nil, err
	}
	// A remembered login renews the session without a sign-in: then only the credential
	// differs.
	if credential.Same(next.cred, session.cred) || !turnedAway(resp) && !idempotent(req.Method) {
		return resp, nil // the session is fine: this is the SP's real answer
	}
	again, ok := repeatable(req)
	if !ok {
		return resp, nil
	}
	drop(resp)
	resp, _, err = t.send(again, again.Body, next.cred)
	return resp, err
}

// corrected sends a request once more if the answer taught its credential something, such as the
// server's time; else it returns the answer.
func (t *transport) corrected(req *http.Request, resp *http.Response, renewed bool, cred credential.Credential) (*http.Response, bool, error) {
	k, ok := cred.(credential.Corrector)
	if !ok || !k.Correct(resp) {
		return resp, renewed, nil
	}
	again, ok := repeatable(req)
	if !ok {
		return resp, renewed, nil
	}
	drop(resp)
	return t.send(again, again.Body, cred)
}

// repeatable returns the request to send once the session is renewed: req itself, or the
// one from which redirects have led to it. Of a redirected one that is no mere reading
// nobody knows whether the SP has acted on it; it is not sent again.
func repeatable(req *http.Request) (*http.Request, bool) {
	first := req
	for n := 0; first.Response != nil && first.Response.Request != nil && n < httpclient.MaxRedirects; n++ {
		first = first.Response.Request
	}
	if first != req && !safe(first.Method) {
		return nil, false
	}
	body, ok := bodyAgain(first)
	if !ok {
		return nil, false
	}
	again := first.Clone(req.Context())
	again.Body = body
	return again, true
}

// send makes one attempt with a credential. It is put on here, on a clone: what net/http adds of a
// Client's Jar is added above the transport, where a replay could not change it. renewed reports
// that the answer has replaced the credential.
func (t *transport) send(req *http.Request, body io.ReadCloser, cred credential.Credential) (resp *http.Response, renewed bool, err error) {
	out := req.Clone(req.Context())
	out.Body = body
	if err := cred.Authorize(out); err != nil {
		closeBody(out)
		return nil, false, err
	}
	if _, set := out.Header["User-Agent"]; !set {
		out.Header.Set("User-Agent", t.client.agent())
	}
	t.client.site.Prepare(out)
	resp, err = t.client.reported(false).RoundTrip(out)
	if err != nil {
		return nil, false, err
	}
	resp.Request = req // without the credential
	if u, ok := cred.(credential.Updater); ok && !t.client.site.Lost(resp) {
		renewed = u.Update(resp)
	}
	return resp, renewed, nil
}

// current returns the session, signing in the first time.
func (c *Client) current(ctx context.Context) (*Session, error) {
	s := c.held()
	if s != nil && !credential.Ended(s.cred, time.Now()) {
		return s, nil
	}
	return c.renew(ctx, s)
}

// reaches reports whether a request to u is for the site, or for the API of the site at a gateway.
func (c *Client) reaches(u *url.URL) bool {
	if httpclient.SameOrigin(u, c.cfg.URL) {
		return true
	}
	s := c.held()
	if s == nil {
		return false
	}
	t, ok := s.cred.(interface{ api() *url.URL })
	return ok && t.api() != nil && below(u, t.api())
}

func (c *Client) held() *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// renew replaces the session that was used, unless somebody has done so already or
// the SP still confirms it.
func (c *Client) renew(ctx context.Context, used *Session) (*Session, error) {
	if s := c.held(); s != nil && s != used {
		return s, nil
	}
	return c.sessionFrom(ctx, nil)
}

// turnedAway reports whether the SP refused the request at its door, before acting.
func turnedAway(r *http.Response) bool {
	return r.StatusCode == http.StatusUnauthorized || r.StatusCode >= 300 && r.StatusCode <= 399
}

// idempotent reports whether repeating the method does no harm (RFC 9110, 9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete, "":
		return true
	}
	return false
}

// safe reports whether a method only reads (RFC 9110, 9.2.1).
func safe(method string) bool {
	return method == "" || method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func bodyAgain(req *http.Request) (io.ReadCloser, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req.Body, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	return body, err == nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// drop ends an answer that nobody will read; a little of it is read so that the
// connection can be used again.
func drop(r *http.Response) {
	io.CopyN(io.Discard, r.Body, 64<<10)
	r.Body.Close()
}
