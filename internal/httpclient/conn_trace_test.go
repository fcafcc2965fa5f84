package httpclient_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// TestSecretsAreNotRepeated: net/http asks again by itself when a connection that it
// had kept breaks before the answer. What carries a secret may be good for one time
// only, and the server may have had it.
func TestSecretsAreNotRepeated(t *testing.T) {
	for _, idle := range []int{1, 2} { // with another connection at hand, too
		for _, secret := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d idle, secret %v", idle, secret), func(t *testing.T) {
				tries := 1
				if idle > 1 && secret { // chance decides between a connection that is at hand and the end of a context
					tries = 300
				}
				for range tries {
					testRepeats(t, idle, secret)
				}
			})
		}
	}
}

func testRepeats(t *testing.T, idle int, secret bool) {
	var broken atomic.Int32
	var all sync.WaitGroup
	all.Add(idle)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/open": // all at the same time, so that each needs its own connection
			all.Done()
			all.Wait()
		case broken.Add(1) == 1:
			panic(http.ErrAbortHandler)
		}
	}))
	defer srv.Close()
	transport := &http.Transport{}
	c := &httpclient.Client{Server: "okta", Transport: transport}
	get := func(path string, secret bool) error {
		_, err := c.Do(t.Context(), httpclient.Request{Step: autherr.StepAssertion, Method: http.MethodGet, URL: parse(t, srv.URL+path), Secret: secret})
		return err
	}
	var open sync.WaitGroup
	for range idle {
		open.Go(func() {
			if err := get("/open", false); err != nil {
				t.Error(err)
			}
		})
	}
	open.Wait()

	err := get("/once", secret)
	transport.CloseIdleConnections()
	srv.Close() // what is on its way has arrived then
	if !secret {
		if err != nil || broken.Load() != 2 {
			t.Fatalf("%v after %d requests: what carries no secret is asked for again", err, broken.Load())
		}
		return
	}
	var failed *httpclient.Error
	if !errors.As(err, &failed) || failed.Kind != autherr.ErrUnreachable || !failed.Sent || failed.SafeToRetry() || failed.HintText() == "" {
		t.Errorf("error %v", err)
	}
	if n := broken.Load(); n != 1 {
		t.Errorf("the secret was sent %d times", n)
	}
}

// TestEndOfAnswer: an answer that tells no length is whole only if TLS says goodbye
// before the connection ends (RFC 9112, section 9.8).
func TestEndOfAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		goodbye      bool
		whole        bool
	}{
		{"no length, goodbye", "HTTP/1.1 200 OK\r\n\r\nhello", true, true},
		{"no length, cut off", "HTTP/1.1 200 OK\r\n\r\nhello", false, false},
		{"HTTP/1.0, cut off", "HTTP/1.0 200 OK\r\n\r\nhello", false, false},
		{"length, all there, cut off", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, true},
		{"length, too short", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", true, false},
		{"chunks, last one there, cut off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false, true},
		{"chunks, last one missing", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true, false},
		{"redirect, cut off: its head has all that counts", "HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\nhel", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, client := rawServer(t, tt.answer, tt.goodbye)
			a, err := client.Do(t.Context(), httpclient.Request{Step: autherr.StepAssertion, Method: http.MethodGet, URL: u})
			if tt.whole {
				if err != nil || len(a.Body) == 0 {
					t.Errorf("error %v", err)
				}
				return
			}
			var failed *httpclient.Error
			if !errors.Is(err, autherr.ErrUnreachable) || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &failed) || !failed.Sent {
				t.Errorf("error %v: want one that says that the answer broke off", err)
			}
		})
	}
}

// rawServer answers every request over TLS with the bytes of answer, and then ends the
// connection with or without an alert.
func rawServer(t *testing.T, answer string, goodbye bool) (*url.URL, *httpclient.Client) {
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			raw, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer raw.Close()
				conn := tls.Server(raw, &tls.Config{Certificates: certified.TLS.Certificates})
				if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
					return
				}
				io.WriteString(conn, answer)
				if goodbye {
					conn.Close()
				}
			}()
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	transport := &http.Transport{DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return tls.Client(httpclient.TrackEOF(raw), &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}), nil
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return parse(t, "https://"+ln.Addr().String()+"/"), &httpclient.Client{Server: "okta", Transport: transport}
}

// TestRequestWhileSomebodyIsWaitedFor: the clock of the sign-in stands still while a
// person looks for the telephone. A server that says nothing must not profit from it.
func TestRequestWhileSomebodyIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := deadline.WithBudget(t.Context(), time.Minute)
		defer cancel()
		defer deadline.Pause(ctx)()
		c := &httpclient.Client{Server: "okta", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		start := time.Now()
		_, err := c.Do(ctx, httpclient.Request{Step: autherr.StepMFA, Method: http.MethodPost, URL: parse(t, "https://acme.okta.com/"), Secret: true})
		if !errors.Is(err, autherr.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("error %v after %v, want one minute", err, time.Since(start))
		}
		if ctx.Err() != nil {
			t.Error("the sign-in is over, too: the person has no chance to answer")
		}
	})
}
