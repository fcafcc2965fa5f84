package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	// copySize is the size of one piece of a body on its way.
	copySize = 32 << 10
	// maxReplay is the longest body that is held in memory, so that a request
	// can be sent again after its session was renewed. Longer ones are streamed.
	maxReplay = 256 << 10
)

// Handler admits requests and passes them on to Jira.
type Handler struct {
	gate     accessControl
	sp       *url.URL // Jira's base URL
	base     string   // its context path, "" or "/jira"
	agent    string   // the User-Agent of tools that have none
	onward   http.RoundTripper
	diverted func(*http.Response) error // sso.Client's
	logger   *slog.Logger
	buffers  *bufferPool
	Hint     func(error) string // what to do about an error
}

// NewHandler returns the handler for one Jira, whose base URL is sp. Requests must carry token.
func NewHandler(client *sso.Client, sp *url.URL, ln *loopback.Listener, token string, logger *slog.Logger) *Handler {
	return &Handler{
		gate: newAccessControl(token, ln.Port), sp: sp, base: strings.TrimRight(sp.Path, "/"),
		agent:  client.Headers().Get("User-Agent"),
		onward: newTransport(client), diverted: client.Diverted, logger: logger, buffers: &bufferPool{}, Hint: sso.Hint,
	}
}

// ServeHTTP implements http.Handler.
func (f *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	if no := f.gate.admit(r); no != nil {
		f.logger.Warn("request refused", "status", no.status, "reason", no.text)
		if no.status == http.StatusUnauthorized {
			w.Header()["Www-Authenticate"] = []string{`Basic realm="ssoexchange"`, `Bearer realm="ssoexchange"`}
		}
		writeError(w, no.status, "config", no.text, no.hint)
		return
	}
	if !f.serves(r.URL.Path) {
		writeError(w, http.StatusNotFound, "config", "this proxy serves "+f.base+"/ only",
			"put "+f.base+" at the end of the base URL")
		return
	}
	body, err := replayable(w, r)
	if err != nil {
		writeError(w, http.StatusBadRequest, "config", "the request's body ended early", "")
		return
	}
	status := 0
	proxy := httputil.ReverseProxy{
		Rewrite:   func(p *httputil.ProxyRequest) { f.rewrite(p, body) },
		Transport: f.onward,
		ModifyResponse: func(resp *http.Response) error {
			status = resp.StatusCode
			if err := f.notAnAnswer(resp); err != nil {
				return err
			}
			f.clean(resp.Header, r.Host)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { status = f.fail(w, err) },
		ErrorLog:     slog.NewLogLogger(f.logger.Handler(), slog.LevelDebug),
		BufferPool:   f.buffers,
	}
	defer func() {
		f.logger.Debug("request", "method", r.Method, "path", r.URL.Path, "status", status, "elapsed",
			time.Since(start).Round(time.Millisecond))
	}()
	proxy.ServeHTTP(w, r)
}

// serves reports whether a path belongs to the Jira that was configured. The host
// may have other applications beside it. A ".." in any of the forms that servers
// undo is not passed on: it would leave the context path on the other side.
func (f *Handler) serves(path string) bool {
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if name, _, _ := strings.Cut(segment, ";"); name == ".." {
			return false
		}
	}
	return f.base == "" || path == f.base || strings.HasPrefix(path, f.base+"/")
}

// rewrite makes the request that Jira gets. Headers of the connection are gone by
// then (RFC 9110, section 7.6.1). What identifies the tool goes too: Jira would
// prefer its Authorization to the session, and its cookies would hide the session's.
//
// No Via is added, against RFC 9110, section 7.6.3. It would say nothing of use: no
// request comes round here again (the gate knows one host, its own), and both sides are
// asked for by one user of one machine. And it would cost: nginx by default (gzip_proxied)
// and IIS (noCompressionForProxies) send what came with it unpacked.
func (f *Handler) rewrite(p *httputil.ProxyRequest, body []byte) {
	out := p.Out
	out.URL.Scheme, out.URL.Host, out.URL.User = f.sp.Scheme, f.sp.Host, nil
	out.URL.RawQuery = p.In.URL.RawQuery // as it came: nothing here depends on it
	out.Host = ""
	for _, name := range []string{"Authorization", "Cookie", tokenHeader} {
		out.Header.Del(name)
	}
	if !strings.EqualFold(out.Header.Get("Upgrade"), "websocket") {
		// "h2c" is meant for this connection; Jira's has what both sides can do already.
		out.Header.Del("Upgrade")
		out.Header.Del("Connection")
	}
	own := "http://" + p.In.Host
	if out.Header.Get("Origin") != "" { // it is the proxy's own, or the gate would have closed
		out.Header.Set("Origin", f.sp.Scheme+"://"+f.sp.Host)
	}
	if referer := out.Header.Get("Referer"); referer != "" {
		if path, ok := strings.CutPrefix(referer, own+"/"); ok {
			out.Header.Set("Referer", f.sp.Scheme+"://"+f.sp.Host+"/"+path)
		} else {
			out.Header.Del("Referer")
		}
	}
	if _, set := out.Header["User-Agent"]; !set {
		out.Header.Set("User-Agent", f.agent)
	}
	if _, set := out.Header["Accept-Encoding"]; !set {
		out.Header.Set("Accept-Encoding", "identity") // the tool did not ask for less bytes; do not unpack them here
	}
	if body != nil {
		out.ContentLength = int64(len(body))
		out.TransferEncoding = nil
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.Body, _ = out.GetBody()
	}
}

// clean takes from an answer what is between the proxy and Jira only, and makes
// addresses of Jira the proxy's.
func (f *Handler) clean(h http.Header, host string) {
	// The session's cookies are kept here; the two others are promises about Jira's
	// own address, which a tool would keep for the proxy's.
	for _, name := range []string{"Set-Cookie", "Strict-Transport-Security", "Alt-Svc"} {
		h.Del(name)
	}
	for _, name := range []string{"Location", "Content-Location"} {
		u, err := url.Parse(h.Get(name))
		if err != nil || u.Host == "" || !f.isSP(u) || !f.serves(u.Path) {
			continue // relative, or somebody else's
		}
		u.Scheme, u.Host, u.User = "http", host, nil
		h.Set(name, u.String())
	}
}

// isSP reports whether an absolute address, or one without scheme, is on Jira's origin.
func (f *Handler) isSP(u *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" || f.sp.Scheme == "http" {
			return p
		}
		return "443"
	}
	return (u.Scheme == "" || strings.EqualFold(u.Scheme, f.sp.Scheme)) &&
		strings.EqualFold(u.Hostname(), f.sp.Hostname()) && port(u) == port(f.sp)
}

// notAnAnswer returns an error for what a tool would take for the outcome of its
// request, though it is a sign-in page or the way there: tools follow a redirect by a
// GET, and believe the 200 behind it. A browser's pages go through as they are.
func (f *Handler) notAnAnswer(resp *http.Response) error {
	read := resp.Request.Method == http.MethodGet || resp.Request.Method == http.MethodHead
	if read && !strings.Contains(resp.Request.URL.Path, "/rest/") {
		return nil
	}
	var d *sso.DivertedError
	if err := f.diverted(resp); errors.As(err, &d) && d.Login {
		return d
	}
	return nil
}

// fail answers for a Jira that could not be asked.
func (f *Handler) fail(w http.ResponseWriter, err error) int {
	status, code := http.StatusBadGateway, sso.Code(err)
	if errors.As(err, new(*sso.DivertedError)) {
		code = "bad_answer"
	} else if sso.Step(err) == "" && code == "internal" {
		code = "unreachable" // Jira's connection broke; nothing of ours
	}
	f.logger.Warn("request failed", "step", sso.Step(err), "code", code, "error", err.Error())
	if wait, ok := sso.RetryAfter(err); ok {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	writeError(w, status, code, err.Error(), f.Hint(err))
	return status
}

// writeError answers in the form of a --json error.
func writeError(w http.ResponseWriter, status int, code, message, hint string) {
	type fields struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Ssoexchange-Error", code) // tells the proxy's own answers from Jira's
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]fields{"error": {code, message, hint}})
}

// replayable reads a body that is small and of known length, so that it can be sent
// twice. It returns nil for none, and for one that is to be streamed.
func replayable(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength <= 0 || r.ContentLength > maxReplay {
		return nil, nil
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// bufferPool lends the pieces by which bodies are copied.
type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, copySize)
}

func (p *bufferPool) Put(b []byte) { p.pool.Put(&b) }

// plainContext has the end of a request's context and none of its values.
type plainContext struct{ context.Context }

func (plainContext) Value(any) any { return nil }
