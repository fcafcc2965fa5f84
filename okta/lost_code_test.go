package okta_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// loseCode lets the next code reach Okta, or not, and cuts the connection in place of
// the answer.
func (s *sim) loseCode(arrives bool) {
	lost := false
	s.net.Intercept(func(_ string, r *http.Request) http.Handler {
		if lost || !strings.HasSuffix(r.URL.Path, "/verify") {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				s.t.Error(err)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			if !bytes.Contains(body, []byte("passCode")) {
				s.okta.ServeHTTP(w, r) // asks for the message
				return
			}
			lost = true
			if arrives {
				s.okta.ServeHTTP(httptest.NewRecorder(), r)
			}
			panic(http.ErrAbortHandler)
		})
	})
}

// newest answers with the newest code that was sent, mail or message.
func (s *sim) newest() mfa.Answerer {
	return mfa.Func(func(_ context.Context, c mfa.Challenge) (string, error) {
		if c.Kind == mfa.Email {
			return s.okta.Mailbox(ana).LastCode(), nil
		}
		return s.okta.Phone(ana).LastCode(), nil
	})
}

// TestLostAnswerToACode: the code is used up, whether Okta has seen it or not, and its
// transaction may be over. The next sign-in has another message sent at once, in the
// same transaction if there is one, else in a new one.
func TestLostAnswerToACode(t *testing.T) {
	for _, factor := range []string{fixtures.FactorEmail, fixtures.FactorSMS} {
		for _, tt := range []struct {
			name      string
			arrives   bool
			wait      time.Duration
			nobody    bool // has the code in the second run
			remember  bool // the device, if the code was right
			err       error
			text      string
			passwords int // posted in the second run
			messages  int // in all, after it
		}{
			{name: "it was right", arrives: true, wait: time.Minute, passwords: 1, messages: 2},
			{name: "it was right, nobody has a new one yet", arrives: true, wait: time.Minute, nobody: true, err: autherr.ErrPassCodeNeeded, text: "a code was sent", passwords: 1, messages: 2},
			{name: "it was right, and the device is remembered", arrives: true, wait: time.Minute, nobody: true, remember: true, passwords: 1, messages: 1},
			{name: "it never arrived", wait: time.Minute, messages: 2},
			{name: "it never arrived, nobody has a new one yet", wait: time.Minute, nobody: true, err: autherr.ErrPassCodeNeeded, text: "a code was sent", messages: 2},
			{name: "too early for another message", arrives: true, wait: time.Second, nobody: true, err: autherr.ErrPassCodeNeeded, text: "another message cannot be sent yet", messages: 1},
		} {
			t.Run(factor+", "+tt.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: factor}}}, fixtures.App{})
					s.loseCode(tt.arrives)
					c := s.client()
					c.Answerer, c.RememberDevice = s.newest(), tt.remember
					if err := s.signIn(c); !errors.Is(err, autherr.ErrUnreachable) {
						t.Fatalf("the first: %v, want ErrUnreachable", err)
					}
					time.Sleep(tt.wait)
					s.net.Reset()
					c = s.client(c)
					if !tt.nobody {
						c.Answerer = s.newest()
					}
					err := s.signIn(c)
					if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
						t.Fatalf("the second: %v, want %v with %q", err, tt.err, tt.text)
					}
					if err != nil && strings.Contains(err.Error(), "was refused") {
						t.Errorf("%v: nobody knows that", err)
					}
					if n := s.passwords(); n != tt.passwords {
						t.Errorf("%d passwords, want %d: %q", n, tt.passwords, s.paths())
					}
					if n := len(s.okta.Phone(ana).Messages()); n != tt.messages {
						t.Errorf("%d messages, want %d", n, tt.messages)
					}
					if tt.err == nil {
						return
					}
					time.Sleep(time.Minute)
					c = s.client(c)
					c.Answerer = s.newest()
					if err := s.signIn(c); err != nil {
						t.Errorf("the third: %v", err)
					}
					if n := s.passwords(); n > 1 {
						t.Errorf("%d passwords in two sign-ins: %q", n, s.paths())
					}
				})
			})
		}
	}
}

// passwords counts those that were posted since the last Reset.
func (s *sim) passwords() (n int) {
	for _, r := range s.net.Requests() {
		if strings.Contains(string(r.Body), secret) {
			n++
		}
	}
	return n
}

// TestLostAnswerToACodeOfIdentityEngine: the same on the other engine.
func TestLostAnswerToACodeOfIdentityEngine(t *testing.T) {
	over := ion(401, "H3", said("ERROR", "idx.session.expired", "over"))
	sms := func(handle string) answer { return challenged(handle, formCode, "phone_number", "sms", another) }
	for _, tt := range []struct {
		name   string
		then   []answer // to introspect, in the second run
		resent answer
		bodies []string // of the second run
	}{
		{"the transaction goes on", []answer{sms("H3")}, sms("H5"), []string{`/introspect {}`, `/challenge/resend {}`}},
		{"it is over", []answer{over, startBoth}, answer{}, []string{`/introspect {}`, page, intro, namedPW}},
		{"it ends in this moment", []answer{sms("H3"), startBoth}, over, []string{`/introspect {}`, `/challenge/resend {}`, page, intro, namedPW}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newIDX(t, startBoth).on(identify, sms("H2")).on(answering, answer{status: 502}).on(resending, tt.resent)
				c := s.client()
				c.Answerer = &typist{codes: []string{"111111"}}
				if err := s.signIn(c, idxToken, "111111"); !errors.Is(err, autherr.ErrUnreachable) {
					t.Fatalf("the first: %v", err)
				}
				time.Sleep(time.Minute)
				before := len(s.bodies())
				s.on(introspect, tt.then...)
				c = reopen(t, s, c)
				if err := s.signIn(c, idxToken, "111111"); !errors.Is(err, autherr.ErrPassCodeNeeded) || strings.Contains(err.Error(), "refused") {
					t.Fatalf("the second: %v", err)
				}
				if got := s.bodies()[before:]; !slices.Equal(got, tt.bodies) {
					t.Errorf("requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.bodies, "\n"))
				}
			})
		})
	}
}

// TestResumeOfADeadTransaction: another message is asked for in a transaction that Okta
// does not know any more. That has bothered nobody, so the sign-in begins anew, once;
// whether the password may be sent is for its keeper to say.
func TestResumeOfADeadTransaction(t *testing.T) {
	kept := &autherr.Error{Kind: autherr.ErrRateLimited, Text: "kept back", Wait: time.Minute}
	for _, tt := range []struct {
		name   string
		change func(*script, *okta.Client)
		err    error
		calls  []string
	}{
		{"it begins anew", func(*script, *okta.Client) {}, autherr.ErrPassCodeNeeded, []string{smsResend, app, authn, smsCall}},
		{"the password is kept back", func(_ *script, c *okta.Client) {
			c.Password = func(context.Context) (string, error) { return "", kept }
		}, autherr.ErrRateLimited, []string{smsResend, app}},
		{"the new one is dead, too", func(s *script, _ *okta.Client) { s.on(smsCall, refusal(401, "E0000011")) },
			autherr.ErrUnreachable, []string{smsResend, app, authn, smsCall}},
		{"Okta is away", func(s *script, _ *okta.Client) { s.on(smsResend, answer{status: 503}) }, autherr.ErrUnreachable, []string{smsResend}},
		{"Okta has other reasons", func(s *script, _ *okta.Client) { s.on(smsResend, refusal(429, "E0000109")) }, autherr.ErrRateLimited, []string{smsResend}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor)))).on(smsCall, smsSent, answer{status: 502}, smsSent).
					on(smsResend, refusal(401, "E0000011"))
				c := s.client()
				c.Answerer = &typist{codes: []string{"111111"}}
				if err := s.signIn(c, "111111"); !errors.Is(err, autherr.ErrUnreachable) {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				s.on(app, ok(loginPage))
				c = reopen(t, s, c)
				tt.change(s, c)
				before := len(s.calls())
				if err := s.signIn(c, "111111"); !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				if got := s.calls()[before:]; !slices.Equal(got, tt.calls) {
					t.Errorf("requests %q, want %q", got, tt.calls)
				}
				if got := posted(s.find(smsCall)); slices.Contains(got[2:], "111111") {
					t.Errorf("the code is posted again: %q", got)
				}
			})
		})
	}
}

// TestDeadAtOnce: a transaction that dies in the sign-in that began it is no reason to
// send the password a second time.
func TestDeadAtOnce(t *testing.T) {
	s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor)))).on(smsCall, refusal(401, "E0000011"))
	if err := s.signIn(s.client()); !errors.Is(err, autherr.ErrUnreachable) || s.count(authn) != 1 {
		t.Errorf("error %v after %d passwords", err, s.count(authn))
	}
}
