package oauth_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/oauth"
)

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func get(t *testing.T, addr, host, target string) int {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if strings.Contains(string(body), "the-code") || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: the page shows the code or may be cached: %v %s", target, resp.Header, body)
	}
	return resp.StatusCode
}

// Only the answer that is waited for counts; what other pages send to the port changes nothing.
func TestListener(t *testing.T) {
	port := freePort(t)
	callback := parse(t, "http://localhost:"+port+"/callback")
	l, err := oauth.Listen(callback, "the-state")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr, host := "127.0.0.1:"+port, "localhost:"+port
	for _, tt := range []struct {
		name, host, target string
		want               int
	}{
		{"the browser's icon", host, "/favicon.ico", 404},
		{"another path", host, "/?code=the-code&state=the-state", 404},
		{"another name (DNS rebinding)", "evil.example:" + port, "/callback?code=the-code&state=the-state", 421},
		{"the address for the name", addr, "/callback?code=the-code&state=the-state", 421},
		{"without its port", "localhost", "/callback?code=the-code&state=the-state", 421},
		{"another state", host, "/callback?code=evil&state=other", 400},
		{"no state", host, "/callback?code=evil", 400},
		{"no answer", host, "/callback", 400},
		{"the answer", host, "/callback?code=the-code&state=the-state", 200},
		{"once more", host, "/callback?code=other-code&state=the-state", 409},
	} {
		if got := get(t, addr, tt.host, tt.target); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	answer, err := l.Await(t.Context())
	if want := callback.String() + "?code=the-code&state=the-state"; answer != want || err != nil {
		t.Errorf("%q, %v; want %q", answer, err, want)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("it listens after Close")
	}
}

func TestListenBothFamilies(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else {
		l.Close()
	}
	port := freePort(t)
	l, err := oauth.Listen(parse(t, "http://localhost:"+port), "s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, addr := range []string{"127.0.0.1:" + port, "[::1]:" + port} {
		if got := get(t, addr, "localhost:"+port, "/x"); got != 404 {
			t.Errorf("%s: %d", addr, got)
		}
	}
}

func TestWhereNothingListens(t *testing.T) {
	for _, callback := range []string{"https://localhost:1", "http://bot.example.com:33333", "http://0.0.0.0:33333", "http://[::]:1", "http://192.168.0.1:1", "http://localhost.evil.example:1"} {
		if l, err := oauth.Listen(parse(t, callback), "s"); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%s: %v, %v", callback, l, err)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := oauth.Listen(&url.URL{Scheme: "http", Host: taken.Addr().String()}, "s"); !errors.Is(err, autherr.ErrConfig) {
		t.Errorf("a taken port: %v", err)
	}
	l, err := oauth.Listen(parse(t, "http://127.0.0.1:"+freePort(t)), "s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Await(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}
