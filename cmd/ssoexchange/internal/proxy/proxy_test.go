package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

const testToken = "a-token-that-nobody-can-guess"

// proxyRig is a proxy in front of the simulated Jira, on a real port.
type proxyRig struct {
	*fixtures.World
	base  string // http://127.0.0.1:port
	log   *bytes.Buffer
	stop  context.CancelFunc
	ended chan error

	mu   sync.Mutex
	jira map[string]http.HandlerFunc // what answers in place of Jira, by path
}

// startProxy signs in as the user of edit and serves; handlers are added with on.
func startProxy(t *testing.T, o fixtures.WorldOptions, props ...string) *proxyRig {
	t.Helper()
	rig := &proxyRig{World: fixtures.NewWorld(o), log: &bytes.Buffer{}, ended: make(chan error, 1), jira: map[string]http.HandlerFunc{}}
	ca, err := rig.Net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	rig.Net.Intercept(func(host string, r *http.Request) http.Handler {
		rig.mu.Lock()
		defer rig.mu.Unlock()
		if h := rig.jira[r.URL.Path]; h != nil && strings.HasPrefix(host, "jira.") {
			return h
		}
		return nil
	})
	cfg, err := sso.ParseConfig(rig.OktaConnection(append([]string{"User=passwordonly@example.com", "SSLServerCert=" + ca}, props...)...))
	if err != nil {
		t.Fatal(err)
	}
	client, err := sso.OpenConfig(t.Context(), cfg, &sso.Options{Dial: rig.Net.Dial})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := loopback.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rig.base = "http://" + ln.Host()
	ctx, stop := context.WithCancel(context.Background())
	rig.stop = stop
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: rig.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	go func() {
		rig.ended <- Serve(ctx, ln, NewHandler(client, cfg.URL, ln, testToken, logger), 5*time.Second, logger)
		close(rig.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-rig.ended
		client.Close()
		rig.Net.Close()
	})
	return rig
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (rig *proxyRig) on(path string, h http.HandlerFunc) {
	rig.mu.Lock()
	defer rig.mu.Unlock()
	rig.jira[path] = h
}

// request makes a request with the token; header is "Name: value" lines.
func (rig *proxyRig) request(t *testing.T, method, path string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, rig.base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

// do makes a request without following redirects, and reads the answer.
func (rig *proxyRig) do(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func (rig *proxyRig) logins() int { return rig.Net.Count("acme.okta.com", "POST", "/api/v1/authn") }

// atJira returns the requests that Jira got for a path.
func (rig *proxyRig) atJira(path string) []fixtures.Request {
	var all []fixtures.Request
	for _, r := range rig.Net.Requests() {
		if strings.HasPrefix(r.Host, "jira.") && r.Path == path {
			all = append(all, r)
		}
	}
	return all
}

func TestProxyAddsTheSessionAndNothingOfTheTool(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	resp, body := rig.do(t, rig.request(t, "GET", "/rest/api/2/myself", nil))
	var who struct{ Name string }
	if json.Unmarshal([]byte(body), &who); resp.StatusCode != 200 || who.Name != "passwordonly@example.com" {
		t.Fatalf("myself: %s %.200s", resp.Status, body)
	}
	rig.on("/rest/echo", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "atlassian.xsrf.token", Value: "B1-new_lin", Path: "/"})
		w.Header().Set("Strict-Transport-Security", "max-age=1")
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("X-End", "2")
		io.WriteString(w, r.Host)
	})
	resp, body = rig.do(t, rig.request(t, "GET", "/rest/echo?a=b;c=%zz&d", nil,
		"Cookie: JSESSIONID=mine; other=1", "Connection: X-Private, keep-alive, Upgrade, HTTP2-Settings", "X-Private: 1", "Proxy-Authorization: Basic eA==",
		"Te: gzip", "Upgrade: h2c", "Http2-Settings: AAMAAABk", "Upgrade-Insecure-Requests: 1", "X-Forwarded-For: 10.0.0.1", "User-Agent: tool/1"))
	if body != "jira.example.com" {
		t.Errorf("Jira was asked as host %q", body)
	}
	for _, name := range []string{"Set-Cookie", "Strict-Transport-Security", "X-Hop"} {
		if v := resp.Header.Values(name); len(v) > 0 {
			t.Errorf("the tool got %s: %q", name, v)
		}
	}
	if resp.Header.Get("X-End") != "2" {
		t.Error("an end-to-end header of the answer is missing")
	}
	seen := rig.atJira("/rest/echo")[0].Header
	if c := seen.Get("Cookie"); !strings.Contains(c, "JSESSIONID=") || strings.Contains(c, "mine") || strings.Contains(c, "other") {
		t.Errorf("Jira got the cookies %q, want the session's only", c)
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "X-Private", "Te", "Upgrade", "Http2-Settings", "X-Forwarded-For", "X-Ssoexchange-Token"} {
		if seen.Get(name) != "" {
			t.Errorf("Jira got the header %s", name)
		}
	}
	if seen.Get("User-Agent") != "tool/1" || seen.Get("Upgrade-Insecure-Requests") != "1" {
		t.Errorf("Jira got %v, want the tool's own headers too", seen)
	}
	// The cookie that Jira set is kept here, and sent from now on.
	rig.do(t, rig.request(t, "POST", "/rest/echo", strings.NewReader("{}")))
	last := rig.atJira("/rest/echo")[1].Header
	if !strings.Contains(last.Get("Cookie"), "B1-new_lin") || last.Get("X-Atlassian-Token") != "no-check" {
		t.Errorf("the next request has %v", last)
	}
	if strings.Contains(rig.log.String(), testToken) || strings.Contains(rig.log.String(), "B1-new_lin") {
		t.Error("a secret is in the log")
	}
}

func TestProxyKeepsTheQueryAsItCame(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	raw := make(chan string, 1)
	rig.on("/rest/a b/é", func(w http.ResponseWriter, r *http.Request) { raw <- r.RequestURI })
	const uri = "/rest/a%20b/%C3%A9?a=b;c=d&e=%zz&f=+"
	conn, err := net.Dial("tcp", strings.TrimPrefix(rig.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET "+uri+" HTTP/1.1\r\nHost: "+strings.TrimPrefix(rig.base, "http://")+"\r\nAuthorization: Bearer "+testToken+"\r\n\r\n")
	if got := <-raw; got != uri {
		t.Errorf("Jira was asked for %s, want %s", got, uri)
	}
}

func TestProxyAdmission(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	own := strings.TrimPrefix(rig.base, "http://")
	_, port, _ := net.SplitHostPort(own)
	noToken := "Authorization: "
	for _, tt := range []struct {
		name   string
		header []string
		want   int
	}{
		{"bearer", nil, 200},
		{"bearer, other case", []string{"Authorization: bearer " + testToken}, 200},
		{"basic", []string{"Authorization: Basic Ym90OmEtdG9rZW4tdGhhdC1ub2JvZHktY2FuLWd1ZXNz"}, 200},
		{"header", []string{noToken, "X-Ssoexchange-Token: " + testToken}, 200},
		{"header beside the tool's own password", []string{"Authorization: Basic YTpi", "X-Ssoexchange-Token: " + testToken}, 200},
		{"localhost", []string{"Host: LocalHost:" + port}, 200},
		{"::1", []string{"Host: [::1]:" + port}, 200},
		{"own page", []string{"Origin: http://" + own, "Sec-Fetch-Site: same-origin"}, 200},
		{"typed address", []string{"Sec-Fetch-Site: none"}, 200},

		{"no token", []string{noToken}, 401},
		{"wrong token", []string{"Authorization: Bearer " + testToken[1:]}, 401},
		{"empty bearer", []string{"Authorization: Bearer "}, 401},
		{"token as user name", []string{"Authorization: Basic YS10b2tlbi10aGF0LW5vYm9keS1jYW4tZ3Vlc3M6"}, 401},
		{"rebound name", []string{"Host: evil.example.com:" + port}, 421},
		{"rebound name without port", []string{"Host: evil.example.com"}, 421},
		{"name that looks like loopback", []string{"Host: localhost.evil.example.com:" + port}, 421},
		{"another port of loopback", []string{"Host: 127.0.0.1:1"}, 421},
		{"Jira's own name", []string{"Host: jira.example.com"}, 421},
		{"address of all", []string{"Host: 0.0.0.0:" + port}, 421},
		{"other page", []string{"Origin: https://evil.example.com"}, 403},
		{"page of another port", []string{"Origin: http://localhost:3000"}, 403},
		{"page without origin", []string{"Origin: null"}, 403},
		{"cross-site", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"same site, another port", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"cross-site without a token", []string{noToken, "Sec-Fetch-Site: cross-site"}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rig.Net.Reset()
			resp, body := rig.do(t, rig.request(t, "GET", "/rest/api/2/myself", nil, tt.header...))
			if resp.StatusCode != tt.want {
				t.Errorf("status %d, want %d: %.200s", resp.StatusCode, tt.want, body)
			}
			if got := len(rig.Net.Requests()); (tt.want == 200) != (got > 0) {
				t.Errorf("%d requests left the proxy", got)
			}
			if strings.Contains(body, testToken) {
				t.Error("the answer shows the token")
			}
		})
	}
	if h := rig.log.String(); strings.Contains(h, testToken) {
		t.Error("the log shows the token")
	}
}

// A proxy for one Jira is no proxy for the world, whatever the request line says.
func TestProxyIsNoForwardProxy(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	own := strings.TrimPrefix(rig.base, "http://")
	for _, tt := range []struct{ line, host, want string }{
		{"GET http://evil.example.com/ HTTP/1.1", own, "421"},
		{"GET http://" + own + "/rest/api/2/myself HTTP/1.1", own, "200"},
		{"CONNECT jira.example.com:443 HTTP/1.1", "jira.example.com:443", "421"},
		{"CONNECT " + own + " HTTP/1.1", own, "400"},
		{"OPTIONS * HTTP/1.1", own, "400"},
		{"TRACE /rest/api/2/myself HTTP/1.1", own, "405"},
		{"GET /a/../../secure HTTP/1.1", own, "404"},
	} {
		conn, err := net.Dial("tcp", own)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, tt.line+"\r\nHost: "+tt.host+"\r\nConnection: close\r\nAuthorization: Bearer "+testToken+"\r\n\r\n")
		answer, _ := io.ReadAll(conn)
		conn.Close()
		if status, _, _ := strings.Cut(strings.TrimPrefix(string(answer), "HTTP/1.1 "), " "); status != tt.want {
			t.Errorf("%s: %.60q, want %s", tt.line, answer, tt.want)
		}
	}
	if n := rig.Net.Connections("evil.example.com"); n != 0 {
		t.Errorf("%d connections to another host", n)
	}
}

func TestProxyRenewsTheSession(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	rig.Jira.SetRememberMe(false)
	end := func() {
		rig.Jira.EndSessions("passwordonly@example.com")
		rig.Okta.EndSessions("passwordonly@example.com")
	}
	var got []string
	var mu sync.Mutex
	rig.on("/rest/write", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		got = append(got, string(body))
		first := len(got) == 1
		mu.Unlock()
		if first {
			http.Error(w, "os_authType was 'any' and an invalid cookie was sent.", http.StatusUnauthorized)
		}
	})
	rig.do(t, rig.request(t, "GET", "/rest/api/2/myself", nil))
	end()
	if resp, body := rig.do(t, rig.request(t, "GET", "/rest/api/2/myself", nil)); resp.StatusCode != 200 || rig.logins() != 2 {
		t.Errorf("after the session ended: %s after %d sign-ins: %.100s", resp.Status, rig.logins(), body)
	}
	end()
	if resp, _ := rig.do(t, rig.request(t, "POST", "/rest/write", strings.NewReader(`{"a":1}`))); resp.StatusCode != 200 || len(got) != 2 || got[0] != got[1] {
		t.Errorf("a write: %s, Jira got %q, want it twice", resp.Status, got)
	}
	// What Jira refuses with a living session is refused: one request, no sign-in.
	before := rig.logins()
	rig.on("/rest/forbidden", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	if resp, _ := rig.do(t, rig.request(t, "GET", "/rest/forbidden", nil)); resp.StatusCode != 401 || len(rig.atJira("/rest/forbidden")) != 1 || rig.logins() != before {
		t.Errorf("Jira's own 401: %s after %d requests and %d sign-ins", resp.Status, len(rig.atJira("/rest/forbidden")), rig.logins()-before)
	}
}

func TestProxyRewritesRedirects(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{JiraContext: "/jira"})
	for _, tt := range []struct{ location, want string }{
		{"https://jira.example.com/jira/browse/OPS-1?a=b", rig.base + "/jira/browse/OPS-1?a=b"},
		{"https://JIRA.example.com:443/jira", rig.base + "/jira"},
		{"//jira.example.com/jira/x", rig.base + "/jira/x"},
		{"/jira/secure/Dashboard.jspa", "/jira/secure/Dashboard.jspa"},
		{"https://elsewhere.example.com/jira/file", "https://elsewhere.example.com/jira/file"},
		{"https://jira.example.com:8443/jira/", "https://jira.example.com:8443/jira/"},
		{"http://jira.example.com/jira/", "http://jira.example.com/jira/"},
		{"https://jira.example.com/wiki/", "https://jira.example.com/wiki/"},
		{"https://jira.example.com.evil.example.com/jira/", "https://jira.example.com.evil.example.com/jira/"},
	} {
		rig.on("/jira/go", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", tt.location)
			w.Header().Set("Content-Location", tt.location)
			w.WriteHeader(201)
		})
		resp, body := rig.do(t, rig.request(t, "POST", "/jira/go", nil))
		if got := resp.Header.Get("Location"); got != tt.want || resp.Header.Get("Content-Location") != tt.want {
			t.Errorf("%s became %q (%s %s), want %s", tt.location, got, resp.Status, body, tt.want)
		}
	}
	for path, want := range map[string]int{
		"/jira/rest/api/2/myself": 200, "/rest/api/2/myself": 404, "/jirafe/": 404, "/jira/../wiki": 404,
		"/jira/%2e%2e/wiki": 404, "/jira/..;x/wiki": 404, `/jira/..%5Cwiki`: 404, "/jira/a..b/": 404,
	} {
		rig.Net.Reset()
		resp, body := rig.do(t, rig.request(t, "GET", path, nil))
		if resp.StatusCode != want {
			t.Errorf("GET %s: %s, want %d: %.200s", path, resp.Status, want, body)
		}
		// Two dots inside a name are Jira's business; the rest does not leave.
		if n := len(rig.Net.Requests()); (n > 0) != (want == 200 || path == "/jira/a..b/") {
			t.Errorf("GET %s: %d requests left the proxy", path, n)
		}
	}
}

// TestProxyDoesNotHammer: a password that is refused is one request to the IdP,
// however often tools ask.
func TestProxyDoesNotHammer(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{}, "MFAType=SMS", "User=sms@example.com")
	for range 5 {
		resp, body := rig.do(t, rig.request(t, "GET", "/rest/api/2/myself", nil))
		if resp.StatusCode != 502 || resp.Header.Get("X-Ssoexchange-Error") != "passcode_needed" || !strings.Contains(body, `"hint"`) {
			t.Fatalf("%s %s: %s", resp.Status, resp.Header.Get("X-Ssoexchange-Error"), body)
		}
	}
	if n := rig.logins(); n > 2 { // the password, and the request for a message
		t.Errorf("%d requests to the IdP for five of the tool", n)
	}
}
