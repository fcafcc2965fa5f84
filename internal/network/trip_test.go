package network

import (
	"bufio"
	"io"
	"net/http"
	"testing"

	"github.com/ssoexchange/ssoexchange/config"
)

// TestUpgradeOverHTTP1: a server that speaks HTTP/2 gets a WebSocket handshake over
// HTTP/1.1, and everything else over HTTP/2 as before.
func TestUpgradeOverHTTP1(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	s := newSite(t, nil, ca.server("jira.example.com"))
	site := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			site.ServeHTTP(w, r)
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack() // HTTP/2 has none
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(conn, buffered)
	})
	n := openNetwork(t, &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, to(s.addr()))
	for range 2 {
		if _, err := get(n, "https://jira.example.com/x"); err != nil {
			t.Fatal(err)
		}
		if got := s.last(); got != "HTTP/2.0 /x" {
			t.Fatalf("served %q", got)
		}
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://jira.example.com/socket", nil)
		r.Header.Set("Connection", "keep-alive, Upgrade")
		r.Header.Set("Upgrade", "websocket")
		resp, err := n.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("upgrade: %v %v", resp, err)
		}
		conn := resp.Body.(io.ReadWriteCloser)
		io.WriteString(conn, "hello\n")
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != "hello\n" {
			t.Errorf("echo: %q %v", line, err)
		}
		conn.Close()
	}
}
