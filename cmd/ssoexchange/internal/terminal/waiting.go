package terminal

import (
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Waiting says what a command waits for.
func (t *Terminal) Waiting(w sso.Wait) {
	text := WaitText(w, time.Now())
	if t.Log != nil {
		t.Log.Info(text)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := Event{Name: "waiting", Message: text, Server: w.Server, For: w.For, Holder: w.Holder}
	if !w.Since.IsZero() {
		since := w.Since.UTC().Truncate(time.Second)
		e.Since = &since
	}
	t.eventLocked(e)
	if !t.Quiet {
		t.clearLocked()
		fmt.Fprintf(t.err, "ssoexchange: %s\n", text)
	}
}

// WaitsFor says what the command itself waits for, if that takes its time; stop ends it.
func (t *Terminal) WaitsFor(what string) (stop func()) {
	w := sso.Wait{For: what, Since: time.Now()}
	timer := time.AfterFunc(WaitNotice, func() { t.Waiting(w) })
	return func() { timer.Stop() }
}

// WaitNotice is how long a wait may be without a word.
const WaitNotice = 2 * time.Second

// WaitText says in words what is waited for, and since when or for how long.
func WaitText(w sso.Wait, now time.Time) string {
	if w.Server != "" {
		return fmt.Sprintf("waiting for %s, which has not answered for %v", display.Cut(w.Server, 100),
			now.Sub(w.Since).Round(time.Second))
	}
	what := display.Cut(w.For, 200)
	if what == "" {
		what = "another sign-in with this identity"
	}
	text, clock := "waiting for "+what, ""
	if !w.Since.IsZero() {
		clock = "since " + w.Since.Local().Format("15:04:05")
	}
	switch {
	case w.Holder != "":
		text += ", which " + display.Cut(w.Holder, 100) + " has under way"
	case w.For == "":
		text += ", which another process has under way"
	}
	if clock != "" {
		text += " " + clock
	}
	return text
}
