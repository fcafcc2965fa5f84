package mailbox_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mailbox"
)

// What the library would never return from is kept from it, wherever it is said.
func TestLoopsOfTheLibrary(t *testing.T) {
	spoilt := "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n"
	for name, tt := range map[string]struct {
		greeting string
		script   map[string]string
		chopped  bool // byte by byte
	}{
		"greeting":                {greeting: "* OK [CAPABILITY(X] x\r\n"},
		"greeting, after a space": {greeting: "* OK [CAPABILITY (X] x\r\n"},
		"greeting, after one":     {greeting: "* OK [CAPABILITY IMAP4rev1(X] x\r\n"},
		"greeting, after several": {greeting: "* OK [CAPABILITY IMAP4rev1 IDLE  (X] x\r\n"},
		"greeting, PREAUTH":       {greeting: "* PREAUTH [CAPABILITY IMAP4rev1 (] x\r\n"},
		"greeting, BYE":           {greeting: "* BYE [CAPABILITY (] x\r\n"},
		"greeting, in parts":      {greeting: "* OK [CAPABILITY IMAP4rev1 (X] x\r\n", chopped: true},
		"answer to CAPABILITY":    {greeting: "* OK x\r\n", script: map[string]string{"CAPABILITY": "* CAPABILITY IMAP4rev1 (X\r\n%s OK x\r\n"}},
		"lower case":              {greeting: "* OK x\r\n", script: map[string]string{"CAPABILITY": "* capability (\r\n%s OK x\r\n"}},
		"after the sign-in":       {greeting: hello, script: map[string]string{"AUTHENTICATE": "%s OK [CAPABILITY IMAP4rev1 ((] x\r\n"}},
		"with the refusal":        {greeting: hello, script: map[string]string{"AUTHENTICATE": "%s NO [CAPABILITY (] x\r\n"}},
		"at any time":             {greeting: hello, script: map[string]string{"EXAMINE": spoilt + "* CAPABILITY (\r\n%s OK x\r\n"}},
		"behind a string":         {greeting: hello, script: map[string]string{"EXAMINE": "* LIST () \"/\" \"\n* 1 FETCH ({1000}\n\"\r\n* OK [CAPABILITY (] x\r\n%s OK x\r\n"}},
		"behind a literal":        {greeting: hello, script: map[string]string{"EXAMINE": "* LIST () \"/\" {22}\r\n* 1 FETCH (A {1000}\r\n\r\n* OK [CAPABILITY (] x\r\n%s OK x\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := play(tt.greeting, tt.script)
				if tt.chopped {
					dial = func(context.Context, string, string) (net.Conn, error) { return chop(tt.greeting), nil }
				}
				m, err := mailbox.New(mailbox.Config{URL: parse("imap://ana@localhost"), Dial: dial, Password: secret(password)})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if _, err := m.Check(t.Context()); err != nil && !errors.Is(err, autherr.ErrUnreachable) && !errors.Is(err, autherr.ErrBadAnswer) && !errors.Is(err, autherr.ErrCredentials) {
					t.Error(err)
				}
				if took := time.Since(began); took > 30*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// chop is a server that greets one byte at a time, and then is gone.
func chop(greeting string) net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		for i := range len(greeting) {
			if _, err := theirs.Write([]byte{greeting[i]}); err != nil {
				return
			}
		}
	}()
	return ours
}

// A call that the library does not return from is abandoned when ctx ends, and so is
// the connection.
func TestAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		defer close(stuck)
		m, err := mailbox.New(mailbox.Config{URL: parse("imap://ana@localhost"), Password: secret(password),
			Dial: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go theirs.Write([]byte(hello))
				return &deafConn{Conn: ours, until: stuck}, nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := m.Check(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// deafConn is a connection whose reads do not end when it is closed.
type deafConn struct {
	net.Conn
	until chan struct{}
}

func (d *deafConn) Read([]byte) (int, error) {
	<-d.until
	return 0, net.ErrClosed
}
