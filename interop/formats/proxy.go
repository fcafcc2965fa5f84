//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// proxy leads names below localhost to this machine (RFC 6761, section 6.3), for
// readers whose resolver does not, and refuses every other. It remembers whom it
// refused.
type proxy struct {
	server *http.Server
	addr   string

	mu      sync.Mutex
	refused []string
}

func startProxy() (*proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{addr: ln.Addr().String()}
	p.server = &http.Server{Handler: p}
	go p.server.Serve(ln)
	return p, nil
}

func (p *proxy) address() string { return p.addr }

func (p *proxy) close() { p.server.Close() }

// strangers names the first other host that a reader asked for.
func (p *proxy) strangers() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refused) == 0 {
		return nil
	}
	return fmt.Errorf("%d were, the first to %s", len(p.refused), p.refused[0])
}

// ServeHTTP connects the two sides until one of them ends.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || r.Method != http.MethodConnect || !strings.HasSuffix(host, ".localhost") {
		p.mu.Lock()
		p.refused = append(p.refused, r.Host)
		p.mu.Unlock()
		http.Error(w, "not on this machine", http.StatusForbidden)
		return
	}
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		http.Error(w, "no answer", http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		io.Copy(server, buffered)
		server.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(client, server)
}
