package httpclient_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"testing"
	"testing/synctest"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// TestHold: what comes unasked is kept back until the next write, also behind the last
// record of a handshake, and nothing of it is lost.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		ctx := httpclient.WithHold(t.Context())
		conn := httpclient.Hold(ctx, here)
		got := make(chan string, 100)
		go func() {
			p := make([]byte, 100)
			for {
				n, err := conn.Read(p)
				if err != nil {
					close(got)
					return
				}
				got <- string(p[:n])
			}
		}()
		go io.Copy(io.Discard, there)
		go there.Write([]byte("\x16\x03\x03\x00\x02ab\x17\x03\x03\x00\x01c"))
		expect := func(want string) {
			t.Helper()
			synctest.Wait()
			all := ""
			for len(got) > 0 {
				all += <-got
			}
			if all != want {
				t.Fatalf("read %q, want %q", all, want)
			}
		}
		expect("")
		conn.Write([]byte("\x16hello"))
		expect("\x16\x03\x03\x00\x02ab\x17\x03\x03\x00\x01c")
		httptrace.ContextClientTrace(ctx).TLSHandshakeDone(tls.ConnectionState{}, nil)
		go there.Write([]byte("\x17\x03\x03\x00\x03def\x17"))
		expect("\x17\x03\x03\x00\x03") // of the read that had begun before
		conn.Write([]byte("\x17request"))
		expect("def\x17")
		conn.Close()
		if _, open := <-got; open {
			t.Error("it can be read after its end")
		}
	})
}
