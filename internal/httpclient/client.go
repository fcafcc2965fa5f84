// Package httpclient makes one HTTP request at a time and believes nothing it is told.
//
// okta, crowd and sso all speak to servers that may lie, hang, truncate, redirect
// or flood. Every request of the product goes through a [Client], which
//
//   - sends to https only (loopback excepted) and follows no redirect by itself,
//   - bounds the answer after decompression, and takes no part of one for the whole,
//   - never sends a secret a second time because a connection broke,
//   - keeps cookies with all their attributes in the jar it was given,
//   - turns every transport failure into an [Error] that names server, step and
//     label but never a URL's query, a body or a header, and
//   - logs one debug line per hop with the same restraint.
package httpclient

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// MaxBody is the number of bytes that are read of an answer when a Request does
// not say otherwise. Sign-in pages with all their scripts inlined stay below 1 MiB.
const MaxBody = 4 << 20

// MaxRedirects bounds Follow. Okta's app links need up to four hops in practice.
const MaxRedirects = 10

// Jar is the part of cookiejar.Jar that a Client uses.
type Jar interface {
	// Header returns the value of the Cookie header for u, "" for none.
	Header(u *url.URL) string
	// Receive stores the cookies that the answer from u sets.
	Receive(u *url.URL, h http.Header)
}

// Client makes requests to one server. Its fields are set before the first
// request and not changed afterwards; it is then safe for concurrent use.
type Client struct {
	Server    string            // begins every error text: "okta", "crowd", "jira"
	Transport http.RoundTripper // nil: that of http.DefaultTransport, with a connection for each request
	Jar       Jar               // nil: no cookies
	UserAgent string            // "": "ssoexchange"

	// Authorize is called with each request before it is sent, to add a credential. Nil: none.
	Authorize func(*http.Request) error
	Logger    *slog.Logger // nil: silent
}

// Request is one request. Only Step, Method and URL are required.
type Request struct {
	Step   string // autherr.Step…: which step of the sign-in this is
	Method string
	URL    *url.URL
	Path   string      // the path as it may be shown; "" shows URL.Path
	Header http.Header // copied; Cookie and User-Agent are added
	Body   []byte
	Secret bool // the request carries a password, a code, a token or an assertion
	Limit  int64
}

// Response is a server's answer, body included.
type Response struct {
	URL    *url.URL // of the request that was answered
	Status int
	Header http.Header
	Body   []byte
}

// Location returns the absolute target of a redirect, nil if the answer is none.
func (a *Response) Location() *url.URL {
	switch a.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	loc := a.Header.Get("Location")
	if loc == "" {
		return nil
	}
	u, err := a.URL.Parse(loc)
	if err != nil {
		return nil
	}
	return u
}

// Error is a request that got no usable answer.
type Error struct {
	Server string
	Step   string
	Label  string // method and path, no query
	Sent   bool   // the request was written, as far as the client can tell
	Secret bool   // and carried a secret
	Kind   error  // autherr.ErrUnreachable or autherr.ErrBadAnswer
	Cause  error

	part *Response // see Refusal
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.Server, e.Label, e.Cause)
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { return target == e.Kind }

func (e *Error) Unwrap() error { return e.Cause }

// SafeToRetry reports whether the server cannot have acted on a secret.
func (e *Error) SafeToRetry() bool {
	return e.Kind == autherr.ErrUnreachable && !(e.Sent && e.Secret)
}

// HintText returns what to look at next.
func (e *Error) HintText() string {
	var dns *net.DNSError
	var known *autherr.Error
	switch {
	case errors.As(e.Cause, &known) && known.Hint != "":
		return known.Hint
	case errors.As(e.Cause, &dns):
		return "the host name does not resolve: check the connection string, the DNS and whether a proxy is needed (ProxyServer)"
	case errors.Is(e.Cause, context.DeadlineExceeded):
		return "the server did not answer in time: try again, or raise Timeout (seconds)"
	case errors.Is(e.Cause, errNotRepeated):
		return "try again: what was lost is asked for anew"
	case errors.Is(e.Cause, errCutOff):
		return "try again; if it is always so, the server or a gateway before it tells no length and drops its connections without ending TLS, and has to be put right"
	case isCertificateError(e.Cause):
		return "the server's certificate is not trusted: name its CA with SSLServerCert=FILE"
	case e.Kind == autherr.ErrUnreachable:
		return "check that the host can be reached from here and whether a proxy is needed (ProxyServer)"
	}
	return ""
}

// Do sends one request and reads the whole answer, whatever its status.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	label := r.Path
	if label == "" {
		label = safePath(r.URL)
	}
	label = r.Method + " " + r.URL.Host + label
	fail := func(kind, cause error, sent bool) (*Response, error) {
		return nil, &autherr.StepError{Step: r.Step, Err: &Error{
			Server: c.Server, Step: r.Step, Label: label, Sent: sent, Secret: r.Secret,
			Kind: knownKind(kind, cause), Cause: Clean(cause),
		}}
	}
	if err := CheckURL(r.URL); err != nil {
		return fail(autherr.ErrBadAnswer, err, false)
	}
	ctx, done := deadline.Limit(ctx)
	defer done()
	var on connTrace
	ctx, stop := on.trace(ctx, r.Secret)
	defer stop()
	req, err := c.request(ctx, r)
	if err != nil {
		return fail(autherr.ErrBadAnswer, err, false)
	}
	start := time.Now()
	transport := c.Transport
	if transport == nil {
		transport, req = defaultTransport(), req.WithContext(WithHold(ctx))
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		err = endedBy(ctx, err)
		c.log(r.Step, label, 0, start, err)
		return fail(autherr.ErrUnreachable, err, on.wrote.Load())
	}
	defer resp.Body.Close()
	if c.Jar != nil {
		c.Jar.Receive(r.URL, resp.Header)
	}
	c.log(r.Step, label, resp.StatusCode, start, nil)

	a, kind, err := c.read(ctx, r, resp, &on)
	if err == nil {
		return a, nil
	}
	_, err = fail(kind, err, true)
	if failed := (*Error)(nil); errors.As(err, &failed) && a.Status >= 400 && a.Status < 500 {
		failed.part = a
	}
	return nil, err
}

// request makes the request that net/http sends.
func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Body == nil {
		req.Body, req.ContentLength = nil, 0
	}
	// net/http sends a request again when the reused connection turns out to be dead.
	// Without GetBody it cannot do that with a body; see line.trace for the others.
	req.GetBody = nil
	// http.DefaultTransport prints what follows an answer on a connection that it keeps.
	req.Close = c.Transport == nil
	for k, vs := range r.Header {
		req.Header[k] = append([]string(nil), vs...)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", cmp.Or(c.UserAgent, "ssoexchange"))
	}
	if c.Jar != nil {
		if h := c.Jar.Header(r.URL); h != "" {
			req.Header.Set("Cookie", h)
		}
	}
	if c.Authorize != nil {
		return req, c.Authorize(req)
	}
	return req, nil
}

// knownKind is the kind of cause if it has one: the transport's own edges (a proxy
// that wants a password, a secret that cannot be read) know better than kind.
func knownKind(kind, cause error) error {
	var known *autherr.Error
	switch {
	case errors.As(cause, &known):
		return known.Kind
	case errors.Is(cause, autherr.ErrConfig):
		return autherr.ErrConfig
	}
	return kind
}

// endedBy returns why ctx ended, or err if it did not.
func endedBy(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// Follow is Do, and then GETs each redirect that allowed lets pass. The answer of
// the last request is returned: a redirect to a place that allowed refuses is
// returned as it is, with its Location, for the caller to judge. A redirect that
// would repeat a body (307, 308 after a POST) is not followed either. More than
// MaxRedirects is an error.
func (c *Client) Follow(ctx context.Context, r Request, allowed func(*url.URL) bool) (*Response, error) {
	for n := 0; ; n++ {
		a, err := c.Do(ctx, r)
		if err != nil {
			return nil, err
		}
		next := a.Location()
		if next == nil || !allowed(next) || CheckURL(next) != nil {
			return a, nil
		}
		if r.Body != nil && (a.Status == http.StatusTemporaryRedirect || a.Status == http.StatusPermanentRedirect) {
			return a, nil
		}
		if n == MaxRedirects {
			return nil, &autherr.StepError{Step: r.Step, Err: &Error{
				Server: c.Server, Step: r.Step, Label: r.Method + " " + next.Host + safePath(next), Sent: true,
				Kind: autherr.ErrBadAnswer, Cause: fmt.Errorf("more than %d redirects", MaxRedirects),
			}}
		}
		h := r.Header.Clone()
		h.Del("Content-Type")
		if !sameOrigin(r.URL, next) {
			h.Del("Authorization")
		}
		r = Request{Step: r.Step, Method: http.MethodGet, URL: next, Header: h, Secret: r.Secret, Limit: r.Limit}
	}
}

// safePath returns the path without its parameters: servlet containers carry
// session ids in them (;jsessionid=…).
func safePath(u *url.URL) string {
	path, _, _ := strings.Cut(u.EscapedPath(), ";")
	return path
}

func (c *Client) log(step, label string, status int, start time.Time, err error) {
	if c.Logger == nil {
		return
	}
	attrs := []slog.Attr{slog.String("server", c.Server), slog.String("step", step), slog.String("request", label),
		slog.Duration("elapsed", time.Since(start).Round(time.Microsecond))}
	if err != nil {
		attrs = append(attrs, slog.String("error", Clean(err).Error()))
	} else {
		attrs = append(attrs, slog.Int("status", status))
	}
	c.Logger.LogAttrs(context.Background(), slog.LevelDebug, "hop", attrs...)
}

// CheckURL reports why no request may be sent to u: a scheme other than https
// (http to loopback is allowed, for simulators and local gateways), no host, or
// user information, which net/http would turn into an Authorization header.
func CheckURL(u *url.URL) error {
	switch {
	case u.Host == "":
		return errors.New("address has no host")
	case u.User != nil:
		return errors.New("address carries user information")
	case u.Scheme == "https", u.Scheme == "http" && IsLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("address of %s is not https", u.Host)
}

// IsLoopback reports whether host always means this machine: a loopback address,
// localhost, or a name below it (RFC 6761, section 6.3).
func IsLoopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// SameOrigin reports whether a and b share scheme, host and port (RFC 6454, section 5).
func SameOrigin(a, b *url.URL) bool { return sameOrigin(a, b) }

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// Origin returns scheme://host[:port] of u in canonical form: lower case, default
// port dropped.
func Origin(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	scheme := strings.ToLower(u.Scheme)
	if p := port(u); scheme == "https" && p != "443" || scheme == "http" && p != "80" {
		host += ":" + p
	}
	return scheme + "://" + host
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "http") {
		return "80"
	}
	return "443"
}

// maxWait caps what a server may ask for by Retry-After.
const maxWait = time.Hour

// RetryAfter returns the time that the Retry-After header asks for, in its seconds
// form or as a date (RFC 9110, section 10.2.3), measured by the server's own Date;
// 0 if there is none, one hour at the most.
func RetryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if n, err := strconv.Atoi(v); err == nil {
		return min(max(0, time.Duration(n)*time.Second), maxWait)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(Date(h))), maxWait)
}

// Date returns the server's clock, or ours if it does not tell.
func Date(h http.Header) time.Time {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t
	}
	return time.Now()
}
