package network

import (
	"bytes"
	"crypto/tls"
	"errors"
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

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// shared is a text that several goroutines write.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// headers is a header block of names and values.
func headers(t *testing.T, fields ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestNothingOfHTTP2IsShown: net/http prints fixed sentences about protocol errors, which
// cannot be prevented; no byte of the server is in them, nor in errors.
func TestNothingOfHTTP2IsShown(t *testing.T) {
	noProxy(t)
	var logged shared
	log.SetOutput(&logged)
	defer log.SetOutput(log.Default().Writer())
	ca := newAuthority(t)
	file := tempFile(t, certPEM(ca.cert))
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{ca.server("jira.example.com")}, NextProtos: []string{"h2"}}
	head := func(end bool, fields ...string) func(*http2.Framer) {
		block := headers(t, fields...)
		return func(f *http2.Framer) {
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndHeaders: true, EndStream: end})
		}
	}
	ok := head(false, ":status", "200")
	for name, answer := range map[string]func(*http2.Framer){
		"data first":       func(f *http2.Framer) { f.WriteData(1, false, []byte("s3cret")) },
		"data of another":  func(f *http2.Framer) { f.WriteData(9, false, []byte("s3cret")) },
		"data after end":   func(f *http2.Framer) { ok(f); f.WriteData(1, true, nil); f.WriteData(1, true, []byte("s3cret")) },
		"going away":       func(f *http2.Framer) { f.WriteGoAway(0, http2.ErrCodeInternal, []byte("s3cret")) },
		"going away later": func(f *http2.Framer) { ok(f); f.WriteGoAway(0, http2.ErrCodeInternal, []byte("s3cret")) },
		"reset":            func(f *http2.Framer) { ok(f); f.WriteRSTStream(1, http2.ErrCodeInternal) },
		"unknown frame":    func(f *http2.Framer) { f.WriteRawFrame(77, 0, 1, []byte("s3cret")) },
		"push":             func(f *http2.Framer) { f.WriteRawFrame(http2.FramePushPromise, 4, 1, []byte("\x00\x00\x00\x02s3cret")) },
		"bad block":        func(f *http2.Framer) { f.WriteRawFrame(http2.FrameHeaders, 4, 1, []byte("\xff\xff\xffs3cret")) },
		"bad name":         head(true, ":status", "200", "JSESSIONID s3cret", "s3cret"),
		"bad value":        head(true, ":status", "200", "set-cookie", "JSESSIONID=s3cret\x01"),
		"pseudo header":    head(true, ":status", "200", ":s3cret", "s3cret"),
		"bad status":       head(true, ":status", "s3cret"),
		"no status":        head(true, "set-cookie", "s3cret"),
		"bad length":       head(true, ":status", "200", "content-length", "s3cret"),
		"not HTTP/2":       func(f *http2.Framer) { f.WriteRawFrame('s', '3', 0x63726574, bytes.Repeat([]byte("s3cret"), 20)) },
		"too much":         head(true, ":status", "200", "x", strings.Repeat("s3cret", 60_000)),
	} {
		for _, way := range []string{"direct", "proxy"} {
			t.Run(name+", "+way, func(t *testing.T) {
				server := framer(t, tlsConfig, answer)
				cfg, dial := &config.Config{SSLServerCert: file}, to(server)
				if way == "proxy" {
					cfg.ProxyServer, dial = newConnectProxy(t, server).URL, nil
				}
				n := openNetwork(t, cfg, dial)
				c := &httpclient.Client{Server: "jira", Transport: n, Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}
				_, err := c.Do(t.Context(), httpclient.Request{Step: autherr.StepVerify, Method: http.MethodGet, URL: mustURL(t, "https://jira.example.com/x")})
				for e := err; e != nil; e = errors.Unwrap(e) {
					if strings.Contains(e.Error(), "s3cret") {
						t.Errorf("%T: %v", e, e)
					}
				}
				n.Close()
				if strings.Contains(logged.String(), "s3cret") {
					t.Errorf("logged: %s", logged.String())
				}
			})
		}
	}
}

// framer answers every request of HTTP/2 with the same frames.
func framer(t *testing.T, tlsConfig *tls.Config, answer func(*http2.Framer)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	serve := func(conn net.Conn) {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(conn, conn)
		f.WriteSettings()
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if frame.Header().Type == http2.FrameHeaders {
				answer(f)
				conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
			}
		}
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(tls.Server(conn, tlsConfig))
		}
	}()
	return ln.Addr().String()
}
