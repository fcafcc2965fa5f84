package okta_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// typist answers with one code after the other and writes down what it was asked.
type typist struct {
	codes []string // "resend" stands for mfa.ErrResend
	asked []mfa.Challenge
	hand  bool // the codes are at hand
}

func (p *typist) Answer(_ context.Context, c mfa.Challenge) (string, error) {
	p.asked = append(p.asked, c)
	if len(p.codes) == 0 {
		return "", mfa.ErrNotMine
	}
	code := p.codes[0]
	p.codes = p.codes[1:]
	if code == "resend" {
		return "", mfa.ErrResend
	}
	return code, nil
}

func (p *typist) Ready(c mfa.Challenge) bool {
	return p.hand && c.Kind != mfa.Push && len(p.codes) > 0
}

const (
	smsFactor  = "sms1 sms OKTA +1 XXX-XXX-1234"
	totpFactor = "ost1 token:software:totp OKTA ana@example.com"
	mailFactor = "emf1 email OKTA a...a@example.com"
)

var (
	smsCall, totpCall = fmt.Sprintf(verify, "sms1"), fmt.Sprintf(verify, "ost1")
	smsResend         = smsCall + "/resend"
	smsSent           = ok(challenge(smsFactor, "CHALLENGE", "verify"))
	mailSent          = ok(challenge(mailFactor, "CHALLENGE", "verify"))
	wrong             = refusal(403, "E0000068")
)

// posted returns the codes that were posted, "" where a call only asked for a message.
func posted(cs []call) []string {
	var out []string
	for _, c := range cs {
		code, _ := c.Body["passCode"].(string)
		if a, ok := c.Body["answer"].(string); ok {
			code = a
		}
		out = append(out, code)
	}
	return out
}

func TestCodes(t *testing.T) {
	tests := []struct {
		name    string
		factor  string
		typist  *typist // nil: nobody
		answers []answer
		err     error
		posted  []string
		resent  int
		cancels int
		asked   int
		took    time.Duration
	}{
		{name: "SMS right", factor: smsFactor, typist: &typist{codes: []string{"111111"}}, answers: []answer{smsSent, ok(success)}, posted: []string{"", "111111"}, asked: 1},
		{name: "SMS wrong, then right", factor: smsFactor, typist: &typist{codes: []string{"111111", "222222"}}, answers: []answer{smsSent, wrong, ok(success)}, posted: []string{"", "111111", "222222"}, asked: 2},
		{name: "SMS wrong three times", factor: smsFactor, typist: &typist{codes: []string{"100001", "200002", "300003", "400004"}}, answers: []answer{smsSent, wrong}, err: autherr.ErrPassCodeNeeded, posted: []string{"", "100001", "200002", "300003"}, asked: 3},
		{name: "SMS, same wrong code again", factor: smsFactor, typist: &typist{codes: []string{"100001", "100001", "100001"}}, answers: []answer{smsSent, wrong}, err: autherr.ErrPassCodeNeeded, posted: []string{"", "100001"}, asked: 3},
		{name: "SMS, another one asked for", factor: smsFactor, typist: &typist{codes: []string{"resend", "200002"}}, answers: []answer{smsSent, ok(success)}, posted: []string{"", "200002"}, resent: 1, asked: 2, took: 30 * time.Second},
		{name: "SMS, nobody", factor: smsFactor, answers: []answer{smsSent}, err: autherr.ErrPassCodeNeeded, posted: []string{""}},
		{name: "SMS, nobody has a code", factor: smsFactor, typist: &typist{}, answers: []answer{smsSent}, err: autherr.ErrPassCodeNeeded, posted: []string{""}, asked: 1},
		{name: "SMS sent just before", factor: smsFactor, answers: []answer{refusal(429, "E0000109")}, err: autherr.ErrRateLimited, posted: []string{""}},
		{name: "SMS, code at hand is right", factor: smsFactor, typist: &typist{codes: []string{"8111"}, hand: true}, answers: []answer{ok(success)}, posted: []string{"8111"}, asked: 1},
		{name: "SMS, code at hand is wrong", factor: smsFactor, typist: &typist{codes: []string{"8111"}, hand: true}, answers: []answer{wrong, smsSent}, err: autherr.ErrPassCodeNeeded, posted: []string{"8111", ""}, asked: 2},
		{name: "SMS, limit of messages", factor: smsFactor, typist: &typist{codes: []string{"8111"}, hand: true}, answers: []answer{wrong, refusal(429, "E0000109")}, err: autherr.ErrRateLimited, posted: []string{"8111", ""}, asked: 1},
		{name: "SMS, locked by wrong codes", factor: smsFactor, typist: &typist{codes: []string{"100001", "200002"}}, answers: []answer{smsSent, refusal(403, "E0000069")}, err: autherr.ErrCredentials, posted: []string{"", "100001"}, asked: 1},
		{name: "SMS, expired", factor: smsFactor, typist: &typist{codes: []string{"100001", "200002"}}, answers: []answer{smsSent, refusal(401, "E0000011")}, err: autherr.ErrUnreachable, posted: []string{"", "100001"}, asked: 1},
		{name: "SMS, limited", factor: smsFactor, typist: &typist{codes: []string{"100001", "200002"}}, answers: []answer{smsSent, refusal(429, "E0000047")}, err: autherr.ErrRateLimited, posted: []string{"", "100001"}, asked: 1},
		{name: "mail right", factor: mailFactor, typist: &typist{codes: []string{"100001"}}, answers: []answer{mailSent, ok(success)}, posted: []string{"", "100001"}, asked: 1},
		{name: "TOTP right", factor: totpFactor, typist: &typist{codes: []string{"100001"}}, answers: []answer{ok(success)}, posted: []string{"100001"}, asked: 1},
		{name: "TOTP wrong, nobody else", factor: totpFactor, typist: &typist{codes: []string{"100001"}}, answers: []answer{wrong}, err: autherr.ErrMFARejected, posted: []string{"100001"}, asked: 2, cancels: 1},
		{name: "TOTP used before, next one right", factor: totpFactor, typist: &typist{codes: []string{"100001", "100001", "200002"}}, answers: []answer{refusal(403, "E0000082"), ok(success)}, posted: []string{"100001", "200002"}, asked: 3, took: 31 * time.Second},
		{name: "TOTP, nothing but one wrong code", factor: totpFactor, typist: &typist{codes: []string{"100001", "100001", "100001", "100001", "100001"}}, answers: []answer{refusal(403, "E0000083")}, err: autherr.ErrMFARejected, posted: []string{"100001"}, asked: 4, cancels: 1, took: 31 * time.Second},
		{name: "TOTP, nobody", factor: totpFactor, err: autherr.ErrPassCodeNeeded},
		{name: "token's prompt", factor: "rsa1 token RSA", typist: &typist{codes: []string{"100001", "200002"}}, answers: []answer{refusal(409, "E0000113"), ok(success)}, posted: []string{"100001", "200002"}, asked: 2},
		{name: "token's prompt, nobody", factor: "rsa1 token RSA", typist: &typist{codes: []string{"100001"}}, answers: []answer{refusal(409, "E0000113")}, err: autherr.ErrPassCodeNeeded, posted: []string{"100001"}, asked: 2},
		{name: "hardware key", factor: "ykf1 token:hardware YUBICO", typist: &typist{codes: []string{"cccc"}}, answers: []answer{ok(success)}, posted: []string{"cccc"}, asked: 1},
		{name: "question right", factor: "ufs1 question OKTA", typist: &typist{codes: []string{"Rex"}}, answers: []answer{ok(success)}, posted: []string{"Rex"}, asked: 1},
		{name: "question wrong", factor: "ufs1 question OKTA", typist: &typist{codes: []string{"Rex", "Rex", "Rex"}}, answers: []answer{refusal(403, "E0000087")}, err: autherr.ErrMFARejected, posted: []string{"Rex"}, asked: 3, cancels: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				id, _, _ := strings.Cut(tt.factor, " ")
				call := fmt.Sprintf(verify, id)
				s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(tt.factor)))).on(call, tt.answers...).on(call+"/resend", smsSent)
				c := s.client()
				if tt.typist != nil {
					c.Answerer = tt.typist
				}
				began := time.Now()
				err := s.signIn(c, "8111", "111111", "cccc", "Rex")
				if !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				for _, other := range []error{autherr.ErrMFARejected, autherr.ErrPassCodeNeeded, autherr.ErrRateLimited} {
					if other != tt.err && errors.Is(err, other) {
						t.Errorf("error is %v as well", other)
					}
				}
				if got := posted(s.find(call)); !slices.Equal(got, tt.posted) {
					t.Errorf("posted %q, want %q", got, tt.posted)
				}
				if n := s.count(call + "/resend"); n != tt.resent {
					t.Errorf("%d messages more, want %d", n, tt.resent)
				}
				if n := s.count(cancel); n != tt.cancels {
					t.Errorf("cancelled %d times, want %d", n, tt.cancels)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if tt.typist != nil {
					if len(tt.typist.asked) != tt.asked {
						t.Errorf("asked %d times, want %d", len(tt.typist.asked), tt.asked)
					}
					for i, ch := range tt.typist.asked {
						if i > 0 && ch.Attempt > 1 && ch.Refused == "" {
							t.Errorf("attempt %d does not say why", ch.Attempt)
						}
					}
				}
			})
		})
	}
}

// reopen is the same user in another process.
func reopen(t *testing.T, s *script, c *okta.Client) *okta.Client {
	t.Helper()
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	d := s.client()
	if err := d.Restore(data); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestResumeSendsNoSecondMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor)))).on(smsCall, smsSent, ok(success))
		c := s.client()
		var crashed []byte
		c.Checkpoint = func(context.Context) (err error) { crashed, err = c.Snapshot(); return err }
		err := s.signIn(c)
		var hinted interface{ HintText() string }
		if !errors.Is(err, autherr.ErrPassCodeNeeded) || !errors.As(err, &hinted) || !strings.Contains(err.Error(), "SMS to +1 XXX-XXX-1234") {
			t.Fatalf("first: %v", err)
		}
		c2 := s.client()
		if err := c2.Restore(crashed); err != nil {
			t.Fatal(err)
		}

		before := len(s.calls())
		if err := s.signIn(c2); !errors.Is(err, autherr.ErrPassCodeNeeded) || len(s.calls()) != before {
			t.Errorf("without a code: %v, requests %q", err, s.calls()[before:])
		}

		c3 := reopen(t, s, c2)
		c3.Answerer = mfa.Code("123 456")
		s.on(app, ok(assertionPage()))
		if err := s.signIn(c3, "123456"); err != nil {
			t.Fatalf("with the code: %v", err)
		}
		if got, want := s.calls()[before:], []string{smsCall, app}; !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
		if got := posted(s.find(smsCall)); !slices.Equal(got, []string{"", "123456"}) {
			t.Errorf("posted %q", got)
		}

		// The code is spent: not even another process posts it again.
		s.on(smsCall, smsSent, wrong)
		c4 := reopen(t, s, c3)
		c4.Answerer = &typist{codes: []string{"123456"}, hand: true}
		if err := s.signIn(c4, "123456"); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Errorf("with the spent code: %v", err)
		}
		if got := posted(s.find(smsCall)); !slices.Equal(got, []string{"", "123456", ""}) {
			t.Errorf("posted %q", got)
		}
	})
}

func TestResumeWithAWrongCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor)))).on(smsCall, smsSent, wrong).on(smsResend, smsSent)
		c := s.client()
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}

		time.Sleep(10 * time.Second) // too early for another message
		c = reopen(t, s, c)
		c.Answerer = mfa.Code("100001")
		err := s.signIn(c)
		var wait interface{ RetryAfter() time.Duration }
		if !errors.Is(err, autherr.ErrPassCodeNeeded) || !errors.As(err, &wait) || s.count(smsResend) != 0 {
			t.Fatalf("early: %v, %d messages", err, s.count(smsResend))
		}
		var e *autherr.Error
		if errors.As(err, &e); e.Wait != 20*time.Second {
			t.Errorf("wait %v", e.Wait)
		}

		time.Sleep(20 * time.Second) // now one is due
		c = reopen(t, s, c)
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) || s.count(smsResend) != 1 {
			t.Fatalf("due: %v, %d messages", err, s.count(smsResend))
		}

		time.Sleep(31 * time.Second) // late: sent at once
		c = reopen(t, s, c)
		c.Answerer = mfa.Code("200002")
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) || s.count(smsResend) != 2 {
			t.Fatalf("late: %v, %d messages", err, s.count(smsResend))
		}
		if s.count(authn) != 1 {
			t.Errorf("password posted %d times", s.count(authn))
		}
	})
}

func TestResumeOfAnExpiredTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor)))).on(smsCall, smsSent)
		c := s.client()
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		// By its own clock it lives; Okta says that it does not: once, from the start.
		c = reopen(t, s, c)
		c.Answerer = mfa.Code("100001")
		s.on(smsCall, refusal(401, "E0000011"), smsSent).on(app, ok(loginPage), ok(assertionPage()))
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) || s.count(authn) != 2 {
			t.Errorf("%v after %d passwords", err, s.count(authn))
		}
		if got := posted(s.find(smsCall)); !slices.Equal(got, []string{"", "100001", ""}) {
			t.Errorf("posted %q", got)
		}

		// By its own clock it is over: nothing is posted to it.
		time.Sleep(time.Hour)
		c = reopen(t, s, c)
		before := s.count(smsCall)
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) || s.count(authn) != 3 || s.count(smsCall) != before+1 {
			t.Errorf("%v after %d passwords", err, s.count(authn))
		}
	})
}

func TestChangedMindGivesUpWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor, totpFactor)))).on(smsCall, smsSent).on(totpCall, ok(success)).on(app, ok(loginPage), ok(assertionPage()))
		c := s.client()
		c.Factor = okta.FactorChoice{Kind: mfa.SMS}
		if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
			t.Fatal(err)
		}
		c = reopen(t, s, c)
		c.Factor, c.Answerer = okta.FactorChoice{Kind: mfa.TOTP}, mfa.Code("100001")
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if s.count(cancel) != 1 || s.count(authn) != 2 {
			t.Errorf("requests %q", s.calls())
		}
	})
}

func TestCallerEndsWhileAPersonThinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor)))).on(smsCall, smsSent)
		c := s.client()
		c.Answerer = mfa.Func(func(ctx context.Context, _ mfa.Challenge) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if _, err := c.SignIn(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || s.count(cancel) != 0 {
			t.Errorf("%v, cancelled %d times", err, s.count(cancel))
		}
		c.MFATimeout = time.Minute
		began := time.Now()
		if _, err := c.SignIn(t.Context(), nil); !errors.Is(err, autherr.ErrPassCodeNeeded) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if s.count(cancel) != 0 || s.count(authn) != 1 || s.count(smsCall) != 1 {
			t.Error("the transaction is cancelled or begun again although a code may still come")
		}
	})
}
