package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

// stdoutIsTerminal reports whether results are shown on a terminal.
func (a *app) stdoutIsTerminal() bool {
	f, ok := a.stdout.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// printStatus prints a line for each session, and below it what a person has to know.
func (a *app) printStatus(infos []sessionInfo, now time.Time) error {
	if a.flags.json {
		return display.JSON(a.stdout, infos)
	}
	if len(infos) == 0 {
		fmt.Fprintln(a.stdout, "nothing is stored")
	}
	var profile, site, account int // widths
	for _, i := range infos {
		profile, site, account = max(profile, len(i.Profile)), max(site, len(i.SP)), max(account, len(i.account()))
	}
	for _, i := range infos {
		line := fmt.Sprintf("%-*s  %-*s  %s", site, i.SP, account, i.account(), i.state(now))
		if profile > 0 {
			line = fmt.Sprintf("%-*s  %s", max(profile, 1), cmp.Or(i.Profile, "-"), line)
		}
		fmt.Fprintln(a.stdout, line)
		a.printTroubles(i, now)
	}
	return nil
}

// state says in words how a session is.
func (i *sessionInfo) state(now time.Time) string {
	switch {
	case i.Live:
		return fmt.Sprintf("live: signed in as %s %s, until about %s", i.User, display.Relative(*i.Obtained, now),
			display.When(*i.Expires, now))
	case i.Error != "":
		return "unknown: " + display.OneLine(i.Error)
	case i.Pruned:
		return "no live session: forgotten"
	case i.Stopped != nil && i.Stopped.Code == "passcode_needed":
		return "no live session, waits for a person"
	}
	return "no live session"
}

// printTroubles says which secrets were refused and why refresh has stopped.
func (a *app) printTroubles(i sessionInfo, now time.Time) {
	var said []string // hints
	for _, r := range i.Refusals {
		fmt.Fprintf(a.stdout, "  %s was refused on %s, and is not sent again until it changes: %s\n",
			r.Property, display.When(r.Since, now), display.OneLine(r.Reason))
		a.statusHint(r.Hint)
		said = append(said, r.Hint)
	}
	if s := i.Stopped; s != nil {
		fmt.Fprintf(a.stdout, "  refresh has stopped (%s) since %s: %s\n", s.Code, display.When(s.Since, now),
			display.OneLine(s.Reason))
		if !slices.Contains(said, s.Hint) {
			a.statusHint(s.Hint)
		}
	}
}

// account says whose session it is. A scheme of tokens has no login, and one without an IdP no IdP.
func (i *sessionInfo) account() string {
	text := i.Login
	if i.IdP != "" {
		text += " at " + i.IdP
	}
	return strings.TrimSpace(text + " (" + i.Scheme + ")")
}

func (a *app) statusHint(hint string) {
	if hint != "" {
		fmt.Fprintf(a.stdout, "    hint: %s\n", display.OneLine(hint))
	}
}

// whyNot is why something is not done by itself any more, in the machine-readable
// output.
type whyNot struct {
	Property string    `json:"property,omitempty"` // of a refused secret
	Since    time.Time `json:"since"`
	Code     string    `json:"code"` // as the errors of --json
	Reason   string    `json:"reason"`
	Hint     string    `json:"hint,omitempty"`
}

func refusalsJSON(refusals []*sso.RefusedBeforeError) []whyNot {
	var list []whyNot
	for _, r := range refusals {
		list = append(list, whyNot{Property: r.Property, Since: r.At.UTC().Truncate(time.Second), Code: sso.Code(r),
			Reason: r.Text, Hint: r.HintText()})
	}
	return list
}

func stoppedJSON(s *sso.Stopped) *whyNot {
	if s == nil {
		return nil
	}
	return &whyNot{Since: s.Since.UTC().Truncate(time.Second), Code: s.Code, Reason: s.Reason, Hint: s.Hint}
}
