//go:build linux

package harness

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Proxy is an HTTP proxy that knows one thing: localhost and the names below it are
// this machine (RFC 6761, section 6.3), which not every resolver knows. It refuses
// and remembers everything else, so it also proves that nothing left the machine.
type Proxy struct {
	ln     net.Listener
	server *http.Server

	mu      sync.Mutex
	refused []string
}

// NewProxy starts a proxy on a free loopback port.
func NewProxy() (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{ln: ln}
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve)}
	go p.server.Serve(ln)
	return p, nil
}

// Address returns "127.0.0.1:port".
func (p *Proxy) Address() string { return p.ln.Addr().String() }

// Close ends the proxy. Connections through it end with their clients.
func (p *Proxy) Close() { p.server.Close() }

// Strangers names the hosts elsewhere that somebody asked for, without those known to
// be harmless; nil: nobody did. All were refused.
func (p *Proxy) Strangers(harmless ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var hosts []string
	for _, address := range p.refused {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		if !slices.Contains(harmless, host) && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) > 0 {
		return fmt.Errorf("somebody asked for %s", strings.Join(hosts, " "))
	}
	return nil
}

// serve connects both sides until one of them ends. A plain request to this machine
// finds nobody: no server here speaks anything but TLS.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	to, ok := Loopback(r.Host)
	if !ok {
		p.mu.Lock()
		p.refused = append(p.refused, r.Host)
		p.mu.Unlock()
		http.Error(w, "not on this machine", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodConnect {
		http.Error(w, "nobody here", http.StatusBadGateway)
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
