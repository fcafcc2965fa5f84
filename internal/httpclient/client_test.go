package httpclient_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

const secret = "correct-horse-battery"

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestCheckURL(t *testing.T) {
	for _, tt := range []struct {
		url string
		ok  bool
	}{
		{"https://jira.example.com/x", true},
		{"https://jira.example.com:8443/", true},
		{"http://jira.example.com/", false},
		{"http://127.0.0.1:8080/", true},
		{"http://[::1]:8080/", true},
		{"http://okta.localhost/", true},
		{"http://localhost.example.com/", false},
		{"http://127.0.0.1.example.com/", false},
		{"https://ana:pw@jira.example.com/", false},
		{"https:///nohost", false},
		{"ftp://jira.example.com/", false},
		{"javascript:alert(1)", false},
	} {
		if err := httpclient.CheckURL(parse(t, tt.url)); (err == nil) != tt.ok {
			t.Errorf("CheckURL(%s) = %v, want ok %v", tt.url, err, tt.ok)
		}
	}
}

func TestOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"https://Jira.Example.com:443/x": "https://jira.example.com",
		"https://jira.example.com:8443/": "https://jira.example.com:8443",
		"http://[::1]:80/":               "http://[::1]",
		"HTTP://localhost:8080":          "http://localhost:8080",
	} {
		if got := httpclient.Origin(parse(t, in)); got != want {
			t.Errorf("Origin(%s) = %s, want %s", in, got, want)
		}
	}
}

// TestFailures holds every way in which a server can fail to answer against the
// error that comes of it, and looks for the secret in it.
func TestFailures(t *testing.T) {
	bomb := func() []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(make([]byte, 64<<20))
		z.Close()
		return b.Bytes()
	}()
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/flood", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop?again", http.StatusFound) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	defer close(release)

	for _, tt := range []struct {
		path string
		kind error
		safe bool
	}{
		{"/flood", autherr.ErrBadAnswer, false},
		{"/bomb", autherr.ErrBadAnswer, false},
		{"/cut", autherr.ErrUnreachable, false},
		{"/reset", autherr.ErrUnreachable, false},
		{"/hang", autherr.ErrUnreachable, false},
		{"/loop", autherr.ErrBadAnswer, false},
	} {
		t.Run(tt.path[1:], func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.path == "/hang" {
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			var log bytes.Buffer
			c := &httpclient.Client{Server: "okta", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			_, err := c.Follow(ctx, httpclient.Request{Step: autherr.StepLogin, Method: "POST", URL: parse(t, srv.URL+tt.path+"?token="+secret),
				Body: []byte("password=" + secret), Header: http.Header{"Authorization": {secret}}, Secret: true, Limit: 1 << 20},
				func(*url.URL) bool { return true })
			if !errors.Is(err, tt.kind) {
				t.Fatalf("error %v is not %v", err, tt.kind)
			}
			var step *autherr.StepError
			if !errors.As(err, &step) || step.Step != autherr.StepLogin {
				t.Errorf("error %v does not name the step", err)
			}
			var failed *httpclient.Error
			if !errors.As(err, &failed) || failed.SafeToRetry() != tt.safe {
				t.Errorf("SafeToRetry of %v is not %v", err, tt.safe)
			}
			if out := fmt.Sprintf("%v %+v %#v %s", err, err, failed, log.String()); strings.Contains(out, secret) {
				t.Errorf("the secret shows in %s", out)
			}
		})
	}
}

func TestNotConnectedIsSafeToRetry(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c := &httpclient.Client{Server: "okta"}
	_, err = c.Do(t.Context(), httpclient.Request{Step: autherr.StepLogin, Method: "POST", URL: parse(t, "http://"+address+"/"), Body: []byte("x"), Secret: true})
	var failed *httpclient.Error
	if !errors.As(err, &failed) || !failed.SafeToRetry() || failed.HintText() == "" {
		t.Errorf("error %#v: want one that is safe to retry, with a hint", err)
	}
}

func TestInsecureAddressIsNotSent(t *testing.T) {
	var asked atomic.Bool
	c := &httpclient.Client{Server: "okta", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		asked.Store(true)
		return nil, errors.New("unreached")
	})}
	_, err := c.Do(t.Context(), httpclient.Request{Step: autherr.StepLogin, Method: "GET", URL: parse(t, "http://jira.example.com/")})
	if !errors.Is(err, autherr.ErrBadAnswer) || asked.Load() {
		t.Errorf("error %v, sent %v: a plain http address must not be asked", err, asked.Load())
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestFollow shows which redirects are followed, and what the next request carries.
func TestFollow(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, "other "+r.Header.Get("Authorization"))
	}))
	defer other.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/next", http.StatusFound) })
	mux.HandleFunc("/keep", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/next", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/next", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprintf("%s %s %q %q", r.Method, r.URL.Path, body, r.Header.Get("Content-Type")))
	})
	mux.HandleFunc("/foreign", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/", http.StatusFound) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	onServer := func(u *url.URL) bool { return httpclient.SameOrigin(u, parse(t, srv.URL)) }
	anywhere := func(*url.URL) bool { return true }

	for _, tt := range []struct {
		path    string
		allowed func(*url.URL) bool
		status  int
		seen    string
	}{
		{"/start", onServer, 200, `GET /next "" ""`},
		{"/keep", onServer, 307, ""},
		{"/foreign", onServer, 302, ""},
		{"/foreign", anywhere, 200, "other "},
	} {
		seen = nil
		c := &httpclient.Client{Server: "jira"}
		a, err := c.Follow(t.Context(), httpclient.Request{Step: autherr.StepStart, Method: "POST", URL: parse(t, srv.URL+tt.path), Body: []byte("b"),
			Header: http.Header{"Content-Type": {"text/plain"}, "Authorization": {secret}}}, tt.allowed)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(seen, ","); a.Status != tt.status || got != tt.seen {
			t.Errorf("%s: status %d, then %q; want %d, then %q", tt.path, a.Status, got, tt.status, tt.seen)
		}
	}
}

// TestSessionIDInPath: servlet containers put session ids into paths.
func TestSessionIDInPath(t *testing.T) {
	c := &httpclient.Client{Server: "jira", Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })}
	_, err := c.Do(t.Context(), httpclient.Request{Step: autherr.StepLogin, Method: "GET", URL: parse(t, "https://jira.example.com/login.action;jsessionid="+secret)})
	if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "/login.action") {
		t.Errorf("error %v: want the path without the session id", err)
	}
}

func TestRetryAfter(t *testing.T) {
	date := "Sat, 21 Nov 2026 10:00:00 GMT"
	for in, want := range map[string]time.Duration{
		"":                              0,
		"30":                            30 * time.Second,
		"-5":                            0,
		"999999999":                     time.Hour,
		"Sat, 21 Nov 2026 10:02:00 GMT": 2 * time.Minute,
		"Sat, 21 Nov 2026 09:00:00 GMT": 0,
		"soon":                          0,
	} {
		h := http.Header{"Date": {date}}
		if in != "" {
			h.Set("Retry-After", in)
		}
		if got := httpclient.RetryAfter(h); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", in, got, want)
		}
	}
}
