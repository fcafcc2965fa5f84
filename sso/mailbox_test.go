package sso_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

func TestMailboxProperty(t *testing.T) {
	const with = "MFAMailboxPassword=" + canary + ";"
	for text, want := range map[string]string{ // the URL, or what is wrong
		with + "MFAMailbox=imaps://bot%40example.com@imap.example.com/INBOX":      "imaps://bot%40example.com@imap.example.com/INBOX",
		with + "MFAMailbox=imaps://bot@example.com@IMAP.example.com:1993/A%20b/c": "imaps://bot%40example.com@imap.example.com:1993/A%20b/c",
		with + "MFAMailbox=imap://bot@localhost":                                  "imap://bot@localhost",
		with + "MFAMailbox=imap://bot@imap.example.com/INBOX":                     "must be imaps",
		with + "MFAMailbox=pop3s://bot@imap.example.com/INBOX":                    "must be an imaps URL",
		with + "MFAMailbox=imap.example.com":                                      "must be an imaps URL",
		with + "MFAMailbox=imaps://imap.example.com/INBOX":                        "has no user",
		with + "MFAMailbox=imaps://bot:" + canary + "@imap.example.com/INBOX":     "must not carry a password",
		with + "MFAMailbox=imaps://:" + canary + "@imap.example.com/INBOX":        "must not carry a password",
		with + "MFAMailbox=imaps://bot@/INBOX":                                    "has no valid host",
		with + "MFAMailbox=imaps://bot@imap.example.com:0/INBOX":                  "has no valid host",
		with + "MFAMailbox=imaps://bot@imap.example.com/INBOX?x=" + canary:        "has more than",
		with + "MFAMailbox='imaps://bot@imap.example.com/INBOX;UID=1'":            "has more than",
		with:                       "required with MFAMailboxPassword",
		"MFAMailboxTokenCommand=x": "required with MFAMailboxPassword",
		with + "MFAMailboxToken=x;MFAMailbox=imaps://bot@a":      "given together",
		with + "MFAMailbox=imaps://bot@a;MFAMailboxFrom=Okta":    "not a mail address",
		with + "MFAMailbox=imaps://bot@a;MFAMailboxFrom=<a@b.c>": "not a mail address",
	} {
		c, err := sso.ParseConfig(oktaBase + text)
		if err != nil {
			bad := problem(t, err)
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error()+bad.HintText(), canary) || !strings.HasPrefix(bad.Property, "MFAMailbox") {
				t.Errorf("%s: %v (%s, %s), want %q", text, err, bad.Property, bad.HintText(), want)
			}
			continue
		}
		if c.MFAMailbox.String() != want || c.MFAMailboxFrom != "noreply@okta.com" {
			t.Errorf("%s: %s from %s, want %s", text, c.MFAMailbox, c.MFAMailboxFrom, want)
		}
		if public := c.Public(); strings.Contains(public, canary) || strings.Contains(public, "MFAMailboxFrom") || !strings.Contains(public, "MFAMailbox="+want) {
			t.Errorf("%s: public as %s", text, public)
		}
	}
	if c, err := sso.ParseConfig(crowdBase + with); err != nil || len(c.Warnings) != 1 {
		t.Errorf("Crowd: %v, %v", err, c.Warnings)
	}
}

// A program without the option cannot read a mailbox, and hears what is missing.
func TestMailboxNeedsTheOption(t *testing.T) {
	const box = oktaBase + "MFAMailbox=imaps://bot@imap.example.com"
	_, err := sso.Open(t.Context(), box+";MFAMailboxPassword=x", nil)
	if !errors.Is(err, sso.ErrConfig) || !strings.Contains(sso.Hint(err), "ssoexchange/mailbox") {
		t.Errorf("%v (%s)", err, sso.Hint(err))
	}
}

// A connection as it is stored names the mailbox and has no secret: a session can be
// looked at with it. A sign-in says what is missing before it sends anything.
func TestMailboxWithoutASecret(t *testing.T) {
	w, opts, ca := world(t)
	opts.Mailbox = func(sso.MailboxConfig) (mfa.Answerer, error) {
		t.Error("a mailbox without a secret was opened")
		return nil, nil
	}
	c := open(t, w.OktaConnection("User=passwordonly@example.com", ca, "MFAMailbox=imaps://bot@imap.example.com"), opts)
	if _, err := c.Check(t.Context()); !errors.Is(err, sso.ErrNoSession) {
		t.Errorf("nothing is stored: %v", err)
	}
	for range 2 {
		_, err := c.Session(t.Context())
		if !errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), "MFAMailboxPassword") || sso.Step(err) != "config" {
			t.Errorf("a sign-in: %v", err)
		}
	}
	if _, err := c.CheckMailbox(t.Context()); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("the mailbox: %v", err)
	}
	if n := len(w.Net.Requests()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
	if _, err := open(t, w.OktaConnection("User=passwordonly@example.com", ca), opts).Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := c.Check(t.Context()); err != nil || s.User == "" {
		t.Errorf("a session is stored: %v", err)
	}
}

// postbox stands for package mailbox.
type postbox struct {
	config sso.MailboxConfig
	world  *fixtures.World
	err    error // of the sign-in at the mail server
	sent   []string
	late   int // calls for which the mail comes too late
}

type postReason = autherr.Error

type postError struct {
	postReason
	refused, unsettled string
}

func (e *postError) RefusedSecret() string   { return e.refused }
func (e *postError) UnsettledSecret() string { return e.unsettled }

func (p *postbox) Awaits(c mfa.Challenge) bool { return c.Kind == mfa.Email }

func (p *postbox) Prepare(ctx context.Context, _ mfa.Challenge) (string, error) {
	read := p.config.Password
	if read == nil {
		read = p.config.Token
	}
	secret, err := read(ctx)
	if err != nil {
		return "", err
	}
	p.sent = append(p.sent, secret)
	return "mark", p.err
}

func (p *postbox) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	if !p.Awaits(c) {
		return "", mfa.ErrNotMine
	}
	if p.late > 0 {
		p.late--
		<-ctx.Done()
		return "", context.Cause(ctx)
	}
	return p.world.Okta.Mailbox("email@example.com").LastCode(), nil
}

func (p *postbox) Check(ctx context.Context) (string, error) {
	_, err := p.Prepare(ctx, mfa.Challenge{Kind: mfa.Email})
	return "looked", err
}

// mailboxClient returns a client of a user who has a mail factor.
func mailboxClient(t *testing.T, p *postbox, secret string) (*sso.Client, *sso.Options) {
	t.Helper()
	w, opts, ca := world(t)
	if p.world != nil {
		w = p.world
	}
	p.world = w
	opts.Mailbox = func(c sso.MailboxConfig) (mfa.Answerer, error) {
		p.config = c
		return p, nil
	}
	return open(t, w.OktaConnection("User=email@example.com", ca, "MFAMailbox=imaps://bot%40example.com@imap.example.com/Codes", secret), opts), opts
}

func TestMailboxAnswers(t *testing.T) {
	for _, secret := range []string{"MFAMailboxPassword=" + canary, "MFAMailboxTokenCommand=echo " + canary} {
		p := &postbox{}
		c, _ := mailboxClient(t, p, secret)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(p.sent) != 1 || p.sent[0] != canary || (p.config.Password == nil) != strings.Contains(secret, "Token") {
			t.Errorf("%d secrets sent", len(p.sent))
		}
		if u := p.config.URL; u.User.Username() != "bot@example.com" || u.Path != "/Codes" || p.config.From != "noreply@okta.com" ||
			p.config.TLS.RootCAs == nil || p.config.TLS.NextProtos != nil || p.config.Dial == nil || p.config.Logger == nil {
			t.Errorf("%+v", p.config)
		}
	}
}

// A refused secret of the mailbox is remembered like any other, one without a verdict is
// kept back after a while, and no mail is sent that nobody could read.
func TestMailboxSecretIsGuarded(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		tries  int // of the same secret
		code   string
		before bool
	}{
		"refused":    {&postError{postReason{Kind: sso.ErrCredentials, Text: "mailbox: refused"}, "MFAMailboxPassword", ""}, 1, "credentials", true},
		"no verdict": {&postError{postReason{Kind: sso.ErrUnreachable, Text: "mailbox: no answer"}, "", "MFAMailboxPassword"}, 2, "rate_limited", false},
		"not sent":   {autherr.New(sso.ErrUnreachable, "mailbox: cannot be reached", ""), 4, "unreachable", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &postbox{err: tt.err}
			c, _ := mailboxClient(t, p, "MFAMailboxPassword="+canary)
			var err error
			for range 4 {
				if _, err = c.Session(t.Context()); err == nil {
					t.Fatal("signed in")
				}
			}
			var before *sso.RefusedBeforeError
			if len(p.sent) != tt.tries || sso.Code(err) != tt.code || errors.As(err, &before) != tt.before || strings.Contains(fmt.Sprintf("%+v", err), canary) {
				t.Errorf("sent %d times, then %v", len(p.sent), err)
			}
			if before != nil && before.Property != "MFAMailboxPassword" {
				t.Errorf("about %s", before.Property)
			}
			if n := len(p.world.Okta.Mailbox("email@example.com").Messages()); n != 0 {
				t.Errorf("%d mails", n)
			}
			if n := p.world.Net.Count("acme.okta.com", http.MethodPost, "/api/v1/authn"); n < 4 {
				t.Errorf("the password was sent %d times: it was not what was refused", n)
			}
			if _, err := c.CheckMailbox(t.Context()); err == nil || len(p.sent) > tt.tries+1 {
				t.Errorf("checked: %v, sent %d times", err, len(p.sent))
			}
			if tt.before {
				var found []string
				c.Diagnose(t.Context(), func(f sso.Finding) { found = append(found, f.Check+" "+string(f.Status)+" "+f.Message) })
				if !strings.Contains(strings.Join(found, "\n"), "refused fail this MFAMailboxPassword was refused") {
					t.Errorf("doctor finds %q", found)
				}
			}
			p.err = nil
			if err := c.ClearRefusal(t.Context()); err != nil {
				t.Fatal(err)
			}
			if found, err := c.CheckMailbox(t.Context()); found != "looked" || err != nil {
				t.Errorf("%q, %v", found, err)
			}
			if _, err := c.Session(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A refused token stops the refresher until the command prints another one. The command
// that prints a new one each time is the usual one.
func TestRefusedMailboxTokenIsTriedAnew(t *testing.T) {
	for name, tt := range map[string]struct {
		token func(n int) string
		sent  int
		state string
	}{
		"new each time": {func(n int) string { return fmt.Sprint("token ", n) }, 2, sso.RefreshLive},
		"the same":      {func(int) string { return "token" }, 1, sso.RefreshStopped},
	} {
		t.Run(name, func(t *testing.T) {
			w, opts, ca := world(t)
			p := &postbox{world: w, err: &postError{postReason{Kind: sso.ErrCredentials, Text: "mailbox: refused"}, "MFAMailboxToken", ""}}
			opts.Mailbox = func(c sso.MailboxConfig) (mfa.Answerer, error) {
				p.config = c
				return p, nil
			}
			cfg, err := sso.ParseConfig(w.OktaConnection("User=email@example.com", ca, "MFAMailbox=imaps://bot@imap.example.com"))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			cfg.MFAMailboxToken = sso.SecretFunc(func(context.Context) (string, error) {
				n++
				return tt.token(n), nil
			})
			turn := func() sso.RefreshStatus {
				c, err := sso.OpenConfig(t.Context(), cfg, opts)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				r := sso.NewRefresher(sso.RefreshOptions{})
				r.Add("bot", c)
				if err := r.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
				return r.Status()[0]
			}
			if s := turn(); s.State != sso.RefreshStopped || s.Code != "credentials" {
				t.Fatalf("refused: %+v", s)
			}
			p.err = nil
			if s := turn(); s.State != tt.state || len(p.sent) != tt.sent {
				t.Errorf("then %+v, and %d tokens sent; want %s and %d", s, len(p.sent), tt.state, tt.sent)
			}
		})
	}
}

// A mail that comes after MFATimeout is looked for again, a few times, and no second one
// is asked for.
func TestLateMail(t *testing.T) {
	for name, tt := range map[string]struct {
		late  int
		kinds []string
	}{
		"late":  {2, []string{sso.RefreshWaiting, sso.RefreshWaiting, sso.RefreshRenewed}},
		"never": {99, []string{sso.RefreshWaiting, sso.RefreshWaiting, sso.RefreshStopped}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &postbox{late: tt.late}
				c, _ := mailboxClient(t, p, "MFATimeout=20;MFAMailboxPassword="+canary)
				defer p.world.Close()
				var log told
				keep(t, c, sso.RefreshOptions{Observe: log.observe}, 10*time.Minute)
				if got := log.kinds(); !slices.Equal(got, tt.kinds) {
					t.Errorf("told %v, want %v", got, tt.kinds)
				}
				for _, e := range log.events[:min(2, len(log.events))] {
					if !errors.Is(e.Err, sso.ErrPassCodeNeeded) {
						t.Errorf("waits because of %v", e.Err)
					}
				}
				if n := len(p.world.Okta.Mailbox("email@example.com").Messages()); n != 1 {
					t.Errorf("%d mails, want one", n)
				}
			})
		})
	}
}

// A mail that another program has waited for in vain keeps no refresher from looking.
func TestLateMailOfAnotherProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &postbox{late: 1}
		c, _ := mailboxClient(t, p, "MFATimeout=20;MFAMailboxPassword="+canary)
		defer p.world.Close()
		if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		var log told
		keep(t, c, sso.RefreshOptions{Observe: log.observe}, time.Minute)
		if got := log.kinds(); !slices.Equal(got, []string{sso.RefreshRenewed}) {
			t.Errorf("told %v", got)
		}
	})
}
