package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// awaitText waits until a file matches: await FILE REGEXP. It bounds nothing but the
// patience of the test: what is awaited happens in another process.
func awaitText(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var data []byte
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if data, _ = os.ReadFile(ts.MkAbs(args[0])); re.Match(data) {
			return
		}
	}
	ts.Fatalf("%s does not match %s after a minute:\n%s", args[0], args[1], data)
}

// fetchSocket asks a Unix socket until the answer has a status and writes its body:
// fetch STATUS SOCKET PATH FILE.
func fetchSocket(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 4 || neg {
		ts.Fatalf("usage: fetch STATUS SOCKET PATH FILE")
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", ts.MkAbs(args[1]))
		}}}
	last := "no answer"
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := client.Get("http://localhost" + args[2])
		if err != nil {
			last = err.Error()
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if last = resp.Status + "\n" + string(body); resp.Status[:3] == args[0] {
			ts.Check(os.WriteFile(ts.MkAbs(args[3]), body, 0o600))
			return
		}
	}
	ts.Fatalf("%s: %s", args[2], last)
}

// startHook sets HOOK to the address of a webhook that writes each body to a file, one
// a line: hook FILE.
func startHook(ts *testscript.TestScript, _ bool, args []string) {
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return
		}
		defer f.Close()
		body, _ := io.ReadAll(r.Body)
		io.WriteString(f, r.Method+" "+r.Header.Get("Authorization")+" "+string(body)+"\n")
	}))
	ts.Defer(server.Close)
	ts.Setenv("HOOK", server.URL)
}

// startNotify is a service manager: it sets NOTIFY_SOCKET and writes what it is told to
// a file: notify FILE.
func startNotify(ts *testscript.TestScript, _ bool, args []string) {
	dir, err := os.MkdirTemp("", "n") // a short path: sockets have no room for long ones
	ts.Check(err)
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	ts.Check(err)
	file := ts.MkAbs(args[0])
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				return
			}
			f.Write(append(buf[:n:n], '\n'))
			f.Close()
		}
	}()
	ts.Defer(func() {
		conn.Close()
		os.RemoveAll(dir)
	})
	ts.Setenv("NOTIFY_SOCKET", path)
}

// hangLogin has Okta take every password and never answer, or do its work again:
// hang on|off. Each password that arrives leaves a line in the file "arrived".
func hangLogin(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "off" {
		world(ts).Net.Intercept(nil)
		return
	}
	arrived := ts.MkAbs("arrived")
	world(ts).Net.Intercept(func(_ string, r *http.Request) http.Handler {
		if r.URL.Path != "/api/v1/authn" {
			return nil
		}
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if f, err := os.OpenFile(arrived, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
				io.WriteString(f, "a password\n")
				f.Close()
			}
			<-r.Context().Done()
		})
	})
}
