package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

func (a *app) labCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Keep the simulated servers running, to try things by hand or from another language",
		Long: `lab serves the simulated Okta, Crowd and Jira on one loopback port under the names
okta.localhost, crowd.localhost and jira.localhost, and prints a connection string for
each kind of sign-in, ready to paste. What the simulated telephones and mailboxes get is
printed as it arrives; they are operated by typing commands ("help" lists them).`,
		Example: `  ssoexchange lab
  # in another terminal, with a connection string that lab has printed:
  ssoexchange cookies --format netscape -o cookies.txt -c '…'
  curl --cacert "$CA" -b cookies.txt https://jira.localhost:8443/rest/api/2/myself`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.lab(cmd.Context(), listen) },
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8443", "loopback `ADDRESS` to serve on; port 0 chooses a free one")
	return cmd
}

// scenario is one kind of sign-in that the lab offers.
type scenario struct{ title, connection string }

func (w *localWorld) scenarios() []scenario {
	okta := func(user string, more ...string) string {
		return w.OktaConnection(append([]string{"User=" + user, "SSLServerCert=" + w.ca}, more...)...)
	}
	return []scenario{
		{"Okta, password only", okta("passwordonly@example.com")},
		{"Okta, SMS", okta("sms@example.com", "MFAType=SMS")},
		{"Okta, mailed code", okta("email@example.com", "MFAType=Email")},
		{"Okta, push to Okta Verify", okta("push@example.com", "MFAType=OktaVerify")},
		{"Okta, code of Okta Verify, computed", okta("totp@example.com", "MFAType=OktaVerifyTOTP", "MFASecret="+w.Okta.TOTPSecret("totp@example.com"))},
		{"Okta, Google Authenticator, computed", okta("google@example.com", "MFAType=GoogleAuthenticator", "MFASecret="+w.Okta.TOTPSecret("google@example.com", "GOOGLE"))},
		{"Okta, telephone call", okta("call@example.com", "MFAType=Call")},
		{"Okta, security question", okta("question@example.com", "MFAType=Question")},
		{"Okta, wrong password (exit 3; the second time nothing is sent)", okta("passwordonly@example.com", "Password=wrong")},
		{"Crowd", w.CrowdConnection("SSLServerCert=" + w.ca)},
	}
}

func (a *app) lab(ctx context.Context, listen string) error {
	w, err := startWorld(listen)
	if err != nil {
		return err
	}
	defer w.close()
	w.Okta.OnMessage(func(m fixtures.Message) { fmt.Fprintf(a.stdout, "%s\n", m) })

	fmt.Fprintf(a.stdout, "Okta   %s\nCrowd  %s\nJira   %s\nCA     %s\n\n", w.Okta.BaseURL(), w.Crowd.BaseURL(), w.Jira.BaseURL(), w.ca)
	printScenarios(a.stdout, w)
	fmt.Fprintf(a.stdout, "curl --cacert %s -b cookies.txt %s/rest/api/2/myself\n\ntype help for what can be done here, quit to end\n", w.ca, w.Jira.BaseURL())
	return a.operate(ctx, w)
}

func printScenarios(out io.Writer, w *localWorld) {
	for _, s := range w.scenarios() {
		fmt.Fprintf(out, "# %s\nssoexchange cookies -c '%s'\n\n", s.title, strings.ReplaceAll(s.connection, "'", `'\''`))
	}
}

// operate obeys the commands that are typed until there are none or ctx ends. When
// standard input ends, the servers go on: lab may have been started in the
// background.
func (a *app) operate(ctx context.Context, w *localWorld) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(a.stdin); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				<-ctx.Done()
				return nil
			}
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			if words[0] == "quit" || words[0] == "exit" {
				return nil
			}
			obey(a.stdout, w, words)
		}
	}
}

func obey(out io.Writer, w *localWorld, words []string) {
	for _, c := range labCommands() {
		if c.name != words[0] {
			continue
		}
		if last := words[len(words)-1]; strings.Contains(c.args, "USER") && len(words) > 1 && !known(last) {
			fmt.Fprintf(out, "unknown user %q; there are: %s\n", last, strings.Join(labUsers, ", "))
			return
		}
		c.run(out, w, words[1:])
		return
	}
	if words[0] != "help" {
		fmt.Fprintf(out, "unknown command %q\n", words[0])
	}
	for _, c := range labCommands() {
		fmt.Fprintf(out, "  %-22s %s\n", c.name+" "+c.args, c.help)
	}
}

// labCommand is something that can be typed. A user is named by the part of the
// login before the @.
type labCommand struct {
	name, args, help string
	run              func(out io.Writer, w *localWorld, args []string)
}

func labCommands() []labCommand {
	return []labCommand{
		{"approve", "[USER]", "approve the push that waits on USER's telephone (push)", func(out io.Writer, w *localWorld, args []string) {
			answerWaiting(out, w, login(args, "push"), (*fixtures.Phone).Approve)
		}},
		{"deny", "[USER]", "refuse it", func(out io.Writer, w *localWorld, args []string) {
			answerWaiting(out, w, login(args, "push"), (*fixtures.Phone).Deny)
		}},
		{"number", "N [USER]", "show the number N for the push that waits (push)", func(out io.Writer, w *localWorld, args []string) {
			n := 0
			if len(args) == 0 || !scan(args[0], &n) {
				fmt.Fprintln(out, "usage: number N [USER]")
				return
			}
			if !w.Okta.Phone(login(args[1:], "push")).ShowNumber(n) {
				fmt.Fprintln(out, "no push waits there")
			}
		}},
		{"code", "[USER]", "print the code that USER's authenticator app shows now (totp)", func(out io.Writer, w *localWorld, args []string) {
			switch user := login(args, "totp"); user {
			case "totp@example.com":
				fmt.Fprintln(out, w.Okta.Code(user, fixtures.FactorTOTP))
			case "google@example.com":
				fmt.Fprintln(out, w.Okta.Code(user, fixtures.FactorTOTP, "GOOGLE"))
			default:
				fmt.Fprintf(out, "%s has no authenticator app: code totp, code google\n", user)
			}
		}},
		{"end", "jira|okta|crowd", "end all sessions there, as a restart or an administrator does", func(out io.Writer, w *localWorld, args []string) {
			endAll(out, w, args)
		}},
		{"forget", "", "let Okta forget all remembered devices", func(_ io.Writer, w *localWorld, _ []string) {
			for _, user := range labUsers {
				w.Okta.ForgetDevices(login([]string{user}, ""))
			}
		}},
		{"requests", "", "print the requests since the last time", func(out io.Writer, w *localWorld, _ []string) {
			for _, r := range w.Net.Requests() {
				fmt.Fprintf(out, "%-4s https://%s%s  %d\n", r.Method, r.Host, r.Path, r.Status)
			}
			w.Net.Reset()
		}},
		{"strings", "", "print the connection strings again", func(out io.Writer, w *localWorld, _ []string) { printScenarios(out, w) }},
		{"quit", "", "end", nil},
	}
}

// labUsers are the users of the simulated servers, by the first part of the login.
var labUsers = []string{"ana", "passwordonly", "sms", "push", "totp", "google", "email", "call", "question"}

func login(args []string, standard string) string {
	user := standard
	if len(args) > 0 {
		user = args[len(args)-1]
	}
	if strings.Contains(user, "@") {
		return user
	}
	return user + "@example.com"
}

// known reports whether word names a user, or is the number before an absent one.
func known(word string) bool {
	name, domain, full := strings.Cut(word, "@")
	var n int
	return slices.Contains(labUsers, name) && (!full || domain == "example.com") || scan(word, &n)
}

func scan(s string, n *int) bool {
	v, err := strconv.Atoi(s)
	*n = v
	return err == nil
}

func answerWaiting(out io.Writer, w *localWorld, user string, answer func(*fixtures.Phone) bool) {
	phone := w.Okta.Phone(user)
	if _, waiting := phone.Pending(); !waiting {
		fmt.Fprintf(out, "no push waits on the telephone of %s\n", user)
		return
	}
	if !answer(phone) {
		fmt.Fprintln(out, "too late")
	}
}

func endAll(out io.Writer, w *localWorld, args []string) {
	if len(args) != 1 {
		fmt.Fprintln(out, "usage: end jira|okta|crowd")
		return
	}
	for _, user := range labUsers {
		full := login([]string{user}, "")
		switch args[0] {
		case "jira":
			w.Jira.EndSessions(full)
			w.Jira.EndSessions(user)
		case "okta":
			w.Okta.EndSessions(full)
		case "crowd":
			w.Crowd.EndSessions(full)
			w.Crowd.EndSessions(user)
		default:
			fmt.Fprintf(out, "unknown server %q\n", args[0])
			return
		}
	}
	fmt.Fprintf(out, "all sessions at %s have ended\n", args[0])
}
