package main

import (
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// waiting says what a command waits for.
func (t *tui) waiting(w sso.Wait) {
	text := waitText(w, time.Now())
	if t.log != nil {
		t.log.Info(text)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := eventJSON{Name: "waiting", Message: text, Server: w.Server, For: w.For, Holder: w.Holder}
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

// waitsFor says what the command itself waits for, if that takes its time; stop ends it.
func (t *tui) waitsFor(what string) (stop func()) {
	w := sso.Wait{For: what, Since: time.Now()}
	timer := time.AfterFunc(waitNotice, func() { t.waiting(w) })
	return func() { timer.Stop() }
}

// waitNotice is how long a wait may be without a word.
const waitNotice = 2 * time.Second

func waitText(w sso.Wait, now time.Time) string {
	if w.Server != "" {
		return fmt.Sprintf("waiting for %s, which has not answered for %v", cutTo(w.Server, 100), now.Sub(w.Since).Round(time.Second))
	}
	what := cutTo(w.For, 200)
	if what == "" {
		what = "another sign-in with this identity"
	}
	text, clock := "waiting for "+what, ""
	if !w.Since.IsZero() {
		clock = "since " + w.Since.Local().Format("15:04:05")
	}
	switch {
	case w.Holder != "":
		text += ", which " + cutTo(w.Holder, 100) + " has under way"
	case w.For == "":
		text += ", which another process has under way"
	}
	if clock != "" {
		text += " " + clock
	}
	return text
}
