package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

func (a *app) labCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Keep the simulated servers running, to try things by hand or from another language",
		Long: `lab serves the simulated servers on one loopback port: okta.localhost (Okta Classic),
oie.localhost (Okta Identity Engine), crowd.localhost and jira.localhost. It prints a
connection string for each kind of sign-in, ready to paste. What the simulated telephones
and mailboxes get is printed as it arrives; they are operated by typing commands ("help"
lists them).`,
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

func (a *app) lab(ctx context.Context, listen string) error {
	w, err := startWorld(listen)
	if err != nil {
		return err
	}
	defer w.close()
	out := &together{w: a.stdout}
	for _, org := range w.orgs() {
		org.OnMessage(func(m fixtures.Message) { printMessage(out, org, m) })
	}

	fmt.Fprintf(out, "Okta   %s   Classic\nOkta   %s   Identity Engine\nCrowd  %s\nJira   %s\nCA     %s\n\n",
		w.Okta.BaseURL(), w.IDX.BaseURL(), w.Crowd.BaseURL(), w.Jira.BaseURL(), w.ca)
	printScenarios(out, w)
	fmt.Fprintf(out, "curl --cacert %s -b cookies.txt %s/rest/api/2/myself\n\ntype help for what can be done here, quit to end\n", w.ca, w.Jira.BaseURL())
	return a.operate(ctx, out, w)
}

// together lets messages and the answers to commands be written by turns.
type together struct {
	mu sync.Mutex
	w  io.Writer
}

func (t *together) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(p)
}

// printMessage shows what a telephone or a mailbox got. The number of a push is not on
// the telephone alone: whoever signs in says which one it is.
func printMessage(out io.Writer, org labOrg, m fixtures.Message) {
	text := strings.Join(strings.Fields(m.Text), " ")
	if m.Number != nil {
		text += " It asks which number was shown."
	}
	fmt.Fprintf(out, "%-4s  %s: %s to %s: %s\n", org.name, name(m.User), m.Kind, m.To, text)
}

// operate obeys the commands that are typed until there are none or ctx ends. When
// standard input ends, the servers go on: lab may have been started in the
// background.
func (a *app) operate(ctx context.Context, out io.Writer, w *localWorld) error {
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
			obey(out, w, words)
		}
	}
}
