package main

import (
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// waiting says what a command waits for.
func (t *tui) waiting(w sso.Wait) {
	text := waitText(w, time.Now())
	t.mu.Lock()
	defer t.mu.Unlock()
	e := eventJSON{Name: "waiting", Message: text, Server: w.Server, Holder: w.Holder}
	if !w.Since.IsZero() {
		since := w.Since.UTC().Truncate(time.Second)
		e.Since = &since
	}
	t.eventLocked(e)
	if !t.quiet {
		t.clearLocked()
		fmt.Fprintf(t.err, "ssoexchange: %s\n", text)
	}
}

func waitText(w sso.Wait, now time.Time) string {
	if w.Server != "" {
		return fmt.Sprintf("waiting for %s, which has not answered for %v", cutTo(w.Server, 100), now.Sub(w.Since).Round(time.Second))
	}
	who := w.Holder
	if who == "" {
		who = "another process"
	}
	what := "identity"
	if w.Account {
		what = "account"
	}
	text := "waiting for " + cutTo(who, 100) + ", which is signing in with this " + what
	if !w.Since.IsZero() {
		text += " since " + w.Since.Local().Format("15:04:05")
	}
	return text
}
