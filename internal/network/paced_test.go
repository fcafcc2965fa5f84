package network

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// secretSurplus must not be seen anywhere.
const secretSurplus = "HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=s3cret\r\n\r\n<input name=SAMLResponse value=s3cret>"

// hangUp as what comes later is the end of the connection.
const hangUp = "hang up"

// chatty answers every request on its connections with the same bytes.
type chatty struct {
	net.Listener
	answer string
	later  string // sent after the answer, by itself
	conns  sync.WaitGroup

	mu       sync.Mutex
	requests int
}

func newChatty(t *testing.T, answer, later string, tlsConfig *tls.Config) *chatty {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	c := &chatty{Listener: ln, answer: answer, later: later}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if tlsConfig != nil {
				conn = tls.Server(conn, tlsConfig)
			}
			c.conns.Go(func() { c.serve(conn) })
		}
	}()
	return c
}

func (c *chatty) serve(conn net.Conn) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		c.mu.Lock()
		c.requests++
		c.mu.Unlock()
		if _, err := io.WriteString(conn, c.answer); err != nil {
			return
		}
		switch c.later {
		case "":
		case hangUp:
			return
		default:
			io.WriteString(conn, c.later)
		}
	}
}

// Nothing that a server sends reaches package log's standard logger, whatever the
// connection is, and an answer before it is good.
func TestNothingIsLogged(t *testing.T) {
	noProxy(t)
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(log.Default().Writer())
	ca := newAuthority(t)
	file := tempFile(t, certPEM(ca.cert))
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{ca.server("jira.example.com")}}
	long := strings.Repeat("x", 5000)
	for name, tt := range map[string]struct{ answer, later, body string }{
		"longer than its length":     {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + secretSurplus, "", "ok"},
		"long, and longer":           {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + long + secretSurplus, "", long},
		"with a line break in front": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n" + secretSurplus, "", "ok"},
		"no length at all":           {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + secretSurplus, "", ""},
		"204 with a body":            {"HTTP/1.1 204 No Content\r\n\r\n" + secretSurplus, "", ""},
		"204 with a length":          {"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n" + secretSurplus, "", ""},
		"304 with a body":            {"HTTP/1.1 304 Not Modified\r\n\r\n" + secretSurplus, "", ""},
		"behind the last chunk":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + secretSurplus, "", "ok"},
		"behind trailers":            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n" + secretSurplus, "", "ok"},
		"two redirects at once":      {strings.Repeat("HTTP/1.1 302 Found\r\nLocation: /s3cret\r\nSet-Cookie: JSESSIONID=s3cret\r\nContent-Length: 0\r\n\r\n", 2), "", ""},
		"after an information":       {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + secretSurplus, "", "ok"},
		"later":                      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", secretSurplus, "ok"},
		"a byte later":               {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "s", "ok"},
		"bare line feeds":            {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok" + secretSurplus, "", "ok"},
		"nothing too many":           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "", "ok"},
	} {
		for _, way := range []string{"TLS", "plain", "proxy"} {
			t.Run(name+", "+way, func(t *testing.T) {
				logged.Reset()
				server := newChatty(t, tt.answer, tt.later, map[bool]*tls.Config{true: tlsConfig}[way != "plain"])
				cfg, address := &config.Config{SSLServerCert: file}, "https://jira.example.com/"
				dial := to(server.Addr().String())
				switch way {
				case "plain":
					address = "http://jira.localhost/"
				case "proxy":
					cfg.ProxyServer, dial = newConnectProxy(t, server.Addr().String()).URL, nil
				}
				n := openNetwork(t, cfg, dial)
				for i := range 4 {
					body, err := try(n, address, i)
					if tt.later != "" && i > 0 {
						continue // what comes just when the next request is sent is taken for its answer
					}
					if body != tt.body || err != nil && i == 0 {
						t.Errorf("request %d: %d bytes, %v", i, len(body), err)
					}
				}
				n.Close()
				server.conns.Wait() // then all has been read, and logged
				if logged.Len() > 0 {
					t.Errorf("logged: %s", logged.String())
				}
			})
		}
	}
}

// try makes the i-th request; those with an odd number have a body. A request for which
// a connection broke is made again.
func try(n *Network, address string, i int) (string, error) {
	// An answer that is cut short by what came before it never ends.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var err error
	for range 3 {
		req, _ := http.NewRequest(http.MethodGet, address, nil)
		if i%2 == 1 {
			req, _ = http.NewRequest(http.MethodPost, address, strings.NewReader("a=b"))
		}
		var resp *http.Response
		if resp, err = n.RoundTrip(req.WithContext(ctx)); err != nil {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		return string(body), err
	}
	return "", err
}

// A connection on which nothing is wrong is kept, and its answers have a TLS state.
func TestPacedConnectionsAreKept(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	s := newSite(t, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }, ca.server("jira.example.com"))
	n := openNetwork(t, &config.Config{SSLServerCert: tempFile(t, certPEM(ca.cert))}, to(s.addr()))
	for i := range 5 {
		req, _ := http.NewRequest(http.MethodGet, fmt.Sprintf("https://jira.example.com/%d", i), nil)
		resp, err := n.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 {
			t.Error("the answer has no TLS state")
		}
	}
	if accepted, _, requests := s.counts(); accepted != 1 || requests != 5 {
		t.Errorf("%d connections for %d requests", accepted, requests)
	}
}

// What is not understood of an answer is not quoted in the error.
func TestNothingIsQuoted(t *testing.T) {
	noProxy(t)
	ca := newAuthority(t)
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{ca.server("jira.example.com")}}
	file := tempFile(t, certPEM(ca.cert))
	for name, answer := range map[string]string{
		"no HTTP":             "s3cret and more\r\n\r\n",
		"status line":         "HTTP/1.1 s3cret\r\n\r\n",
		"version":             "HTTP/s3cret 200 OK\r\n\r\n",
		"header without name": "HTTP/1.1 200 OK\r\nJSESSIONID=s3cret\r\n\r\n",
		"header with a space": "HTTP/1.1 200 OK\r\nSet Cookie: s3cret\r\n\r\n",
		"continuation first":  "HTTP/1.1 200 OK\r\n s3cret: x\r\n\r\n",
		"length":              "HTTP/1.1 200 OK\r\nContent-Length: s3cret\r\n\r\n",
		"two lengths":         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: s3cret\r\n\r\n",
		"encoding":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: s3cret\r\n\r\n",
		"two encodings":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: s3cret\r\n\r\n",
		"trailer":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length, s3cret\r\n\r\n0\r\n\r\n",
		"chunk":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ns3cret\r\n",
		"trailer's header":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\ns3cret\r\n\r\n",
		"gzip":                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\ns3cret",
	} {
		t.Run(name, func(t *testing.T) {
			server := newChatty(t, answer, hangUp, tlsConfig)
			var debug bytes.Buffer
			n := openNetwork(t, &config.Config{SSLServerCert: file}, to(server.Addr().String()))
			c := &httpclient.Client{Server: "jira", Transport: n, Logger: slog.New(slog.NewTextHandler(&debug, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			_, err := c.Do(t.Context(), httpclient.Request{Step: autherr.StepVerify, Method: http.MethodGet, URL: mustURL(t, "https://jira.example.com/x")})
			if err == nil {
				t.Skip("it is understood")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "s3cret") {
					t.Errorf("%T: %v", e, e)
				}
			}
			if strings.Contains(debug.String(), "s3cret") {
				t.Errorf("logged: %s", debug.String())
			}
		})
	}
}
