package sso_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

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
	_, err = sso.Open(t.Context(), box, nil)
	if !errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), "MFAMailboxPassword") {
		t.Errorf("%v", err)
	}
}

// postbox stands for package mailbox.
type postbox struct {
	config sso.MailboxConfig
	world  *fixtures.World
	err    error // of the sign-in at the mail server
	sent   []string
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

func (p *postbox) Answer(_ context.Context, c mfa.Challenge) (string, error) {
	if !p.Awaits(c) {
		return "", mfa.ErrNotMine
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
