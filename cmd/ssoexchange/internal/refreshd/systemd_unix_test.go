//go:build unix

package refreshd

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// manager is a service manager's end of the socket.
type manager struct {
	*testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T, watchdog time.Duration) manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "n") // a short path: sockets have no room for long ones
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(watchdog.Microseconds(), 10))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	return manager{t, conn}
}

// next returns the next message, "" if there is none within the time.
func (m manager) next(within time.Duration) string {
	m.Helper()
	buf := make([]byte, 4096)
	if err := m.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		m.Fatal(err)
	}
	n, err := m.conn.Read(buf)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		m.Fatal(err)
	}
	return string(buf[:n])
}

const (
	soon     = 10 * time.Second // and far less than statusEvery
	shortly  = 100 * time.Millisecond
	twoLines = "STATUS=2 live, 1 stopped"
)

func threeProfiles() []sso.RefreshStatus {
	return []sso.RefreshStatus{{Name: "a", State: sso.RefreshLive}, {Name: "b", State: sso.RefreshStopped}, {Name: "c", State: sso.RefreshLive}}
}

func TestNotifyReadyStatusWatchdog(t *testing.T) {
	m := newManager(t, shortly)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := newNotifier(ctx, threeProfiles)
	if got, want := m.next(soon), "READY=1\n"+twoLines; got != want {
		t.Fatalf("first %q, want %q", got, want)
	}
	for range 3 {
		if got, want := m.next(soon), "WATCHDOG=1\n"+twoLines; got != want {
			t.Fatalf("then %q, want %q", got, want)
		}
	}
	cancel()
	for m.next(3*shortly) != "" { // one may have been on its way
	}
	s.stopping()
	if got := m.next(soon); got != "STOPPING=1\nSTATUS=waiting for the sign-ins under way" {
		t.Errorf("at the end %q", got)
	}
}

// TestNotifyStarvesTheWatchdog has a refresher that is stuck.
func TestNotifyStarvesTheWatchdog(t *testing.T) {
	m := newManager(t, shortly)
	stuck, asked := make(chan struct{}), make(chan struct{}, 1)
	calls := 0
	newNotifier(t.Context(), func() []sso.RefreshStatus {
		if calls++; calls > 1 { // the first is for READY; there is one goroutine after that
			select {
			case asked <- struct{}{}:
			default:
			}
			<-stuck
		}
		return nil
	})
	if got := m.next(soon); got != "READY=1\nSTATUS=" {
		t.Fatalf("first %q", got)
	}
	<-asked
	if got := m.next(5 * shortly); got != "" {
		t.Errorf("a stuck refresher says %q", got)
	}
	close(stuck)
	if got := m.next(soon); got != "WATCHDOG=1\nSTATUS=" {
		t.Errorf("it goes on with %q", got)
	}
}

func TestNotifyReload(t *testing.T) {
	m := newManager(t, time.Hour)
	notifier{threeProfiles}.reloading()
	if got := m.next(soon); !regexp.MustCompile(`^RELOADING=1\nMONOTONIC_USEC=[0-9]+\n?$`).MatchString(got) {
		t.Errorf("reloading is %q", got)
	}
	notifier{threeProfiles}.ready()
	if got := m.next(soon); got != "READY=1\n"+twoLines {
		t.Errorf("ready again is %q", got)
	}
}

func TestNotifyWithoutManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "rubbish")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	newNotifier(ctx, threeProfiles).stopping() // and nothing happens
}
