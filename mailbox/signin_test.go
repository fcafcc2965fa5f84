package mailbox_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/mailbox"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

const login = "email@example.com"

// bridge delivers what the simulated Okta mails, a moment later, until the test ends.
func (o *office) bridge(org *fixtures.Okta) {
	stop, ended := make(chan struct{}), make(chan struct{})
	o.t.Cleanup(func() { close(stop); <-ended })
	go func() {
		defer close(ended)
		for done := 0; ; {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
			}
			for all := org.Mailbox(login).Messages(); done < len(all); done++ {
				o.deliver("From: Okta <noreply@okta.com>\nTo: " + login + "\n\n" + all[done].Text)
			}
		}
	}()
}

// A whole sign-in by mail at each engine, and nobody is asked.
func TestSignIn(t *testing.T) {
	for _, engine := range []string{"Classic", "IDX"} {
		t.Run(engine, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				w := fixtures.NewWorld(fixtures.WorldOptions{IDXHost: "acme-idx.okta.com"})
				t.Cleanup(func() { w.Net.Close() })
				org, connection := w.Okta, w.OktaConnection
				if engine == "IDX" {
					org, connection = w.IDX, w.IDXConnection
				}
				ca, err := w.Net.CAFile(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				o.bridge(org)
				open := func(store sso.Store, secret string) *sso.Client {
					t.Helper()
					c, err := sso.Open(t.Context(), connection("User="+login, "SSLServerCert="+ca, "MFARememberDevice=False",
						"MFAMailbox=imap://ana%40example.com@localhost/INBOX", "MFAMailboxPassword="+secret), &sso.Options{
						Store:  store,
						Logger: slog.New(slog.NewTextHandler(&o.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
						Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
							if addr == "localhost:143" {
								return o.dial(ctx, network, addr)
							}
							return w.Net.Dial(ctx, network, addr)
						},
						Mailbox: func(c sso.MailboxConfig) (mfa.Answerer, error) { return mailbox.New(mailbox.Config(c)) },
					})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { c.Close() })
					return c
				}
				store := &sso.MemoryStore{}
				for n := 1; n <= 2; n++ { // the second time with an old code in the mailbox
					if _, err := open(store, password).Login(t.Context()); err != nil {
						t.Fatalf("sign-in %d: %v (%s)\n%s", n, err, sso.Hint(err), o.log.String())
					}
					if sent := len(org.Mailbox(login).Messages()); sent != n {
						t.Fatalf("%d mails after %d sign-ins", sent, n)
					}
					org.EndSessions(login)
					time.Sleep(time.Minute)
				}
				signIns := len(o.signIns())
				for range 2 { // and not again by itself
					if _, err := open(store, "wrong").Login(t.Context()); !errors.Is(err, sso.ErrCredentials) || sso.Step(err) != "mfa" {
						t.Errorf("%v", err)
					}
				}
				if n := len(o.signIns()) - signIns; n != 1 {
					t.Errorf("the wrong password was sent %d times", n)
				}
				if sent := len(org.Mailbox(login).Messages()); sent != 2 {
					t.Errorf("%d mails: one that nobody could read was sent", sent)
				}
				text := o.log.String()
				if strings.Contains(text, password) || !strings.Contains(text, "waiting for mail") {
					t.Errorf("the log is\n%s", text)
				}
				for _, m := range org.Mailbox(login).Messages() {
					if strings.Contains(text, m.Code) {
						t.Error("a code is in the log")
					}
				}
			})
		})
	}
}
