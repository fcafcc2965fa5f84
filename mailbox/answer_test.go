package mailbox_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mailbox"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// inOffice runs f in a bubble whose clock is that of the server, too.
func inOffice(t *testing.T, f func(*testing.T, *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		f(t, o)
		if text := o.log.String(); strings.Contains(text, password) || strings.Contains(text, token) || strings.Contains(text, "111111") || strings.Contains(text, "222222") {
			t.Errorf("a secret is in the log:\n%s", text)
		}
	})
}

// soon delivers a mail after a second.
func (o *office) soon(mail string) { time.AfterFunc(time.Second, func() { o.deliver(mail) }) }

// Only a mail that comes after the mark, from the sender, is read, as soon as it comes.
func TestNewMailOnly(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.deliver(letter(okta, "222222"), time.Now().Add(time.Hour)) // whatever its clock says
		m := o.open()
		c := challenge(t, m)
		o.deliver(letter("okta@phish.example", "222222"))
		o.deliver("From: Okta <" + okta + ">\nSubject: New sign-on\n\nWindows 10, 2026-11-21, 203.0.113.7\n")
		o.soon(letter("NoReply@Okta.com", "111111"))
		began := time.Now()
		got, err := m.Answer(t.Context(), c)
		if got != "111111" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
		if took := time.Since(began); took < time.Second || took > 1500*time.Millisecond {
			t.Errorf("after %v: was IDLE used?", took)
		}
		if n := o.signIns(); len(n) != 1 {
			t.Errorf("%d sign-ins, want one for both", len(n))
		}
		status, err := o.user.Status("INBOX", &imap.StatusOptions{NumUnseen: true, NumMessages: true})
		if err != nil || *status.NumUnseen != 4 || *status.NumMessages != 4 {
			t.Errorf("mails were marked or deleted: %d unread of %d, %v", *status.NumUnseen, *status.NumMessages, err)
		}
		if !strings.Contains(o.log.String(), `waiting for mail`) {
			t.Errorf("nobody is told what is waited for:\n%s", o.log.String())
		}
	})
}

// The mark is as good in another process.
func TestMarkOutlivesTheProcess(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.deliver(letter(okta, "222222"))
		c := challenge(t, o.open())
		o.deliver(letter(okta, "111111"))
		time.Sleep(time.Hour)
		c.Sent = time.Now() // a clock that is wrong does not matter
		if got, err := o.open().Answer(t.Context(), c); got != "111111" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// Without a mark that fits, the time counts; without any, only what comes from now on.
func TestWithoutMark(t *testing.T) {
	for name, tt := range map[string]struct {
		mark   func(mfa.Challenge) string
		before []time.Duration // when mails came, counted from the challenge
		later  bool            // one more comes while it is waited for
		ok     bool
	}{
		"mail is there":             {before: []time.Duration{-time.Minute, 2 * time.Second}, ok: true},
		"server's clock is behind":  {before: []time.Duration{-time.Second}, ok: true},
		"only older ones":           {before: []time.Duration{-time.Minute, -4 * time.Second}},
		"one more comes":            {before: []time.Duration{-time.Minute}, later: true, ok: true},
		"mark of another folder":    {mark: func(c mfa.Challenge) string { return strings.Replace(c.Mark, ":", ":0", 1) }, before: []time.Duration{0}, ok: true},
		"mark of a folder remade":   {mark: func(c mfa.Challenge) string { return strings.Replace(c.Mark, ":1:", ":9:", 1) }, before: []time.Duration{0}, ok: true},
		"mark of somebody else's":   {mark: func(mfa.Challenge) string { return "pop3:7" }, before: []time.Duration{0}, ok: true},
		"mark with nonsense in it":  {mark: func(c mfa.Challenge) string { return c.Mark + "0000000000000" }, before: []time.Duration{0}, ok: true},
		"newest of several in time": {before: []time.Duration{0, time.Second}, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, func(t *testing.T, o *office) {
				m := o.open()
				c := challenge(t, m)
				sent := time.Now().Add(700 * time.Millisecond)
				for i, d := range tt.before {
					code := "222222"
					if tt.ok && !tt.later && i == len(tt.before)-1 {
						code = "111111"
					}
					o.deliver(letter(okta, code), sent.Add(d))
				}
				time.Sleep(time.Minute)
				c.Sent = sent
				if tt.mark == nil {
					c.Mark = ""
				} else {
					c.Mark = tt.mark(c)
				}
				if tt.later {
					o.soon(letter(okta, "111111"))
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				got, err := m.Answer(ctx, c)
				if tt.ok && (got != "111111" || err != nil) || !tt.ok && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%q, %v", got, err)
				}
			})
		})
	}
	t.Run("from now on", func(t *testing.T) {
		inOffice(t, func(t *testing.T, o *office) {
			o.deliver(letter(okta, "222222"))
			o.soon(letter(okta, "111111"))
			if got, err := o.open().Answer(t.Context(), mfa.Challenge{Kind: mfa.Email}); got != "111111" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			began := time.Now()
			if got, err := o.open().Answer(t.Context(), mfa.Challenge{Kind: mfa.Email}); !errors.Is(err, mfa.ErrResend) || time.Since(began) != 30*time.Second {
				t.Errorf("%q, %v after %v: nothing comes", got, err, time.Since(began))
			}
		})
	})
}

// A refused code is not given again: a newer mail is waited for, then asked for, once.
func TestAfterARefusal(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		m := o.open()
		c := challenge(t, m)
		o.deliver(letter(okta, "222222"))
		answer := func(want string, wantErr error, took time.Duration) {
			t.Helper()
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			got, err := m.Answer(ctx, c)
			if got != want || !errors.Is(err, wantErr) || time.Since(began).Round(time.Second) != took {
				t.Fatalf("%q, %v after %v; want %q, %v after %v", got, err, time.Since(began), want, wantErr, took)
			}
			c.Attempt, c.Refused = c.Attempt+1, "wrong"
		}
		answer("222222", nil, 0)
		o.soon(letter(okta, "333333")) // was on its way for long
		answer("333333", nil, time.Second)
		answer("", mfa.ErrResend, 30*time.Second)
		c.Mark = challenge(t, m).Mark
		answer("", context.DeadlineExceeded, 5*time.Minute) // nothing comes, and no third mail is asked for
		o.deliver(letter(okta, "111111"))
		answer("111111", nil, 0)
	})
}

func TestSeveralNumbers(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		m := o.open()
		c := challenge(t, m)
		o.deliver("From: " + okta + "\n\nTickets 222222 and 111111 were closed.\n")
		if got, err := m.Answer(t.Context(), c); got != "" || !errors.Is(err, autherr.ErrPassCodeNeeded) || strings.Contains(err.Error(), "222222") {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestNotMine(t *testing.T) {
	o := newOffice(t)
	m := o.open()
	for _, k := range []mfa.Kind{mfa.SMS, mfa.TOTP, mfa.Push, ""} {
		if _, err := m.Answer(t.Context(), mfa.Challenge{Kind: k}); !errors.Is(err, mfa.ErrNotMine) {
			t.Errorf("%s: %v", k, err)
		}
		if _, err := m.Prepare(t.Context(), mfa.Challenge{Kind: k}); !errors.Is(err, mfa.ErrNotMine) || m.Awaits(mfa.Challenge{Kind: k}) {
			t.Errorf("%s: %v", k, err)
		}
	}
	if len(o.conns) > 0 {
		t.Error("it connected all the same")
	}
}

// withoutIdle takes IDLE out of what the server says of itself.
type withoutIdle struct{ net.Conn }

func (c withoutIdle) Write(p []byte) (int, error) {
	_, err := c.Conn.Write([]byte(strings.ReplaceAll(string(p), " IDLE", "")))
	return len(p), err
}

func TestPolls(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.edit = func(c net.Conn) net.Conn { return withoutIdle{c} }
		m := o.open()
		c := challenge(t, m)
		o.soon(letter(okta, "111111"))
		began := time.Now()
		if got, err := m.Answer(t.Context(), c); got != "111111" || err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("%q, %v after %v", got, err, time.Since(began))
		}
	})
}

// deaf says nothing of new mail while IDLE lasts, as some servers do.
type deaf struct {
	net.Conn
	idles *atomic.Int32
}

func (c deaf) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "idling") {
		c.idles.Add(1)
	}
	if strings.Contains(string(p), "EXISTS") && c.idles.Load() > 0 && !strings.Contains(string(p), "OK") {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func TestIdleIsNotTrusted(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var idles atomic.Int32
		o.edit = func(c net.Conn) net.Conn { return deaf{c, &idles} }
		m := o.open()
		c := challenge(t, m)
		o.soon(letter(okta, "111111"))
		began := time.Now()
		if got, err := m.Answer(t.Context(), c); got != "111111" || err != nil || time.Since(began) > 61*time.Second {
			t.Errorf("%q, %v after %v", got, err, time.Since(began))
		}
		if time.Since(began) < 10*time.Second || idles.Load() == 0 {
			t.Errorf("after %v and %d times IDLE: the server was not deaf", time.Since(began), idles.Load())
		}
	})
}

func TestConnectionLost(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		m := o.open()
		c := challenge(t, m)
		time.AfterFunc(time.Minute+10*time.Second, o.cut)
		time.AfterFunc(2*time.Minute, func() { o.deliver(letter(okta, "111111")) })
		if got, err := m.Answer(t.Context(), c); got != "111111" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if n := len(o.signIns()); n != 2 {
			t.Errorf("%d sign-ins", n)
		}
	})
	t.Run("for good", func(t *testing.T) {
		inOffice(t, func(t *testing.T, o *office) {
			m := o.open()
			c := challenge(t, m)
			o.cut()
			calls := 0
			gone := o.open(func(c *mailbox.Config) {
				c.Dial = func(context.Context, string, string) (net.Conn, error) {
					calls++
					return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
				}
			})
			began := time.Now()
			if _, err := gone.Answer(t.Context(), c); !errors.Is(err, autherr.ErrUnreachable) || calls != 6 || time.Since(began) != 31*time.Second {
				t.Errorf("%v after %d calls, %v", err, calls, time.Since(began))
			}
			calls = 0
			if _, err := gone.Prepare(t.Context(), c); !errors.Is(err, autherr.ErrUnreachable) || calls != 1 {
				t.Errorf("%v after %d calls", err, calls)
			}
		})
	})
}

// short hangs up whenever it is asked to wait.
type short struct{ net.Conn }

func (c short) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "idling") {
		c.Close()
	}
	return c.Conn.Write(p)
}

func TestConnectionsThatDoNotLast(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.edit = func(c net.Conn) net.Conn { return short{c} }
		m := o.open()
		c := challenge(t, m)
		if _, err := m.Answer(t.Context(), c); !errors.Is(err, autherr.ErrUnreachable) || len(o.signIns()) != 6 {
			t.Errorf("%v after %d sign-ins", err, len(o.signIns()))
		}
	})
}

// What Prepare keeps open goes with its context.
func TestPreparedIsGivenBack(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		m := o.open()
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := m.Prepare(ctx, mfa.Challenge{Kind: mfa.Email}); err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		if _, err := o.conns[0].Write([]byte("x")); err == nil {
			t.Error("the connection is still open")
		}
	})
}
