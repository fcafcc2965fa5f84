package lab

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// command is something that can be typed. A user is named by the part of the login
// before the @. Both organisations have the same users: without "okta" or "oie" the
// command is for both, or for the one that has something to do.
type command struct {
	name, args, help string
	user             string // who is meant when nobody is named
	run              func(out io.Writer, w *World, o order)
}

// order is a command's words, read.
type order struct {
	orgs  []Org
	login string   // of the user
	rest  []string // words that name neither
}

func commands() []command {
	return []command{
		{"approve", "[okta|oie] [USER]", "approve the push that waits on USER's telephone", "push",
			pressing((*fixtures.Phone).Approve)},
		{"deny", "[okta|oie] [USER]", "refuse it", "push", pressing((*fixtures.Phone).Deny)},
		{"ignore", "[okta|oie] [USER]", "let its five minutes be over", "push", pressing((*fixtures.Phone).Ignore)},
		{"choose", "N [okta|oie] [USER]", "tap the number N: the right one approves, others refuse", "push",
			tapping((*fixtures.Phone).Choose)},
		{"number", "N [okta|oie] [USER]", "make N the number to choose for the push that waits", "push",
			tapping((*fixtures.Phone).ShowNumber)},
		{"code", "[okta|oie] [USER]", "print the code that USER's app, token or key shows, or got last, or the answer",
			"totp", printCodes},
		{"messages", "[okta|oie] [USER]", "print again what USER's telephone and mailbox got", "sms", printMessages},
		{"link", "[okta|oie] [USER]", "open the link in the last mail to USER (Identity Engine)", "email", openLink},
		{"expire", "[okta|oie]", "end the sign-ins that are on their way, as time does", "", expire},
		{"limit", "N [okta|oie]", "allow N API calls a minute, all others are refused (600)", "", limit},
		{"unlock", "[okta|oie] [USER]", "unlock the account", "passwordonly", unlock},
		{"end", "jira|okta|oie|crowd", "end all sessions there, as a restart or an administrator does", "", endAll},
		{"forget", "[okta|oie]", "let Okta forget all remembered devices", "", forget},
		{"requests", "", "print the requests since the last time", "", printRequests},
		{"strings", "", "print the connection strings again", "",
			func(out io.Writer, w *World, _ order) { printScenarios(out, w) }},
		{"quit", "", "end", "", nil},
	}
}

// Obey runs the command that was typed, and writes to out what there is to say.
func Obey(out io.Writer, w *World, words []string) {
	for _, c := range commands() {
		if c.name != words[0] {
			continue
		}
		o, complaint := c.read(w, words[1:])
		if complaint != "" {
			fmt.Fprintln(out, complaint)
			return
		}
		c.run(out, w, o)
		return
	}
	if words[0] != "help" {
		fmt.Fprintf(out, "unknown command %q\n", words[0])
	}
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-29s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	fmt.Fprintf(out, "users: %s\n", strings.Join(userNames(), ", "))
}

// read sorts the words of a command.
func (c command) read(w *World, words []string) (o order, complaint string) {
	o.login = c.user
	for i, word := range words {
		org := slices.IndexFunc(w.Orgs(), func(org Org) bool { return org.Name == word })
		number := i == 0 && strings.HasPrefix(c.args, "N")
		switch {
		case c.name == "end" || number:
			o.rest = append(o.rest, word)
		case org >= 0:
			o.orgs = append(o.orgs, w.Orgs()[org])
		case !strings.Contains(c.args, "USER"):
			return o, "usage: " + strings.TrimSpace(c.name+" "+c.args)
		case !known(word):
			return o, fmt.Sprintf("unknown user %q; there are: %s", word, strings.Join(userNames(), ", "))
		default:
			o.login = word
		}
	}
	if len(o.orgs) == 0 {
		o.orgs = w.Orgs()
	}
	if o.login != "" && !strings.Contains(o.login, "@") {
		o.login += "@example.com"
	}
	return o, ""
}

// known reports whether word names a user.
func known(word string) bool {
	first, domain, full := strings.Cut(word, "@")
	return slices.Contains(userNames(), first) && (!full || domain == "example.com")
}

// number is the first word of the rest.
func (o order) number() (int, bool) {
	if len(o.rest) != 1 {
		return 0, false
	}
	n, err := strconv.Atoi(o.rest[0])
	return n, err == nil && n >= 0
}

// waiting returns the telephones on which a push waits.
func (o order) waiting() []*fixtures.Phone {
	var phones []*fixtures.Phone
	for _, org := range o.orgs {
		phone := org.Phone(o.login)
		if _, waits := phone.Pending(); waits {
			phones = append(phones, phone)
		}
	}
	return phones
}

// pressing answers the pushes that wait.
func pressing(answer func(*fixtures.Phone) bool) func(io.Writer, *World, order) {
	return func(out io.Writer, _ *World, o order) {
		phones := o.waiting()
		if len(phones) == 0 {
			fmt.Fprintf(out, "no push waits on the telephone of %s\n", o.login)
		}
		for _, phone := range phones {
			if !answer(phone) {
				fmt.Fprintln(out, "too late")
			}
		}
	}
}

// openLink opens the link in the last mail; only Identity Engine sends one.
func openLink(out io.Writer, _ *World, o order) {
	for _, org := range o.orgs {
		if org.Mailbox(o.login).OpenLink() {
			fmt.Fprintln(out, "opened: the sign-in goes on where it waits")
			return
		}
	}
	fmt.Fprintf(out, "no mail to %s has a link that is still good\n", o.login)
}

// tapping does something with a number to the pushes that wait.
func tapping(tap func(*fixtures.Phone, int) bool) func(io.Writer, *World, order) {
	return func(out io.Writer, _ *World, o order) {
		n, ok := o.number()
		if !ok {
			fmt.Fprintln(out, "the first word is a number, for example: 42")
			return
		}
		phones := o.waiting()
		if len(phones) == 0 {
			fmt.Fprintf(out, "no push waits on the telephone of %s\n", o.login)
		}
		for _, phone := range phones {
			if !tap(phone, n) {
				fmt.Fprintln(out, "that push shows no number")
			}
		}
	}
}

// printCodes prints what a user could type now, at each organisation.
func printCodes(out io.Writer, _ *World, o order) {
	for _, org := range o.orgs {
		said := false
		for _, f := range factors(o.login) {
			if f.Type == fixtures.FactorPush || f.Type == fixtures.FactorWebAuthn {
				continue
			}
			provider := []string{f.Provider}
			if f.Provider == "" {
				provider = nil
			}
			code := org.Code(o.login, f.Type, provider...)
			if code == "" {
				code = "nothing was sent yet"
			}
			fmt.Fprintf(out, "%-4s  %s\n", org.Name, code)
			said = true
		}
		if !said {
			fmt.Fprintf(out, "%-4s  %s has nothing that shows a code\n", org.Name, o.login)
		}
	}
}

func printMessages(out io.Writer, _ *World, o order) {
	for _, org := range o.orgs {
		messages := org.Phone(o.login).Messages()
		if len(messages) == 0 {
			fmt.Fprintf(out, "%-4s  nothing was sent to %s\n", org.Name, o.login)
		}
		for _, m := range messages {
			printMessage(out, org, m)
		}
	}
}

func expire(out io.Writer, _ *World, o order) {
	for _, org := range o.orgs {
		org.SetEngine(org.Engine) // which loses every transaction
	}
	fmt.Fprintln(out, "every sign-in that was on its way has ended")
}

func limit(out io.Writer, _ *World, o order) {
	n, ok := o.number()
	if !ok {
		fmt.Fprintln(out, "usage: limit N [okta|oie]")
		return
	}
	for _, org := range o.orgs {
		org.RateLimit(n)
	}
	fmt.Fprintf(out, "%d API calls a minute\n", n)
}

func unlock(out io.Writer, _ *World, o order) {
	for _, org := range o.orgs {
		org.UnlockUser(o.login)
	}
	fmt.Fprintf(out, "the account of %s is not locked\n", o.login)
}

func forget(out io.Writer, _ *World, o order) {
	for _, org := range o.orgs {
		for _, user := range userNames() {
			org.ForgetDevices(user + "@example.com")
		}
	}
	fmt.Fprintln(out, "no device is remembered")
}

func printRequests(out io.Writer, w *World, _ order) {
	for _, r := range w.Net.Requests() {
		fmt.Fprintf(out, "%-4s https://%s%s  %d\n", r.Method, r.Host, r.Path, r.Status)
	}
	w.Net.Reset()
}

func endAll(out io.Writer, w *World, o order) {
	if len(o.rest) != 1 {
		fmt.Fprintln(out, "usage: end jira|okta|oie|crowd")
		return
	}
	for _, user := range userNames() {
		full := user + "@example.com"
		switch o.rest[0] {
		case "jira":
			w.Jira.EndSessions(full)
			w.Jira.EndSessions(user)
		case "okta":
			w.Okta.EndSessions(full)
		case "oie":
			w.IDX.EndSessions(full)
		case "crowd":
			w.Crowd.EndSessions(full)
			w.Crowd.EndSessions(user)
		default:
			fmt.Fprintf(out, "unknown server %q\n", o.rest[0])
			return
		}
	}
	fmt.Fprintf(out, "all sessions at %s have ended\n", o.rest[0])
}
