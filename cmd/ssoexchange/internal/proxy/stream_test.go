package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// upload is a body that is made as it is read.
type upload struct {
	left int64
	heap *atomic.Uint64 // the largest heap seen on the way
}

func (u *upload) Read(p []byte) (int, error) {
	if u.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), u.left)
	if u.left>>26 != (u.left-n)>>26 { // every 64 MiB
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		u.heap.Store(max(u.heap.Load(), m.HeapAlloc))
	}
	u.left -= n
	return int(n), nil
}

// TestProxyStreams sends 1 GiB up, and some more of unknown length, and gets some
// back while the heap of the tool, the proxy and Jira together stays small.
func TestProxyStreams(t *testing.T) {
	size, some := int64(1<<30), int64(128<<20)
	if testing.Short() { // the race detector makes every byte ten times as dear
		size, some = size/8, some/8
	}
	rig := startProxy(t, fixtures.WorldOptions{})
	rig.Jira.SetRememberMe(false)
	rig.on("/rest/upload", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	})
	var heap atomic.Uint64
	rig.on("/rest/download", func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, &upload{some, &heap}) })

	rig.do(t, rig.request(t, "GET", "/rest/api/2/myself", nil))
	// The session is over when the upload begins, and the upload must not be the one
	// to find out: it cannot be sent twice.
	rig.Jira.EndSessions("passwordonly@example.com")
	for sent, announced := range map[int64]int64{size: size, some: -1} {
		r := rig.request(t, "POST", "/rest/upload", io.NopCloser(&upload{sent, &heap}))
		r.ContentLength = announced
		if resp, body := rig.do(t, r); resp.StatusCode != 200 || body != fmt.Sprint(sent, nil) {
			t.Errorf("upload of %d bytes, announced as %d: %s %s", sent, announced, resp.Status, body)
		}
	}
	seen := rig.atJira("/rest/upload")
	if len(seen) != 2 || len(rig.atJira("/plugins/servlet/samlconsumer")) != 2 {
		t.Errorf("%d uploads and %d sign-ins at Jira, want 2 and 2", len(seen), len(rig.atJira("/plugins/servlet/samlconsumer")))
	}
	resp, err := http.DefaultTransport.RoundTrip(rig.request(t, "GET", "/rest/download", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); n != some || err != nil {
		t.Errorf("download: %d bytes, %v", n, err)
	}
	t.Logf("largest heap on the way: %.1f MiB", float64(heap.Load())/(1<<20))
	// The other tests of this process have a share in it: far below a body is enough.
	if h := heap.Load(); h == 0 || h > 256<<20 {
		t.Errorf("the heap grew to %d bytes, want at most 256 MiB for more than 1 GiB of bodies", h)
	}
}

// TestProxyEventsArriveOneByOne: the second event is sent only when the tool has
// read the first.
func TestProxyEventsArriveOneByOne(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	next, gone := make(chan struct{}), make(chan struct{})
	rig.on("/rest/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			http.NewResponseController(w).Flush()
			<-next
		}
		<-r.Context().Done()
		close(gone)
	})
	ctx, leave := context.WithCancel(t.Context())
	resp, err := http.DefaultTransport.RoundTrip(rig.request(t, "GET", "/rest/events", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(resp.Body)
	for i := range 3 {
		line, err := lines.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("event %d: %q %v", i, line, err)
		}
		lines.ReadString('\n')
		next <- struct{}{}
	}
	// A tool that leaves is a request that ends at Jira.
	leave()
	resp.Body.Close()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Error("Jira was not told that the tool has left")
	}
}

// echoSocket is a WebSocket endpoint as far as a proxy can see: it switches the
// protocol and sends back what it gets.
func echoSocket(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || !strings.Contains(r.Header.Get("Cookie"), "JSESSIONID=") {
		http.Error(w, "no upgrade, or nobody", 400)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Accept: "+r.Header.Get("Sec-Websocket-Key")+"\r\nSet-Cookie: a=b\r\n\r\n")
	io.Copy(conn, buffered)
}

// dialSocket makes the handshake of a WebSocket with the proxy.
func dialSocket(t *testing.T, rig *proxyRig) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	own := strings.TrimPrefix(rig.base, "http://")
	conn, err := net.Dial("tcp", own)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "GET /rest/socket HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nOrigin: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k1\r\n\r\n", own, testToken, rig.base)
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return conn, r, resp
}

func TestProxyWebSocket(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	rig.Jira.SetRememberMe(false)
	rig.on("/rest/socket", echoSocket)
	conn, r, resp := dialSocket(t, rig)
	if resp.StatusCode != 101 || resp.Header.Get("Sec-Websocket-Accept") != "k1" || resp.Header.Get("Set-Cookie") != "" {
		t.Fatalf("handshake: %s %v", resp.Status, resp.Header)
	}
	for _, frame := range []string{"\x81\x05hello", strings.Repeat("x", 100_000)} {
		go io.WriteString(conn, frame)
		got := make([]byte, len(frame))
		if _, err := io.ReadFull(r, got); err != nil || string(got) != frame {
			t.Fatalf("echo of %d bytes: %v", len(frame), err)
		}
	}
	seen := rig.atJira("/rest/socket")[0].Header
	if seen.Get("Origin") != "https://jira.example.com" || seen.Get("Authorization") != "" {
		t.Errorf("Jira saw the handshake %v", seen)
	}
	// An answer that refuses to switch is passed on.
	rig.on("/rest/socket", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not today", http.StatusForbidden) })
	if _, _, resp := dialSocket(t, rig); resp.StatusCode != 403 {
		t.Errorf("refused handshake: %s", resp.Status)
	}
	// Stopping ends the connection that Shutdown does not know.
	rig.stop()
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after the stop: %v, want the end", err)
	}
	if err := <-rig.ended; err != nil {
		t.Errorf("the stop ended in %v", err)
	}
}

// TestProxyFinishesWhatItBegan: a request under way at the signal is answered.
func TestProxyFinishesWhatItBegan(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	begun, release := make(chan struct{}), make(chan struct{})
	rig.on("/rest/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-release
		io.WriteString(w, "done")
	})
	answer := make(chan string, 1)
	r := rig.request(t, "GET", "/rest/slow", nil)
	go func() {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-begun
	rig.stop()
	own := strings.TrimPrefix(rig.base, "http://")
	for deadline := time.Now().Add(4 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", own)
		if err != nil {
			break // nobody new is let in
		}
		conn.Close()
	}
	close(release)
	if got := <-answer; got != "done" {
		t.Errorf("the request under way: %q", got)
	}
	if err := <-rig.ended; err != nil {
		t.Errorf("the stop ended in %v", err)
	}
}

// TestPatientTransport: when a failed sign-in is tried again, and when the session
// is proved first.
func TestPatientTransport(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	calls, proofs := 0, 0
	var outcome error
	tr := &transport{
		now:   func() time.Time { return now },
		prove: func(context.Context) error { proofs++; return nil },
		base: roundTripFunc(func(*http.Request) (*http.Response, error) {
			calls++
			return &http.Response{StatusCode: 200, Body: http.NoBody}, outcome
		}),
	}
	try := func(body io.Reader) error {
		r, _ := http.NewRequest("POST", "https://jira.example.com/", body)
		_, err := tr.RoundTrip(r)
		return err
	}
	signInFailed := func(kind error) error { return &sso.StepError{Step: "login", Err: kind} }
	for _, tt := range []struct {
		name string
		err  error
		hold time.Duration
	}{
		{"a person is needed", signInFailed(sso.ErrPassCodeNeeded), holdPerson},
		{"refused", signInFailed(sso.ErrCredentials), holdPerson},
		{"away", signInFailed(sso.ErrUnreachable), holdServer},
		{"the request's own failure", errors.New("connection reset"), 0},
	} {
		now = now.Add(time.Hour)
		calls, outcome = 0, tt.err
		if err := try(nil); err != tt.err {
			t.Fatalf("%s: %v", tt.name, err)
		}
		now = now.Add(max(0, tt.hold-time.Second))
		if err := try(nil); err != tt.err || (calls == 1) != (tt.hold > 0) {
			t.Errorf("%s: within the hold %v after %d calls", tt.name, err, calls)
		}
		calls, outcome = 0, nil
		now = now.Add(time.Second)
		if err := try(nil); err != nil || calls != 1 {
			t.Errorf("%s: after the hold %v after %d calls", tt.name, err, calls)
		}
	}
	once := io.MultiReader(strings.NewReader("x")) // of a type that net/http cannot rewind
	for _, tt := range []struct {
		body   io.Reader
		wait   time.Duration
		proofs int
	}{{nil, 0, 0}, {strings.NewReader("again"), 0, 0}, {once, 0, 1}, {once, proofAge - time.Second, 1}, {once, time.Second, 2}} {
		now = now.Add(tt.wait)
		if err := try(tt.body); err != nil || proofs != tt.proofs {
			t.Errorf("%T after %v: %v, %d proofs, want %d", tt.body, tt.wait, err, proofs, tt.proofs)
		}
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
