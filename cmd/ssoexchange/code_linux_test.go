package main

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
)

// TestCodeSaysWhatIsAsked: whoever hands a code in learns which one, or the words of the
// question, and what a refresher that takes its time is doing.
func TestCodeSaysWhatIsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		reason string // in JSON
		args   []string
		shows  []string
	}{
		"question":       {`mfa: okta: a code is needed: security question \"What is your cat's name?\"`, nil, []string{`work waits: mfa: okta: a code is needed: security question "What is your cat's name?"`}},
		"message":        {`a code was sent: SMS to +1 XXX-1111`, nil, []string{"work waits: a code was sent: SMS to +1 XXX-1111"}},
		"several lines":  {`a\r\n\tb\u001b[2J`, nil, []string{"work waits: a b"}},
		"event":          {`security question \"Which cat?\"`, []string{"--json"}, []string{`{"event":{"name":"code_asked","message":"security question \"Which cat?\""}}`}},
		"slow refresher": {`a code was sent`, nil, []string{"waiting for the refresher on "}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTTYWorld(t)
			ln, err := net.Listen("unix", filepath.Join(w.dir, "r.sock"))
			if err != nil {
				t.Fatal(err)
			}
			got := make(chan string, 1)
			server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					fmt.Fprintf(rw, `{"version":1,"profiles":[{"name":"other"},{"name":"work","code":"passcode_needed","reason":"%s"}]}`, tt.reason)
					return
				}
				body := make([]byte, 64)
				n, _ := r.Body.Read(body)
				got <- string(body[:n])
				if name == "slow refresher" {
					time.Sleep(terminal.WaitNotice + 500*time.Millisecond)
				}
				fmt.Fprint(rw, `{"version":1,"profile":"work","user":"ana"}`)
			})}
			go server.Serve(ln)
			defer server.Close()
			p := newPTY(t, 200)
			cmd := w.start(p, "ssoexchange", append([]string{"code", "work", "--socket", ln.Addr().String()}, tt.args...)...)
			p.await("code for work: ", 1)
			p.write("tabby cat\n")
			if status := w.wait(p, cmd); status != 0 {
				t.Errorf("exit %d: %s", status, p.text())
			}
			if code := <-got; code != "tabby cat" {
				t.Errorf("the refresher got %q", code)
			}
			for _, want := range tt.shows {
				p.await(want, 1)
			}
			if strings.Contains(p.text(), "tabby") || strings.Contains(p.text(), "\x1b[2J") {
				t.Errorf("the terminal shows %q", p.text())
			}
		})
	}
}
