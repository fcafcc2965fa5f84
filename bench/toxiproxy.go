//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// toxiproxyModule is the proxy that makes a link slow. It delays what the server says
// by one round trip, the TLS handshake included. It cannot delay the TCP handshake:
// on a real link a new connection costs one round trip more, for everybody here.
const toxiproxyModule = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0"

const linkName = "link"

// link is the slow link between clients and servers.
type link struct {
	api string // base URL of its remote control
	cmd *exec.Cmd
}

// newLink builds toxiproxy into dir and has it lead from port from to the address to.
func newLink(ctx context.Context, group *judge.Group, dir string, from int, to string) (*link, error) {
	build := group.Command(ctx, "go", "install", toxiproxyModule)
	build.Env = append(build.Env, "GOBIN="+dir, "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building toxiproxy: %w: %s", err, judge.Tail(out, 400))
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	l := &link{api: fmt.Sprintf("http://127.0.0.1:%d", port)}
	l.cmd = group.Command(ctx, filepath.Join(dir, "server"), "-host", "127.0.0.1", "-port", fmt.Sprint(port))
	l.cmd.Env = append(l.cmd.Env, "LOG_LEVEL=error")
	l.cmd.Stdout, l.cmd.Stderr = io.Discard, os.Stderr
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	proxy := map[string]any{"name": linkName, "listen": fmt.Sprintf("127.0.0.1:%d", from), "upstream": to, "enabled": true}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = l.post(ctx, "/proxies", proxy); err == nil || time.Now().After(end) {
			return l, err
		}
	}
}

// delay makes each round trip take rtt from now on.
func (l *link) delay(ctx context.Context, rtt time.Duration) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, l.api+"/proxies/"+linkName+"/toxics/delay", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close() // 404 if there was none
	if rtt == 0 {
		return nil
	}
	return l.post(ctx, "/proxies/"+linkName+"/toxics", map[string]any{
		"name": "delay", "type": "latency", "stream": "downstream",
		"attributes": map[string]any{"latency": rtt.Milliseconds(), "jitter": 0},
	})
}

func (l *link) close() {
	_ = l.cmd.Cancel() // it may have ended
	_ = l.cmd.Wait()
}

func (l *link) post(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.api+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 400))
		return fmt.Errorf("toxiproxy: %s: %d %s", path, resp.StatusCode, text)
	}
	return nil
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}
