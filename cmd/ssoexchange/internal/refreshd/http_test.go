package refreshd

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/sso"
)

// testOptions are of a program that says nothing.
var testOptions = Options{
	Version:  "test",
	Logger:   slog.New(slog.DiscardHandler),
	WaitsFor: func(string) func() { return func() {} },
	TurnHint: func(_, _, hint string) string { return hint },
}

// watchServer serves health and metrics as refresh does, without any profile.
func watchServer(t *testing.T, c *configfile.Refresh) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	k := &service{Options: testOptions, refresher: sso.NewRefresher(sso.RefreshOptions{})}
	k.metrics = newMeters("test", k.refresher.Status)
	c.Socket = filepath.Join(t.TempDir(), "s")
	servers, err := k.serve(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); servers.stop() })
}

// freePort returns a port of loopback that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// rawStatus sends one request as it stands and returns the status of the answer.
func rawStatus(t *testing.T, network, address, request string) int {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// A page whose name was pointed at loopback must not read who is kept, and where.
func TestRefreshAnswersItsOwnHostsOnly(t *testing.T) {
	port := freePort(t)
	address := "127.0.0.1:" + port
	c := &configfile.Refresh{Listen: address, Hosts: []string{"metrics.example.com", "scrape.example.com:9999", "::1"}}
	watchServer(t, c)
	const ok, misdirected = http.StatusOK, http.StatusMisdirectedRequest
	for _, tt := range []struct {
		name, target, headers string
		want                  int
	}{
		{"own address", "/readyz", "Host: " + address, ok},
		{"localhost", "/readyz", "Host: localhost:" + port, ok},
		{"other case", "/readyz", "Host: LOCALHOST:" + port, ok},
		{"trailing dot", "/readyz", "Host: localhost.:" + port, ok},
		{"another address of loopback", "/readyz", "Host: 127.0.0.2:" + port, ok},
		{"IPv6 literal", "/readyz", "Host: [::1]:" + port, ok},
		{"IPv4-mapped", "/readyz", "Host: [::ffff:127.0.0.1]:" + port, ok},
		{"absolute form, own", "http://" + address + "/readyz", "Host: " + address, ok},
		{"configured, any port", "/readyz", "Host: metrics.example.com:8443", ok},
		{"configured, no port", "/readyz", "Host: METRICS.example.com.", ok},
		{"configured with its port", "/readyz", "Host: scrape.example.com:9999", ok},
		{"configured address, any port", "/readyz", "Host: [::1]:4711", ok},

		{"rebound name", "/readyz", "Host: evil.example.com:" + port, misdirected},
		{"rebound name, health", "/healthz", "Host: evil.example.com:" + port, misdirected},
		{"rebound name, metrics", "/metrics", "Host: evil.example.com:" + port, misdirected},
		{"rebound name, no such page", "/", "Host: evil.example.com:" + port, misdirected},
		{"rebound name, HEAD", "HEAD /readyz", "Host: evil.example.com:" + port, misdirected},
		{"another port", "/readyz", "Host: 127.0.0.1:1", misdirected},
		{"no port", "/readyz", "Host: localhost", misdirected},
		{"below localhost", "/readyz", "Host: a.localhost:" + port, misdirected},
		{"begins as localhost", "/readyz", "Host: localhost.evil.example.com:" + port, misdirected},
		{"address in a name", "/readyz", "Host: 127.0.0.1.nip.io:" + port, misdirected},
		{"address with a dot", "/readyz", "Host: 127.0.0.1.:" + port, misdirected},
		{"two dots", "/readyz", "Host: localhost..:" + port, misdirected},
		{"address of a network", "/readyz", "Host: 192.0.2.1:" + port, misdirected},
		{"unspecified address", "/readyz", "Host: 0.0.0.0:" + port, misdirected},
		{"IPv4-mapped of a network", "/readyz", "Host: [::ffff:192.0.2.1]:" + port, misdirected},
		{"decimal address", "/readyz", "Host: 2130706433:" + port, misdirected},
		{"absolute form, foreign", "http://evil.example.com/readyz", "Host: " + address, misdirected},
		{"empty Host", "/readyz", "Host:", misdirected},
		{"forwarded", "/readyz", "Host: evil.example.com:" + port + "\r\nX-Forwarded-Host: " + address, misdirected},
		{"Forwarded", "/readyz", "Host: evil.example.com:" + port + "\r\nForwarded: host=" + address, misdirected},
		{"configured with another port", "/readyz", "Host: scrape.example.com:9998", misdirected},
		{"below a configured name", "/readyz", "Host: a.metrics.example.com", misdirected},
		{"a page of another site", "/readyz", "Host: " + address + "\r\nOrigin: http://evil.example.com", http.StatusForbidden},
		{"a page of another port", "/readyz", "Host: " + address + "\r\nSec-Fetch-Site: same-site", http.StatusForbidden},
		{"no Host at all", "/readyz", "X-No-Host: 1", http.StatusBadRequest},
		{"two Hosts", "/readyz", "Host: " + address + "\r\nHost: evil.example.com", http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := tt.target
			if !strings.HasPrefix(target, "HEAD ") {
				target = "GET " + target
			}
			if got := rawStatus(t, "tcp", address, target+" HTTP/1.1\r\n"+tt.headers+"\r\nConnection: close\r\n\r\n"); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
		})
	}
	if got := rawStatus(t, "tcp", address, "GET /readyz HTTP/1.0\r\n\r\n"); got != misdirected {
		t.Errorf("HTTP/1.0 without Host: status %d, want %d", got, misdirected)
	}
	// No page reaches a socket, whatever host it names.
	if got := rawStatus(t, "unix", c.Socket, "GET /readyz HTTP/1.1\r\nHost: anything.example.com\r\n\r\n"); got != ok {
		t.Errorf("on the socket: status %d, want %d", got, ok)
	}
}

// A --listen that is a socket is as exempt as the other one.
func TestRefreshListensOnASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	watchServer(t, &configfile.Refresh{Listen: "unix:" + path})
	if got := rawStatus(t, "unix", path, "GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n"); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
}

func TestCheckHost(t *testing.T) {
	for _, ok := range []string{"metrics.example.com", "a:9464", "10.0.0.7", "10.0.0.7:80", "::1", "[::1]", "[fd00::1]:9464", "Bot_1"} {
		if err := loopback.CheckHost(ok); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	for _, bad := range []string{"", "*", "*.example.com", "http://a", "a/b", "a b", "a:port", "a:0", "a:70000", ":80", "[::1", "user@a"} {
		if loopback.CheckHost(bad) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
