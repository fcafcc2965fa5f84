//go:build linux && !race

package attack_test

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// mailServer says greeting to everybody, and nothing more; unless it holds a connection,
// the first command ends it.
func mailServer(t *testing.T, greeting string, hold bool) (addr string, greeted <-chan struct{}) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	said := make(chan struct{}, 64)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.WriteString(conn, greeting)
				said <- struct{}{}
				for first := true; first || hold; first = false {
					if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String(), said
}

func mailConn(s *site, addr string) string {
	return s.viaOkta("email@example.com", "MFAType=Email;MFAMailbox=imap://ana@"+addr+"/INBOX;MFAMailboxPassword=mail-s3cret")
}

// A mail server that the IMAP library cannot be trusted with ends a sign-in as any
// other that cannot be used, and the next one finds nothing locked.
func TestMailServers(t *testing.T) {
	t.Parallel()
	for name, greeting := range map[string]string{
		"parenthesis":       "* OK [CAPABILITY(X] x\r\n",
		"later parenthesis": "* OK [CAPABILITY IMAP4rev1 IDLE (X] x\r\n",
		"untagged":          "* OK x\r\n* CAPABILITY (\r\n",
		"endless":           "* OK [CAPABILITY " + strings.Repeat("X ", 1<<20),
		"deep":              "* OK x\r\n* 1 FETCH " + strings.Repeat("(", 1<<20),
		"literal":           "* OK x\r\n* LIST () {9999999999}\r\n",
		"thread":            "* OK x\r\n* THREAD " + strings.Repeat("(1 ", 1<<18),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, fixtures.WorldOptions{})
			addr, _ := mailServer(t, greeting, false)
			for range 2 { // no lease is left behind
				out := s.run(t, "cookies", "-c", mailConn(s, addr))
				if out.Exit == 0 || strings.Contains(out.Stderr, "s3cret") {
					t.Errorf("exit %d: %s", out.Exit, out.Stderr)
				}
			}
		})
	}
}

// A mail server that keeps a sign-in waiting does not keep the process from ending.
func TestMailServerAndSignal(t *testing.T) {
	t.Parallel()
	for _, greeting := range []string{"* OK [CAPABILITY(X] x\r\n", "", "* OK x"} {
		s := newSite(t, fixtures.WorldOptions{})
		addr, greeted := mailServer(t, greeting, true)
		p := s.start(t, nil, "cookies", "-c", mailConn(s, addr))
		select {
		case <-greeted:
		case <-time.After(deadline):
			t.Fatal("nobody came")
		}
		p.signal(syscall.SIGTERM)
		if out := p.wait(deadline); out.Exit == 0 {
			t.Errorf("exit 0 after %q", greeting)
		}
		if left, _ := filepath.Glob(filepath.Join(s.Home, "state", "*.tmp")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}
