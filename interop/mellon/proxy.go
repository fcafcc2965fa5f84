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

// proxy is an HTTP proxy that knows one thing: names below localhost are this
// machine (RFC 6761, section 6.3), which not every resolver knows. It refuses and
// remembers everything else, so it also proves that nothing left the machine.
type proxy struct {
	ln     net.Listener
	server *http.Server

	mu      sync.Mutex
	refused []string
}

func startProxy() (*proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{ln: ln}
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve)}
	go p.server.Serve(ln)
	return p, nil
}

func (p *proxy) address() string { return p.ln.Addr().String() }

func (p *proxy) close() { p.server.Close() }

// strangers names the first other host that somebody asked for.
func (p *proxy) strangers() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refused) > 0 {
		return fmt.Errorf("%d were, the first to %s", len(p.refused), p.refused[0])
	}
	return nil
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	to, ok := loopback(r.Host)
	if r.Method != http.MethodConnect || !ok {
		p.mu.Lock()
		p.refused = append(p.refused, r.Host)
		p.mu.Unlock()
		http.Error(w, "not on this machine", http.StatusForbidden)
		return
	}
	up, err := net.Dial("tcp", to)
	if err != nil {
		http.Error(w, "no answer", http.StatusBadGateway)
		return
	}
	defer up.Close()
	down, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	io.WriteString(down, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		io.Copy(up, buffered)
		up.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(down, up)
}

// loopback returns where hostport is on this machine.
func loopback(hostport string) (string, bool) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || !strings.HasSuffix(host, ".localhost") {
		return "", false
	}
	return net.JoinHostPort("127.0.0.1", port), true
}
