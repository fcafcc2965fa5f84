package mailbox_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mailbox"
)

// play is a server that answers each command by the first word of which script has a
// line; "%s" is the command's tag. Without one the answer is OK.
func play(greeting string, script map[string]string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if greeting == "hang" {
				bufio.NewReader(theirs).ReadString('\n')
				return
			}
			if _, err := theirs.Write([]byte(greeting)); err != nil {
				return
			}
			in := bufio.NewReader(theirs)
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				tag, command, _ := strings.Cut(strings.TrimSpace(line), " ")
				command = strings.TrimPrefix(command, "UID ")
				word, _, _ := strings.Cut(command, " ")
				answer, ok := script[word]
				switch {
				case answer == "close":
					return
				case answer == "hang":
					in.ReadString('\n')
					return
				case answer == "flood":
					for {
						if _, err := theirs.Write(bytes.Repeat([]byte("* 1 EXISTS\r\n"), 1000)); err != nil {
							return
						}
					}
				case !ok:
					answer = "%s OK done\r\n"
				}
				if strings.Contains(answer, "%") {
					answer = fmt.Sprintf(answer, tag)
				}
				if _, err := theirs.Write([]byte(answer)); err != nil {
					return
				}
			}
		}()
		return ours, nil
	}
}

const hello = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello\r\n"

var opened = "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n%s OK [READ-ONLY] done\r\n"

// Whatever a server does, Check ends in time, in bounds and with an error that has a kind.
func TestServersThatMisbehave(t *testing.T) {
	long := strings.Repeat("A", 2<<20)
	for name, tt := range map[string]struct {
		greeting string
		script   map[string]string
		err      error
		took     time.Duration
		open     bool // the secret was sent and has no verdict
		warns    bool // something is missing that was asked for
	}{
		"silent":                   {greeting: "hang", err: autherr.ErrUnreachable, took: 30 * time.Second},
		"closes at once":           {greeting: "", script: map[string]string{"CAPABILITY": "close"}, err: autherr.ErrUnreachable, took: 30 * time.Second},
		"sends away":               {greeting: "* BYE too busy\r\n", err: autherr.ErrUnreachable},
		"a web server":             {greeting: "HTTP/1.1 400 Bad Request\r\n\r\n", err: autherr.ErrBadAnswer},
		"an endless greeting":      {greeting: "* OK " + long + "\r\n", err: autherr.ErrBadAnswer},
		"no capabilities":          {greeting: "* OK hello\r\n", script: map[string]string{"CAPABILITY": "close"}, err: autherr.ErrUnreachable},
		"takes no password":        {greeting: "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] x\r\n", err: autherr.ErrConfig},
		"hangs at the sign-in":     {greeting: hello, script: map[string]string{"AUTHENTICATE": "hang"}, err: autherr.ErrUnreachable, took: 30 * time.Second, open: true},
		"closes at the sign-in":    {greeting: hello, script: map[string]string{"AUTHENTICATE": "close"}, err: autherr.ErrUnreachable, open: true},
		"floods at the sign-in":    {greeting: hello, script: map[string]string{"AUTHENTICATE": "flood"}, err: autherr.ErrBadAnswer, open: true},
		"sign-in not possible now": {greeting: hello, script: map[string]string{"AUTHENTICATE": "%s NO [UNAVAILABLE] x\r\n"}, err: autherr.ErrUnreachable, open: true},
		"sign-in not understood":   {greeting: hello, script: map[string]string{"AUTHENTICATE": "%s BAD " + password + "\r\n"}, err: autherr.ErrBadAnswer, open: true},
		"sign-in refused":          {greeting: hello, script: map[string]string{"AUTHENTICATE": "%s NO [ALERT] " + password + "\r\n"}, err: autherr.ErrCredentials},
		"a code of its own":        {greeting: hello, script: map[string]string{"AUTHENTICATE": "%s NO [" + strings.ReplaceAll(password, " ", "-") + "] x\r\n"}, err: autherr.ErrCredentials},
		"folder in use":            {greeting: hello, script: map[string]string{"EXAMINE": "%s NO [INUSE] x\r\n"}, err: autherr.ErrUnreachable},
		"no such folder":           {greeting: hello, script: map[string]string{"EXAMINE": "%s NO x\r\n"}, err: autherr.ErrConfig},
		"hangs at the search":      {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "hang"}, err: autherr.ErrUnreachable, took: 30 * time.Second},
		"refuses the search":       {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "%s NO x\r\n"}, err: autherr.ErrUnreachable},
		"a search without end":     {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "* SEARCH" + strings.Repeat(" 1 4294967295", 1<<16) + "\r\n%s OK x\r\n"}, err: autherr.ErrBadAnswer},
		"four thousand million":    {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "* ESEARCH (TAG \"%[1]s\") UID ALL 1:4294967295\r\n%[1]s OK x\r\n"}, warns: true},
		"number nought":            {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "* SEARCH 0\r\n%s OK x\r\n"}},
		"an endless mail":          {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "* SEARCH 9\r\n%s OK x\r\n", "FETCH": "* 1 FETCH (UID 9 BODY[HEADER.FIELDS (FROM)]<0> {99999999999}\r\n" + long}, err: autherr.ErrBadAnswer},
		"a mail of another number": {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "* SEARCH 9\r\n%s OK x\r\n", "FETCH": "* 1 FETCH (UID 8 BODY[HEADER.FIELDS (FROM)]<0> {4}\r\nabcd)\r\n%s OK x\r\n"}, warns: true},
		"a mail without anything":  {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "* SEARCH 9\r\n%s OK x\r\n", "FETCH": "* 1 FETCH (UID 9)\r\n%s OK x\r\n"}},
		"UID after the mail":       {greeting: hello, script: map[string]string{"EXAMINE": opened, "SEARCH": "* SEARCH 9\r\n%s OK x\r\n", "FETCH": "* 1 FETCH (BODY[HEADER.FIELDS (FROM)]<0> {4}\r\nabcd UID 9)\r\n%s OK x\r\n"}, warns: true},
		"says nothing of UIDs":     {greeting: hello, script: map[string]string{"SEARCH": "* SEARCH\r\n%s OK x\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := time.Now()
				var log strings.Builder
				m, err := mailbox.New(mailbox.Config{URL: parse("imap://ana@localhost"), Dial: play(tt.greeting, tt.script), Password: secret(password),
					Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
				if err != nil {
					t.Fatal(err)
				}
				_, err = m.Check(t.Context())
				if !errors.Is(err, tt.err) || time.Since(began) != tt.took {
					t.Errorf("%v after %v, want %v after %v", err, time.Since(began), tt.err, tt.took)
				}
				var u interface{ UnsettledSecret() string }
				if got := errors.As(err, &u) && u.UnsettledSecret() != ""; got != tt.open {
					t.Errorf("no verdict on the secret: %v, want %v", got, tt.open)
				}
				if got := strings.Contains(log.String(), "level=WARN"); got != tt.warns {
					t.Errorf("warned: %v, want %v: %s", got, tt.warns, log.String())
				}
				if text := fmt.Sprintf("%v %+v %s", err, err, log.String()); strings.Contains(text, "s3cret") || strings.Contains(text, "AAAA") || strings.Contains(text, "abcd") {
					t.Errorf("the server's words, or a secret, in %.300s", text)
				}
				runtime.ReadMemStats(&after)
				if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
					t.Errorf("%d MiB were allocated", used>>20)
				}
			})
		})
	}
}

// A server that keeps announcing mail is not asked without a pause, and a sign-in
// without a verdict is not repeated.
func TestNoHaste(t *testing.T) {
	t.Run("announcements", func(t *testing.T) {
		inOffice(t, func(t *testing.T, o *office) {
			m := o.open()
			c := challenge(t, m)
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(time.Millisecond):
						o.deliver(letter("eva@example.com", "222222"))
					}
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := m.Answer(ctx, c)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
	})
	t.Run("sign-in", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			m, err := mailbox.New(mailbox.Config{URL: parse("imap://ana@localhost"), Password: secret(password),
				Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					calls++
					return play(hello, map[string]string{"AUTHENTICATE": "close"})(ctx, network, addr)
				}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Answer(t.Context(), mail); !errors.Is(err, autherr.ErrUnreachable) || calls != 1 {
				t.Errorf("%v after %d calls", err, calls)
			}
		})
	})
}
