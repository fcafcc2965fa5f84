// Package lab runs the simulated Okta organisations, Crowd and Jira as servers on loopback: for
// "lab", where a person operates them, and for "demo".
package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/fixtures"
)

// World is the simulated servers on one loopback port, by the names okta.localhost
// (Okta Classic), oie.localhost (Okta Identity Engine), crowd.localhost and jira.localhost.
type World struct {
	*fixtures.World
	listener *fixtures.Listener
	port     string
	dir      string // temporary; holds CA
	CA       string // file of its certificate
}

func startWorld(address string) (*World, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, clierror.Config("the simulated servers cannot listen: "+err.Error(), "choose a free loopback port")
	}
	if ip, ok := ln.Addr().(*net.TCPAddr); !ok || !ip.IP.IsLoopback() {
		ln.Close()
		return nil, clierror.Config("the simulated servers listen on loopback only", "for example: --listen 127.0.0.1:8443")
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := &World{port: port}
	w.World = fixtures.NewWorld(fixtures.WorldOptions{
		OktaHost: "okta.localhost:" + port, IDXHost: "oie.localhost:" + port, CrowdHost: "crowd.localhost:" + port,
		JiraHost: "jira.localhost:" + port,
	})
	w.listener = w.Net.Serve(ln)
	if w.dir, err = os.MkdirTemp("", "ssoexchange-"); err == nil {
		w.CA, err = w.Net.CAFile(w.dir)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *World) close() {
	w.listener.Close()
	w.Net.Close()
	if w.dir != "" {
		os.RemoveAll(w.dir)
	}
}

// Run serves the simulated servers on a loopback address until ctx ends or "quit" is typed.
func Run(ctx context.Context, listen string, in io.Reader, stdout io.Writer) error {
	w, err := startWorld(listen)
	if err != nil {
		return err
	}
	defer w.close()
	out := &together{w: stdout}
	for _, org := range w.Orgs() {
		org.OnMessage(func(m fixtures.Message) { printMessage(out, org, m) })
	}

	fmt.Fprintf(out, "Okta   %s   Classic\nOkta   %s   Identity Engine\nCrowd  %s\nJira   %s\nCA     %s\n\n",
		w.Okta.BaseURL(), w.IDX.BaseURL(), w.Crowd.BaseURL(), w.Jira.BaseURL(), w.CA)
	printScenarios(out, w)
	fmt.Fprintf(out,
		"curl --cacert %s -b cookies.txt %s/rest/api/2/myself\n\ntype help for what can be done here, quit to end\n", w.CA,
		w.Jira.BaseURL())
	return operate(ctx, in, out, w)
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
func printMessage(out io.Writer, org Org, m fixtures.Message) {
	text := strings.Join(strings.Fields(m.Text), " ")
	if m.Number != nil {
		text += " It asks which number was shown."
	}
	fmt.Fprintf(out, "%-4s  %s: %s to %s: %s\n", org.Name, Name(m.User), m.Kind, m.To, text)
}

// operate obeys the commands that are typed until there are none or ctx ends. When
// standard input ends, the servers go on: lab may have been started in the
// background.
func operate(ctx context.Context, in io.Reader, out io.Writer, w *World) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
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
			Obey(out, w, words)
		}
	}
}
