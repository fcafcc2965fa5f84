package okta_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// fetcher is a mailbox: it looks before a mail is asked for, and answers with its code.
type fetcher struct {
	answers  []func(mfa.Challenge) (string, error)
	prepare  error
	requests func() int // sent so far
	before   []int      // how many had been sent when it looked
	asked    []mfa.Challenge
}

func (f *fetcher) Awaits(c mfa.Challenge) bool { return c.Kind == mfa.Email }

func (f *fetcher) Prepare(_ context.Context, c mfa.Challenge) (string, error) {
	if !f.Awaits(c) {
		return "", mfa.ErrNotMine
	}
	f.before = append(f.before, f.requests())
	return fmt.Sprintf("mark %d", len(f.before)), f.prepare
}

func (f *fetcher) Answer(_ context.Context, c mfa.Challenge) (string, error) {
	f.asked = append(f.asked, c)
	if len(f.answers) < len(f.asked) {
		return "", mfa.ErrNotMine
	}
	return f.answers[len(f.asked)-1](c)
}

func answerWith(code string, err error) func(mfa.Challenge) (string, error) {
	return func(mfa.Challenge) (string, error) { return code, err }
}

// mailed has a user with a mail factor and another one at each engine.
func mailed(t *testing.T, do func(t *testing.T, s *sim, f *fetcher, client func(earlier ...*okta.Client) *okta.Client)) {
	factors := []fixtures.Factor{{Type: fixtures.FactorPush, Name: "phone"}, {Type: fixtures.FactorEmail}}
	for _, engine := range []string{"classic", "idx", "idx, direct"} {
		t.Run(engine, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: factors}, fixtures.App{})
				if engine != "classic" {
					s.okta.SetEngine("idx")
					s.okta.SetIDXPolicy(fixtures.IDXPolicy{AskMethod: engine == "idx, direct"})
				}
				f := &fetcher{requests: func() int { return len(s.okta.Mailbox(ana).Messages()) }}
				do(t, s, f, func(earlier ...*okta.Client) *okta.Client {
					c := s.client(earlier...)
					c.Answerer = mfa.First(f)
					return c
				})
			})
		})
	}
}

func TestPreparedBeforeTheMail(t *testing.T) {
	mailed(t, func(t *testing.T, s *sim, f *fetcher, client func(...*okta.Client) *okta.Client) {
		f.answers = append(f.answers, func(mfa.Challenge) (string, error) { return s.okta.Mailbox(ana).LastCode(), nil })
		asked := time.Now()
		if err := s.signIn(client()); err != nil {
			t.Fatal(err)
		}
		last := fmt.Sprintf("mark %d", len(f.before))
		if len(f.before) == 0 || slices.Max(f.before) != 0 || len(f.asked) != 1 || f.asked[0].Mark != last || f.asked[0].Sent.Before(asked) {
			t.Errorf("prepared with %v mails sent; asked %+v", f.before, f.asked)
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 1 {
			t.Errorf("%d messages: the factor that needs nobody comes first", n)
		}
	})
}

// What cannot be fetched is not sent.
func TestNotPreparedNotSent(t *testing.T) {
	for _, kind := range []error{autherr.ErrCredentials, autherr.ErrConfig, autherr.ErrUnreachable} {
		mailed(t, func(t *testing.T, s *sim, f *fetcher, client func(...*okta.Client) *okta.Client) {
			f.prepare = autherr.New(kind, "mailbox: no", "")
			for _, want := range []okta.FactorChoice{{}, {Kind: mfa.Email}} {
				c := client()
				c.Factor = want
				if err := s.signIn(c); !errors.Is(err, kind) {
					t.Errorf("%v, want %v", err, kind)
				}
			}
			if n := len(s.okta.Phone(ana).Messages()); n != 0 || len(f.asked) != 0 || len(f.before) != 2 {
				t.Errorf("%d messages, asked %d times, prepared %d times", n, len(f.asked), len(f.before))
			}
		})
	}
}

// Another mail has a mark of its own.
func TestPreparedForEachMail(t *testing.T) {
	mailed(t, func(t *testing.T, s *sim, f *fetcher, client func(...*okta.Client) *okta.Client) {
		f.answers = append(f.answers, answerWith("000000", nil), answerWith("", mfa.ErrResend),
			func(mfa.Challenge) (string, error) { return s.okta.Mailbox(ana).LastCode(), nil })
		if err := s.signIn(client()); err != nil {
			t.Fatal(err)
		}
		if len(f.asked) != 3 || f.asked[0].Mark == f.asked[2].Mark || f.asked[0].Mark != f.asked[1].Mark || f.asked[2].Refused == "" || !f.asked[2].Sent.After(f.asked[0].Sent) {
			t.Errorf("asked %+v", f.asked)
		}
		if n := len(s.okta.Mailbox(ana).Messages()); n != 2 || f.before[len(f.before)-1] != 1 {
			t.Errorf("%d mails, prepared with %v sent", n, f.before)
		}
	})
}

// The process that goes on has the mark of the one that had the mail sent.
func TestMarkIsKept(t *testing.T) {
	mailed(t, func(t *testing.T, s *sim, f *fetcher, client func(...*okta.Client) *okta.Client) {
		f.answers = append(f.answers, answerWith("", mfa.ErrNotMine), func(mfa.Challenge) (string, error) { return s.okta.Mailbox(ana).LastCode(), nil })
		first := client()
		if err := s.signIn(first); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		prepared := len(f.before)
		if err := s.signIn(client(first)); err != nil {
			t.Fatal(err)
		}
		if len(f.asked) != 2 || f.asked[1].Mark == "" || f.asked[1].Mark != f.asked[0].Mark || !f.asked[1].Sent.Equal(f.asked[0].Sent) || len(f.before) != prepared {
			t.Errorf("asked %+v, prepared %d times, then %d", f.asked, prepared, len(f.before))
		}
		if n := len(s.okta.Mailbox(ana).Messages()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// A code that is there needs no mail, and so no mailbox.
func TestCodeAtHandNeedsNoMailbox(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorTOTP}, {Type: fixtures.FactorEmail}}}, fixtures.App{})
		f := &fetcher{}
		c := s.client()
		c.Answerer = mfa.First(mfa.Authenticator(func(context.Context) (string, error) { return s.okta.TOTPSecret(ana), nil }), f)
		if err := s.signIn(c); err != nil || len(f.before)+len(f.asked) != 0 {
			t.Errorf("%v; prepared %d times, asked %d", err, len(f.before), len(f.asked))
		}
	})
}

// Where mail is all there is, Okta may send one with the answer to the password.
func TestPreparedForAMailNobodyChose(t *testing.T) {
	link := `"contextualData":{"useEmailMagicLink":false}`
	for name, tt := range map[string]struct {
		choice okta.FactorChoice
		known  bool // the device was here before
		forget bool // and is not to be remembered
		mark   string
	}{
		"mail is wanted":              {choice: okta.FactorChoice{Kind: mfa.Email}, mark: "mark 1"},
		"a known device":              {choice: okta.FactorChoice{Kind: mfa.Email}, known: true},
		"a known one, not remembered": {choice: okta.FactorChoice{Kind: mfa.Email}, known: true, forget: true, mark: "mark 1"},
		"whatever there is":           {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newIDX(t, startBoth).on(identify, mail("H3", "4000", link)).on(answering, done)
				f := &fetcher{requests: func() int { return s.count(identify) }, answers: []func(mfa.Challenge) (string, error){answerWith("123456", nil), answerWith("123457", nil)}}
				c := s.client()
				c.Factor, c.Answerer = tt.choice, f
				c.RememberDevice = !tt.forget
				if tt.known {
					c.Answerer = mfa.Func(f.Answer)
					if err := s.signIn(c, idxToken); err != nil {
						t.Fatal(err)
					}
					c.Answerer = f
					c.Forget(false)
					s.on(app, ok(idxPage))
					s.on(identify, mail("H3", "4000", link)).on(answering, done)
				}
				began, posted := time.Now(), s.count(identify)
				s.on(app, ok(idxPage)).on(redirect, ok(assertionPage()))
				if err := s.signIn(c, idxToken); err != nil {
					t.Fatalf("%v; %q", err, s.calls())
				}
				last := f.asked[len(f.asked)-1]
				if last.Mark != tt.mark || last.Sent.IsZero() || last.Sent.Before(began) {
					t.Errorf("asked %+v (begun %v)", last, began)
				}
				if len(f.before) > 0 && f.before[0] != posted {
					t.Errorf("prepared after %v requests of this kind", f.before)
				}
			})
		})
	}
}
