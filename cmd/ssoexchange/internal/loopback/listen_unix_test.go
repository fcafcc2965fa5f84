//go:build unix

package loopback

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

func TestProxyListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{":8080", "0.0.0.0:0", "[::]:0", "192.0.2.1:80", "example.com:80", "8080", "", "unix:", "127.0.0.1"} {
		if ln, err := Listen(t.Context(), address); sso.Code(err) != "config" || sso.Hint(err) == "" {
			t.Errorf("--listen %q: %v, want a configuration error with a hint", address, err)
			if ln != nil {
				ln.Close()
			}
		}
	}
	for _, address := range []string{"localhost:0", "127.0.0.1:0", "127.0.0.53:0"} {
		ln, err := Listen(t.Context(), address)
		if err != nil {
			t.Errorf("--listen %q: %v", address, err)
			continue
		}
		ln.Close()
	}
}

func TestProxySocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := Listen(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("socket: %v %v", info.Mode(), err)
	}
	if _, err := Listen(t.Context(), "unix:"+path); sso.Code(err) != "config" || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second one: %v", err)
	}
	ln.Listener.Close() // as a process that was killed leaves it
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the test is wrong: the socket must still be there: %v", err)
	}
	ln, err = Listen(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatalf("in place of a dead one: %v", err)
	}
	ln.Close()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), "unix:"+path); sso.Code(err) != "config" {
		t.Errorf("over a file: %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "mine" {
		t.Error("the file is gone")
	}
	if ownHost := (HostCheck{}).Own; !ownHost("localhost") || ownHost("evil.example.com") {
		t.Error("behind a socket, hosts are not told apart")
	}
}
