package proxy

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/netutil"
)

// TestProxyConnections: beyond the bound a connection waits until another has ended,
// idle and upgraded ones included.
func TestProxyConnections(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	go func() {
		ended <- Serve(ctx, netutil.LimitListener(inner, 2), h, time.Second, slog.New(slog.DiscardHandler))
	}()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	answered := func(conn net.Conn, patience time.Duration) bool {
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Read(make([]byte, 1))
		return err == nil
	}
	one, two, three := dial(), dial(), dial()
	if !answered(one, 10*time.Second) || !answered(two, 10*time.Second) {
		t.Fatal("a connection within the bound is not served")
	}
	if answered(three, 100*time.Millisecond) {
		t.Error("a connection beyond the bound is served")
	}
	one.Close()
	three.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := three.Read(make([]byte, 1)); err != nil {
		t.Errorf("when another has ended: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
