//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const linkName = "link"

// link is the slow link between clients and servers. Toxiproxy delays what the server
// says by one round trip, the TLS handshake included. It cannot delay the TCP handshake:
// on a real link a new connection costs one round trip more, for everybody here.
type link struct {
	proxy   *harness.Toxiproxy
	delayed bool
}

// newLink builds toxiproxy into dir and has it lead from port from to the address to.
func newLink(ctx context.Context, group *harness.Group, dir string, from int, to string) (*link, error) {
	proxy, err := harness.StartToxiproxy(ctx, group, dir)
	if err != nil {
		return nil, err
	}
	return &link{proxy: proxy}, proxy.Call(http.MethodPost, "/proxies", map[string]any{
		"name": linkName, "listen": fmt.Sprintf("127.0.0.1:%d", from), "upstream": to, "enabled": true,
	})
}

// delay makes each round trip take rtt from now on.
func (l *link) delay(_ context.Context, rtt time.Duration) error {
	const toxics = "/proxies/" + linkName + "/toxics"
	if l.delayed {
		if err := l.proxy.Call(http.MethodDelete, toxics+"/delay", nil); err != nil {
			return err
		}
		l.delayed = false
	}
	if rtt == 0 {
		return nil
	}
	l.delayed = true
	return l.proxy.Call(http.MethodPost, toxics, map[string]any{
		"name": "delay", "type": "latency", "stream": "downstream",
		"attributes": map[string]any{"latency": rtt.Milliseconds(), "jitter": 0},
	})
}

func (l *link) close() { l.proxy.Stop() }
