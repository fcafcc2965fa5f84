// Package sessions shows stored sessions, to people and to programs.
package sessions

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Info is a session in the machine-readable output of login and status.
type Info struct {
	Version  int        `json:"version"`
	Profile  string     `json:"profile,omitempty"` // status: the profile that describes it
	Scheme   string     `json:"scheme"`
	IdP      string     `json:"idp"`
	SP       string     `json:"sp"`
	Login    string     `json:"login"`
	User     string     `json:"user,omitempty"`
	Live     bool       `json:"live"`
	Obtained *time.Time `json:"obtained_at,omitempty"`
	Verified *time.Time `json:"verified_at,omitempty"`
	Expires  *time.Time `json:"expires_at_estimate,omitempty"`
	Refused  []string   `json:"refused,omitempty"`  // properties
	Refusals []Reason   `json:"refusals,omitempty"` // the same, each with the reason
	Stopped  *Reason    `json:"stopped,omitempty"`  // why refresh does nothing
	Error    string     `json:"error,omitempty"`
	Pruned   bool       `json:"pruned,omitempty"` // status --prune has forgotten it

	PasswordTried *bool `json:"password_tried,omitempty"` // login: the sign-in proved the password
}

func Of(id sso.Identity, s *sso.Session) Info {
	info := Info{Version: 1, Scheme: id.Scheme, IdP: id.IdP, SP: id.SP, Login: id.User}
	if s != nil {
		obtained, verified, expires := s.Obtained.UTC().Truncate(time.Second), s.Verified.UTC().Truncate(time.Second),
			s.Expires().UTC().Truncate(time.Second)
		info.User, info.Live, info.Obtained, info.Verified, info.Expires = s.User, true, &obtained, &verified, &expires
	}
	return info
}

// CompleteHints passes every hint through complete.
func (i *Info) CompleteHints(complete func(string) string) {
	for n := range i.Refusals {
		i.Refusals[n].Hint = complete(i.Refusals[n].Hint)
	}
	if i.Stopped != nil {
		i.Stopped.Hint = complete(i.Stopped.Hint)
	}
}

// Print prints a line for each session, and below it what a person has to know.
func Print(w io.Writer, infos []Info, now time.Time) {
	if len(infos) == 0 {
		fmt.Fprintln(w, "nothing is stored")
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
		fmt.Fprintln(w, line)
		i.printTroubles(w, now)
	}
}

// state says in words how a session is.
func (i *Info) state(now time.Time) string {
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
func (i *Info) printTroubles(w io.Writer, now time.Time) {
	var said []string // hints
	for _, r := range i.Refusals {
		fmt.Fprintf(w, "  %s was refused on %s, and is not sent again until it changes: %s\n",
			r.Property, display.When(r.Since, now), display.OneLine(r.Reason))
		printHint(w, r.Hint)
		said = append(said, r.Hint)
	}
	if s := i.Stopped; s != nil {
		fmt.Fprintf(w, "  refresh has stopped (%s) since %s: %s\n", s.Code, display.When(s.Since, now),
			display.OneLine(s.Reason))
		if !slices.Contains(said, s.Hint) {
			printHint(w, s.Hint)
		}
	}
}

// account says whose session it is. A scheme of tokens has no login, and one without an IdP no IdP.
func (i *Info) account() string {
	text := i.Login
	if i.IdP != "" {
		text += " at " + i.IdP
	}
	return strings.TrimSpace(text + " (" + i.Scheme + ")")
}

func printHint(w io.Writer, hint string) {
	if hint != "" {
		fmt.Fprintf(w, "    hint: %s\n", display.OneLine(hint))
	}
}

// Reason is why something is not done by itself any more, in the machine-readable
// output.
type Reason struct {
	Property string    `json:"property,omitempty"` // of a refused secret
	Since    time.Time `json:"since"`
	Code     string    `json:"code"` // as the errors of --json
	Reason   string    `json:"reason"`
	Hint     string    `json:"hint,omitempty"`
}

func Refusals(refusals []*sso.RefusedBeforeError) []Reason {
	var list []Reason
	for _, r := range refusals {
		list = append(list, Reason{Property: r.Property, Since: r.At.UTC().Truncate(time.Second), Code: sso.Code(r),
			Reason: r.Text, Hint: r.HintText()})
	}
	return list
}

func Stopped(s *sso.Stopped) *Reason {
	if s == nil {
		return nil
	}
	return &Reason{Since: s.Since.UTC().Truncate(time.Second), Code: s.Code, Reason: s.Reason, Hint: s.Hint}
}
