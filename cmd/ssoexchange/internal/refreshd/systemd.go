package refreshd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/ssoexchange/ssoexchange/sso"
)

// notifier tells the service manager how things are (sd_notify(3)); without one it
// tells nobody.
type notifier struct{ status func() []sso.RefreshStatus }

// statusEvery is how often the status line is renewed if the watchdog is not.
const statusEvery = 30 * time.Second

func (k *service) notifier(ctx context.Context) notifier {
	return newNotifier(ctx, k.refresher.Status)
}

// newNotifier reports readiness, and from then on status and signs of life. The watchdog
// is fed only as long as the refresher tells its status: its schedule is behind one lock.
func newNotifier(ctx context.Context, status func() []sso.RefreshStatus) notifier {
	s := notifier{status}
	s.ready()
	every := statusEvery
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err == nil && watchdog > 0 {
		every = min(every, watchdog/2)
	}
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.notify("WATCHDOG=1", s.line())
			case <-ctx.Done():
				return
			}
		}
	}()
	return s
}

func (s notifier) ready() { s.notify(daemon.SdNotifyReady, s.line()) }
func (s notifier) stopping() {
	s.notify(daemon.SdNotifyStopping, "STATUS=waiting for the sign-ins under way")
}
func (s notifier) reloading() {
	s.notify(daemon.SdNotifyReloading, daemon.SdNotifyMonotonicUsec())
}

func (s notifier) notify(lines ...string) { daemon.SdNotify(false, strings.Join(lines, "\n")) }

// line is the status in words: "3 live, 1 stopped".
func (s notifier) line() string {
	count := make(map[string]int)
	for _, p := range s.status() {
		count[p.State]++
	}
	var words []string
	for _, state := range []string{sso.RefreshLive, sso.RefreshPending, sso.RefreshWaiting, sso.RefreshStopped} {
		if count[state] > 0 {
			words = append(words, fmt.Sprintf("%d %s", count[state], state))
		}
	}
	return "STATUS=" + strings.Join(words, ", ")
}
